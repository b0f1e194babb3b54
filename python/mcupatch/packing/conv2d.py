"""Convolutions on tiles of four pixels by two channels: weights in the order in which the tile kernels read them."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from mcupatch.ir import ops
from mcupatch.kernel_params import PackedConv2DParams
from mcupatch.packing.constant_channels import settle_constant_channels
from mcupatch.packing.fixed_factors import carried_factors, fold_zero_point
from mcupatch.packing.kernel_choice import KernelChoice

Words = NDArray[np.int32]


def choose_conv2d(op: ops.Operator, wide: bool = False) -> KernelChoice | None:
    """The tiled kernel, with int16 weights if ``wide``; None where only the general one is exact."""
    if not isinstance(op, ops.Conv2D) or op.groups != 1 or op.weight_zero_point != 0:
        return None
    op = settle_constant_channels(op)
    outputs, rows, cols, depth = op.weights.shape
    folded = fold_zero_point(op.bias, op.weights.reshape(outputs, -1), op.input_zero_point)
    factors = carried_factors(op.requant, outputs)
    if folded is None or factors is None:
        return None
    params = PackedConv2DParams(
        in_channels=depth,
        out_channels=outputs,
        kernel_rows=rows,
        kernel_cols=cols,
        stride_rows=op.stride[0],
        stride_cols=op.stride[1],
        dilation_rows=op.dilation[0],
        dilation_cols=op.dilation[1],
        input_zero_point=op.input_zero_point,
        output_zero_point=op.output_zero_point,
        low=op.clamp.low,
        high=op.clamp.high,
    )
    function = "mcup_packed_conv2d_wide" if wide else "mcup_packed_conv2d"
    return KernelChoice(
        function,
        "mcup_packed_conv2d_scratch_bytes",
        params,
        partial(_pack, op.weights, folded, factors, wide),
    )


def _pack(
    weights: NDArray[np.int8], folded: NDArray[np.int64], factors: Words, wide: bool
) -> dict[str, NDArray[np.generic]]:
    return {"blocks": pack_blocks(weights, folded, factors, wide)}


def pack_blocks(weights: NDArray[np.int8], folded: NDArray[np.int64], factors: Words, wide: bool) -> Words:
    """One block of words for each two output channels: their biases, their weights, their factors.

    ``weights`` int8 ``[O, KH, KW, I]``, ``folded`` ``[O]``, ``factors`` ``[O, 2]``. For each pair of taps (k0, k1) of
    ``order_taps`` int8 weights are the bytes c0k0, c1k0, c0k1, c1k1; int16 ones the halfwords c0k0, c0k1, c1k0, c1k1.
    An odd last channel has one of zeros beside it.
    """
    outputs, rows = weights.shape[:2]
    blocks = (outputs + 1) // 2
    order = order_taps(rows, int(np.prod(weights.shape[2:])))
    taps = np.zeros((blocks * 2, weights[0].size + 1), np.int8)
    taps[:outputs, :-1] = weights.reshape(outputs, -1)
    ordered = taps[:, order].reshape(blocks, 2, -1, 2)  # block, channel, pair, tap; tap -1 is 0
    if wide:
        words = ordered.transpose(0, 2, 1, 3).astype(np.int16)
    else:
        words = ordered.transpose(0, 2, 3, 1)
    bias = np.zeros((blocks, 2), np.int32)
    bias.reshape(-1)[:outputs] = folded
    scaling = np.zeros((blocks, 4), np.int32)
    scaling.reshape(-1, 2)[:outputs] = factors
    packed = np.ascontiguousarray(words).reshape(blocks, -1).view("<i4")
    return np.concatenate([bias, packed, scaling], axis=1)


def order_taps(kernel_rows: int, row_taps: int) -> NDArray[np.int64]:
    """Taps in the order of a column, two to a pair; -1 for the missing half of the last pair of an odd number.

    Bytes are widened by fours, into the pairs (0, 2) and (1, 3): first the whole fours of every kernel row, then what
    is left of each row, one after the other.
    """
    fours = row_taps // 4 * 4
    taps = np.arange(kernel_rows * row_taps).reshape(kernel_rows, row_taps)
    whole, rest = taps[:, :fours].reshape(-1, 4), taps[:, fours:].reshape(-1)
    return np.concatenate([whole[:, [0, 2, 1, 3]].reshape(-1), rest, np.full(rest.size % 2, -1)])
