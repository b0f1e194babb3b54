"""Output channels that do not depend on the input, as pruning leaves them, in a form that every fast kernel takes."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

import numpy as np

from mcupatch.ir import ops
from mcupatch.ir.quant import Requant, Rounding
from mcupatch.ir.reference_requantize import requantize

Layer = TypeVar("Layer", ops.Conv2D, ops.DepthwiseConv2D, ops.Dense)
_MULTIPLIER, _SHIFT, _BIAS_UNIT = 1 << 30, -2, 8  # 8 * 2**30 / 2**31 / 2**2 = 1, exactly


def settle_constant_channels(op: Layer) -> Layer:
    """The same layer, where channels without weights or with a multiplier of 0 get a small bias and an ordinary scale.

    Their biases and shifts are often out of all bounds, and nobody sees it: only the value that comes out counts.
    """
    if op.requant.rounding is not Rounding.FIXED:
        return op
    channels = op.bias.size
    axis = -1 if isinstance(op, ops.DepthwiseConv2D) else 0
    by_channel = np.moveaxis(op.weights, axis, 0).reshape(channels, -1)
    multiplier = np.broadcast_to(op.requant.multiplier, channels)
    constant = (by_channel == op.weight_zero_point).all(axis=1) | (multiplier == 0)
    if not constant.any():
        return op
    values = requantize(op.bias, op.requant, op.output_zero_point, op.clamp).astype(np.int32)
    bias = np.where(constant, _BIAS_UNIT * (values - op.output_zero_point), op.bias).astype(np.int32)
    settled = Requant(
        Rounding.FIXED,
        np.where(constant, _MULTIPLIER, multiplier).astype(np.int32),
        np.where(constant, _SHIFT, op.requant.shift).astype(np.int32),
    )
    keep = np.expand_dims(~constant, tuple(range(1, op.weights.ndim))) if axis == 0 else ~constant
    weights = np.where(keep, op.weights, op.weight_zero_point).astype(np.int8)
    return replace(op, weights=weights, bias=bias, requant=settled)
