"""Convolutions on tiles of four pixels by two channels: weights in the order in which the tile kernels read them."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from mcupatch.ir import ops
from mcupatch.kernel_params import PackedConv2DParams
from mcupatch.packing.constant_channels import settle_constant_channels
from mcupatch.packing.kernel_choice import KernelChoice
from mcupatch.packing.scaling import Scaling, Tail, find_scaling

Words = NDArray[np.int32]
Weights = NDArray[np.int8] | NDArray[np.int16]
KERNELS = {
    Tail.FIXED: "mcup_packed_conv2d",
    Tail.SINGLE: "mcup_packed_conv2d_single",
    Tail.FLOAT: "mcup_packed_conv2d_float",
    Tail.ANY: "mcup_packed_conv2d_any",
}
WIDE_KERNELS = {
    Tail.FIXED: "mcup_packed_conv2d_wide",
    Tail.SINGLE: "mcup_packed_conv2d_single_wide",
    Tail.FLOAT: "mcup_packed_conv2d_float_wide",
}
_SUM_PAIRS = (
    255  # pairs of taps whose sums are in int16: one of them goes with the zero point of int8 weights
)


def choose_conv2d(op: ops.Operator, wide: bool = False) -> KernelChoice | None:
    """The tiled kernel, with int16 weights if ``wide``; None where there is none."""
    if not isinstance(op, ops.Conv2D) or op.groups != 1:
        return None
    op = settle_constant_channels(op)
    outputs, rows, cols, depth = op.weights.shape
    centred = op.weights.astype(np.int16) - np.int16(op.weight_zero_point)
    scaling = find_scaling(op.requant, op.bias, centred.reshape(outputs, -1), op.input_zero_point)
    function = None if scaling is None else (WIDE_KERNELS if wide else KERNELS).get(scaling.tail)
    if scaling is None or function is None:
        return None
    pairs = (rows * cols * depth + 1) // 2
    sum_pairs = 0 if wide or op.weight_zero_point == 0 else -(-pairs // _SUM_PAIRS)
    params = PackedConv2DParams(
        in_channels=depth,
        out_channels=outputs,
        kernel_rows=rows,
        kernel_cols=cols,
        stride_rows=op.stride[0],
        stride_cols=op.stride[1],
        dilation_rows=op.dilation[0],
        dilation_cols=op.dilation[1],
        sum_pairs=sum_pairs,
        input_zero_point=op.input_zero_point,
        output_zero_point=op.output_zero_point,
        low=op.clamp.low,
        high=op.clamp.high,
    )
    behind = np.full((outputs, 2 * sum_pairs), op.weight_zero_point, np.int8)
    return KernelChoice(
        function,
        "mcup_packed_conv2d_scratch_bytes",
        params,
        partial(_pack, centred if wide else op.weights, behind, scaling),
    )


def _pack(weights: Weights, behind: NDArray[np.int8], scaling: Scaling) -> dict[str, NDArray[np.generic]]:
    return {"blocks": pack_blocks(weights, behind, scaling)}


def pack_blocks(weights: Weights, behind: NDArray[np.int8], scaling: Scaling) -> Words:
    """One block of words for each two output channels: their biases, their weights, their factors.

    ``weights`` ``[O, KH, KW, I]``, ``behind`` more of them ``[O, taps]``. For each pair of taps (k0, k1) of ``order_taps``
    int8 weights are the bytes c0k0, c1k0, c0k1, c1k1; int16 ones the halfwords c0k0, c0k1, c1k0, c1k1.
    An odd last channel has one of zeros beside it.
    """
    outputs, rows = weights.shape[:2]
    blocks = (outputs + 1) // 2
    order = order_taps(rows, int(np.prod(weights.shape[2:])))
    taps = np.zeros((blocks * 2, weights[0].size + 1), weights.dtype)
    taps[:outputs, :-1] = weights.reshape(outputs, -1)
    last = np.zeros((blocks * 2, behind.shape[1]), weights.dtype)
    last[:outputs] = behind
    ordered = np.concatenate([taps[:, order], last], axis=1)  # tap -1 is 0
    pairs = ordered.reshape(blocks, 2, -1, 2)  # block, channel, pair, tap
    words = pairs.transpose(0, 2, 1, 3) if weights.dtype == np.int16 else pairs.transpose(0, 2, 3, 1)
    bias = np.zeros((blocks, 2), np.int32)
    bias.reshape(-1)[:outputs] = scaling.bias
    factors = np.zeros((blocks, 4), np.int32)
    factors.reshape(-1, 2)[:outputs] = scaling.factors
    packed = np.ascontiguousarray(words).reshape(blocks, -1).view("<i4")
    return np.concatenate([bias, packed, factors], axis=1)


def order_taps(kernel_rows: int, row_taps: int) -> NDArray[np.int64]:
    """Taps in the order of a column, two to a pair; -1 for the missing half of the last pair of an odd number.

    Bytes are widened by fours, into the pairs (0, 2) and (1, 3): first the whole fours of every kernel row, then what
    is left of each row, one after the other.
    """
    fours = row_taps // 4 * 4
    taps = np.arange(kernel_rows * row_taps).reshape(kernel_rows, row_taps)
    whole, rest = taps[:, :fours].reshape(-1, 4), taps[:, fours:].reshape(-1)
    return np.concatenate([whole[:, [0, 2, 1, 3]].reshape(-1), rest, np.full(rest.size % 2, -1)])
