"""Dense layers: the weights of two outputs in one halfword, two halfwords to a word."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from mcupatch.ir import ops
from mcupatch.ir.quant import Requant, Rounding
from mcupatch.kernel_params import PackedDenseParams
from mcupatch.packing.fixed_factors import fold_zero_point
from mcupatch.packing.kernel_choice import KernelChoice

_TAP_ORDER = (0, 2, 1, 3)  # in which SXTB16 takes bytes out of a word


def choose_dense(op: ops.Operator) -> KernelChoice | None:
    """The kernel with packed weights; None for weights of -128 beside another that is below 0."""
    if not isinstance(op, ops.Dense) or join_outputs(op.weights) is None:
        return None
    outputs, inputs = op.weights.shape
    params = PackedDenseParams(
        per_channel=int(op.requant.channels > 1),
        inputs=inputs,
        outputs=outputs,
        weight_zero_point=op.weight_zero_point,
        output_zero_point=op.output_zero_point,
        low=op.clamp.low,
        high=op.clamp.high,
    )
    return KernelChoice("mcup_packed_dense", "mcup_packed_dense_scratch_bytes", params, partial(_pack, op))


def _pack(op: ops.Dense) -> dict[str, NDArray[np.generic]]:
    folded = fold_zero_point(op.bias, op.weights.astype(np.int64) - op.weight_zero_point, op.input_zero_point)
    return {"blocks": pack_blocks(op.weights, folded), **_requant_arrays(op.requant)}


def _requant_arrays(requant: Requant) -> dict[str, NDArray[np.generic]]:
    if requant.rounding is Rounding.FIXED:
        return {"multiplier": requant.multiplier, "shift": requant.shift}
    return {"scale" if requant.rounding is Rounding.FLOAT else "scale_double": requant.multiplier}


def join_outputs(weights: NDArray[np.int8]) -> NDArray[np.int16] | None:
    """``256 * w1 + w0`` of each two rows of ``weights [O, I]``, int16 ``[ceil(O / 2), I]``; None where one leaves int16."""
    wide = weights.astype(np.int32)
    padded = np.concatenate([wide, np.zeros((len(wide) % 2, wide.shape[1]), np.int32)])
    joined = 256 * padded[1::2] + padded[::2]
    return joined.astype(np.int16) if joined.min(initial=0) >= -(1 << 15) else None


def pack_blocks(weights: NDArray[np.int8], folded: NDArray[np.int32]) -> NDArray[np.int32]:
    """Words: for each four outputs their biases and their weights, by fours of inputs; then for one or two left over.

    ``weights`` int8 ``[O, I]``, ``folded`` biases ``[O]``. See ``mcup_packed_dense_params``.
    """
    joined = join_outputs(weights)
    assert joined is not None
    pairs = len(joined)
    biases = np.zeros((pairs + pairs % 2, 2), np.int32)
    biases.reshape(-1)[: len(folded)] = folded
    padded = np.pad(joined, ((0, 0), (0, -joined.shape[1] % 4))).reshape(pairs, -1, 4)[:, :, _TAP_ORDER]
    words = np.ascontiguousarray(padded).view("<i4")  # pair, four of inputs, half of it
    parts = []
    for first in range(0, pairs, 2):
        block = slice(first, min(first + 2, pairs))
        parts += [biases[block].reshape(-1), words[block].transpose(1, 0, 2).reshape(-1)]
    return np.concatenate(parts)
