"""Packed depthwise weights: every tap once for each kind of sum; what only the general kernel does is left to it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mcupatch.ir import ops
from mcupatch.ir.quant import Rounding, make_requant
from mcupatch.packing.depthwise import block_channels, choose_depthwise, order_columns, pack_blocks
from tests.support.packed_layers import random_packed_depthwise


def unpack(words: np.ndarray, size: int, stride: int) -> np.ndarray:
    """``[channels, rows, columns]`` of weights from ``[channels, words]``, by the text of kernels.h."""
    weights = np.zeros((words.shape[0], size, size), np.int64)
    halves = words.astype("<i4").view("<i2").reshape(words.shape[0], -1, 2)
    at = 1
    for upper in range(0, size - 1, 2):
        for k in order_columns(size, stride):
            weights[:, upper, k], weights[:, upper + 1, k] = halves[:, at, 0], halves[:, at, 1]
            at += 1
    if stride == 2:
        last = halves[:, at:-2].reshape(words.shape[0], -1)
        assert not last[:, size:].any()
        weights[:, -1] = last[:, :size]
    else:
        weights[:, -1, :-1], weights[:, -1, -1] = halves[:, at:-2, 0], halves[:, -3, 1]
        assert np.array_equal(halves[:, at:-3, 1], halves[:, at + 1 : -2, 0])
    return weights


@pytest.mark.parametrize("size", [3, 5, 7])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("channels", [4, 5, 8, 11])
def test_blocks_hold_what_was_packed(size: int, stride: int, channels: int) -> None:
    rng = np.random.default_rng(size)
    weights = rng.integers(-(1 << 15), 1 << 15, (size, size, channels))
    biases = rng.integers(-1000, 1000, channels)
    factors = rng.integers(1, 1 << 30, (channels, 2)).astype(np.int32)
    blocks = pack_blocks(weights, biases, factors, stride)
    order = block_channels(channels).reshape(-1)
    words = blocks.reshape(order.size, -1)
    assert np.array_equal(words[:, 0], biases[order])
    assert np.array_equal(words[:, -2:], factors[order])
    assert np.array_equal(unpack(words, size, stride), weights.transpose(2, 0, 1)[order])


@pytest.mark.parametrize("channels", range(4, 14))
def test_blocks_cover_all_channels_and_no_others(channels: int) -> None:
    blocks = block_channels(channels)
    assert len(blocks) == -(-channels // 4)
    assert set(blocks.reshape(-1)) == set(range(channels))


def depthwise() -> ops.DepthwiseConv2D:
    op = random_packed_depthwise(np.random.default_rng(2)).op
    assert isinstance(op, ops.DepthwiseConv2D)
    return op


def test_two_rows_only_for_three_taps() -> None:
    for i in range(60):
        op = random_packed_depthwise(np.random.default_rng([31, i])).op
        assert isinstance(op, ops.DepthwiseConv2D)
        choice = choose_depthwise(op)
        assert choice is not None
        two = op.kernel == (3, 3) and op.stride[0] < 3
        assert ("lower_blocks" in choice.pack()) == (choice.params.rows_at_once == 2) == two


def test_others_are_left_to_the_general_kernel() -> None:
    op = depthwise()
    channels = op.bias.size
    assert choose_depthwise(op) is not None
    assert choose_depthwise(replace(op, dilation=(2, 1))) is None
    assert choose_depthwise(replace(op, stride=(1, 3))) is None
    assert choose_depthwise(replace(op, bias=np.full(channels, (1 << 31) - 1, np.int32))) is None
    for scale in (0.01, 0.3, 0.6, 2.0):  # shifts by more than one, by one, by none, to the left
        assert choose_depthwise(replace(op, requant=make_requant(Rounding.FIXED, np.full(channels, scale))))
    many = make_requant(Rounding.FIXED, np.full(channels, 2.0**8))  # beyond int16
    assert choose_depthwise(replace(op, requant=many)) is None
    with_zero_point = replace(op, requant=many, weight_zero_point=1)
    assert choose_depthwise(with_zero_point) is None


def test_float_scales_have_kernels_of_their_own() -> None:
    op = depthwise()
    real = make_requant(Rounding.FLOAT, np.full(op.bias.size, 0.01))
    choice = choose_depthwise(replace(op, requant=real, weight_zero_point=1))
    assert choice is not None and choice.function.endswith("_float")
