"""Depthwise convolutions of 3x3, 5x5 and 7x7 taps: weights as pairs of int16, in the order in which they are read."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from mcupatch.ir import ops
from mcupatch.kernel_params import PackedDepthwiseParams
from mcupatch.packing.constant_channels import settle_constant_channels
from mcupatch.packing.fixed_factors import fixed_factors, fold_zero_point_within
from mcupatch.packing.kernel_choice import KernelChoice

Words = NDArray[np.int32]
_SIZES = (3, 5, 7)
_COLUMN_STRIDES = (1, 2)
_PAIRED_STRIDES = (1, 2)  # of rows, with which two rows share what they read
_BLOCK = 4  # channels that are made together


def choose_depthwise(op: ops.Operator, two_rows: bool = True) -> KernelChoice | None:
    """The kernel of the operator's size; None where only the general one is exact or made for it.

    ``two_rows``: where it can, it makes two rows at a time, from twice as many bytes of weights.
    """
    if not isinstance(op, ops.DepthwiseConv2D) or op.multiplier != 1:
        return None
    op = settle_constant_channels(op)
    rows, cols, channels = op.weights.shape
    if rows != cols or rows not in _SIZES or op.stride[1] not in _COLUMN_STRIDES:
        return None
    if op.dilation != (1, 1) or channels < _BLOCK:
        return None
    weights = op.weights.astype(np.int16) - np.int16(op.weight_zero_point)
    folded = fold_zero_point_within(op.bias, weights.reshape(-1, channels).T, op.input_zero_point)
    factors = fixed_factors(op.requant, channels)
    if folded is None or factors is None:
        return None
    params = PackedDepthwiseParams(
        rows_at_once=1,
        channels=channels,
        stride_rows=op.stride[0],
        stride_cols=op.stride[1],
        input_zero_point=op.input_zero_point,
        output_zero_point=op.output_zero_point,
        low=op.clamp.low,
        high=op.clamp.high,
    )
    function = f"mcup_depthwise_{rows}x{cols}"
    orders = {"blocks": list(range(rows))}
    if two_rows and rows == 3 and op.stride[0] in _PAIRED_STRIDES:
        orders["lower_blocks"] = [1, 2, 0]
        params.rows_at_once = 2
    return KernelChoice(
        function,
        f"{function}_scratch_bytes",
        params,
        partial(_pack, orders, weights, folded, factors, op.stride[1]),
    )


def _pack(
    orders: dict[str, list[int]],
    weights: NDArray[np.int16],
    folded: NDArray[np.int64],
    factors: Words,
    stride: int,
) -> dict[str, NDArray[np.generic]]:
    """``orders``: by name of an array, the order of its rows."""
    return {name: pack_blocks(weights[rows], folded, factors, stride) for name, rows in orders.items()}


def pack_blocks(weights: NDArray[np.int16], folded: NDArray[np.int64], factors: Words, stride: int) -> Words:
    """``[blocks, 4, words]``, see ``mcup_packed_depthwise_params``.

    ``weights`` int16 ``[K, K, C]``, their zero point subtracted, ``folded`` biases ``[C]``, ``factors`` ``[C, 2]``, ``stride`` of the columns.
    """
    size, _, channels = weights.shape
    twice = 2 * weights
    parts = [2 * folded.astype(np.int32)]
    for upper in range(0, size - 1, 2):
        parts += [_pair(twice[upper, k], twice[upper + 1, k]) for k in order_columns(size, stride)]
    last, nothing = twice[size - 1], np.zeros(channels, np.int16)
    for k in range(0, size, 2) if stride == 2 else range(size - 1):
        parts.append(_pair(last[k], last[k + 1] if k + 1 < size else nothing))
    words = np.stack([*parts, *factors.T.astype(np.int32)], axis=1)
    return np.ascontiguousarray(words[block_channels(channels)])


def order_columns(size: int, stride: int) -> list[int]:
    """Columns of the taps: with stride 2 the even ones first where they do not all fit in the registers."""
    if stride == 1 or size == 3:
        return list(range(size))
    return [*range(0, size, 2), *range(1, size, 2)]


def block_channels(channels: int) -> NDArray[np.int64]:
    """``[blocks, 4]``: the channels of each block. The last block ends with the last channel."""
    starts = np.minimum(np.arange(0, channels, _BLOCK), channels - _BLOCK)
    return starts[:, None] + np.arange(_BLOCK)


def _pair(low: NDArray[np.int16], high: NDArray[np.int16]) -> Words:
    """Two int16 in a word."""
    return np.stack([low, high], axis=-1).astype("<i2").view("<i4")[..., 0].astype(np.int32)
