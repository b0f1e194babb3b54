"""Depthwise convolutions of 3x3, 5x5 and 7x7 taps: weights as pairs of int16, in the order in which they are read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from mcupatch.ir import ops
from mcupatch.ir.quant import Rounding
from mcupatch.kernel_params import PackedDepthwiseParams
from mcupatch.packing.constant_channels import settle_constant_channels
from mcupatch.packing.depthwise_factors import depthwise_factors
from mcupatch.packing.fixed_factors import fold_zero_point, fold_zero_point_within
from mcupatch.packing.kernel_choice import KernelChoice
from mcupatch.packing.scaling import float_words, single_words

Words = NDArray[np.int32]
Ints = NDArray[np.int64]
_SIZES = (3, 5, 7)
_KERNELS = {
    Rounding.FIXED: {n: f"mcup_depthwise_{n}x{n}" for n in _SIZES},
    Rounding.SINGLE: {n: f"mcup_depthwise_{n}x{n}_single" for n in _SIZES},
    Rounding.FLOAT: {n: f"mcup_depthwise_{n}x{n}_float" for n in _SIZES},
}
_COLUMN_STRIDES = (1, 2)
_PAIRED_STRIDES = (1, 2)  # of rows, with which two rows share what they read
_BLOCK = 4  # channels that are made together
_MOST_WEIGHT, _MOST_SUM = (1 << 15) - 1, (1 << 31) - 1


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
    scaled = _scale_channels(op)
    if scaled is None:
        return None
    params = PackedDepthwiseParams(
        rows_at_once=1,
        corrects_halves=int(scaled.corrects_halves),
        channels=channels,
        stride_rows=op.stride[0],
        stride_cols=op.stride[1],
        input_zero_point=op.input_zero_point,
        output_zero_point=op.output_zero_point,
        low=op.clamp.low,
        high=op.clamp.high,
    )
    function = _KERNELS[op.requant.rounding][rows]
    orders = {"blocks": list(range(rows))}
    if two_rows and rows == 3 and op.stride[0] in _PAIRED_STRIDES:
        orders["lower_blocks"] = [1, 2, 0]
        params.rows_at_once = 2
    return KernelChoice(
        function,
        f"{_KERNELS[Rounding.FIXED][rows]}_scratch_bytes",
        params,
        partial(_pack, orders, scaled, op.stride[1]),
    )


@dataclass(frozen=True, eq=False)
class _ScaledChannels:
    """``weights [K, K, C]`` within int16, ``biases [C]`` within int32, and the two words of each channel ``[C, 2]``."""

    weights: Ints
    biases: Ints
    words: Words
    corrects_halves: bool


def _scale_channels(op: ops.DepthwiseConv2D) -> _ScaledChannels | None:
    weights = op.weights.astype(np.int64) - op.weight_zero_point
    by_channel = weights.reshape(-1, op.bias.size).T
    if op.requant.rounding is not Rounding.FIXED:
        make_words = float_words if op.requant.rounding is Rounding.FLOAT else single_words
        biases = fold_zero_point(op.bias, by_channel, op.input_zero_point)
        return _ScaledChannels(weights, biases.astype(np.int64), make_words(op.requant, op.bias.size), False)
    folded = fold_zero_point_within(op.bias, by_channel, op.input_zero_point)
    if folded is None:
        return None
    largest = _largest_sums(weights, folded)
    factors = depthwise_factors(op.requant, largest, op.clamp.low < op.output_zero_point)
    if factors is None:
        return None
    weights = weights * factors.scale
    if np.abs(weights).max() > _MOST_WEIGHT or (largest * np.abs(factors.scale)).max() > _MOST_SUM:
        return None
    return _ScaledChannels(weights, folded * factors.scale, factors.words, factors.corrects_halves)


def _largest_sums(weights: Ints, folded: Ints) -> Ints:
    """``[C]``: the most that a sum differs from 0, whatever the inputs."""
    highest: Ints = folded + np.maximum(127 * weights, -128 * weights).sum(axis=(0, 1))
    lowest: Ints = folded + np.minimum(127 * weights, -128 * weights).sum(axis=(0, 1))
    return np.maximum(np.abs(highest), np.abs(lowest))


def _pack(
    orders: dict[str, list[int]], scaled: _ScaledChannels, stride: int
) -> dict[str, NDArray[np.generic]]:
    """``orders``: by name of an array, the order of its rows."""
    return {
        name: pack_blocks(scaled.weights[rows], scaled.biases, scaled.words, stride)
        for name, rows in orders.items()
    }


def pack_blocks(weights: Ints, biases: Ints, factors: Words, stride: int) -> Words:
    """``[blocks, 4, words]``, see ``mcup_packed_depthwise_params``.

    ``weights [K, K, C]`` within int16, ``biases [C]`` within int32, ``factors [C, 2]``, ``stride`` of the columns.
    """
    size, _, channels = weights.shape
    taps = weights.astype(np.int16)
    parts = [biases.astype(np.int32)]
    for upper in range(0, size - 1, 2):
        parts += [_pair(taps[upper, k], taps[upper + 1, k]) for k in order_columns(size, stride)]
    last, nothing = taps[size - 1], np.zeros(channels, np.int16)
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
