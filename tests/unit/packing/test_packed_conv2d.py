"""Packed weights: every tap once, in its place; what only the general kernel does exactly is left to it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mcupatch.ir import ops, reference
from mcupatch.ir.quant import Requant, Rounding, make_requant
from mcupatch.packing.constant_channels import settle_constant_channels
from mcupatch.packing.conv2d import choose_conv2d, order_taps
from tests.support.kernel_layers import random_conv2d
from tests.support.packed_layers import random_packed_conv2d


@pytest.mark.parametrize("row_taps", range(1, 14))
@pytest.mark.parametrize("kernel_rows", [1, 2, 3, 5])
def test_order_has_every_tap_once(kernel_rows: int, row_taps: int) -> None:
    order = order_taps(kernel_rows, row_taps)
    taps = kernel_rows * row_taps
    assert order.size == (taps + 1) // 2 * 2
    assert sorted(order) == ([-1] if taps % 2 else []) + list(range(taps))


@pytest.mark.parametrize("wide", [False, True])
def test_blocks_hold_what_was_packed(wide: bool) -> None:
    for i in range(40):
        op = random_packed_conv2d(np.random.default_rng([30, i])).op
        assert isinstance(op, ops.Conv2D)
        choice = choose_conv2d(op, wide)
        assert choice is not None
        outputs, rows, cols, depth = op.weights.shape
        blocks = choice.pack()["blocks"]
        order = order_taps(rows, cols * depth)
        weights = np.zeros((blocks.shape[0], 2, op.weights[0].size + 1), np.int64)
        behind = 0 if wide else choice.params.sum_pairs
        packed = blocks[:, 2 : blocks.shape[1] - 4 - behind].copy()
        zero_points = blocks[:-1, blocks.shape[1] - 4 - behind : -4].copy().view(np.int8)
        assert (zero_points == op.weight_zero_point).all()
        if wide:
            by_pair = packed.view("<i2").reshape(blocks.shape[0], -1, 2, 2)  # pair, channel, tap
            by_channel = by_pair.transpose(0, 2, 1, 3)
        else:
            by_pair = packed.view(np.int8).reshape(blocks.shape[0], -1, 2, 2)  # pair, tap, channel
            by_channel = by_pair.transpose(0, 3, 1, 2)
        weights[:, :, order] = by_channel.reshape(blocks.shape[0], 2, -1)
        unpacked = weights.reshape(-1, weights.shape[2])[:outputs, :-1].reshape(op.weights.shape)
        taken = op.weight_zero_point if wide else 0
        constant = (op.weights == op.weight_zero_point).all(axis=(1, 2, 3))
        constant |= np.resize(op.requant.multiplier, outputs) == 0
        assert np.array_equal(unpacked[~constant] + taken, op.weights[~constant])
        assert (unpacked[constant] + taken == op.weight_zero_point).all()


def test_every_layer_has_the_shortest_kernel_that_is_exact() -> None:
    op = random_packed_conv2d(np.random.default_rng(31)).op
    assert isinstance(op, ops.Conv2D)
    channels = op.bias.size
    full = np.full_like(op.weights, 127)
    scales = np.full(channels, 0.001)
    ordinary = make_requant(Rounding.FIXED, scales)
    op = replace(op, weights=full, bias=np.zeros_like(op.bias), requant=ordinary, input_zero_point=0)
    op = replace(op, weight_zero_point=0)

    def kernel(changed: ops.Conv2D, wide: bool = False) -> str | None:
        choice = choose_conv2d(changed, wide)
        return None if choice is None else choice.function

    half = replace(op, requant=make_requant(Rounding.FIXED, 300 * scales))  # shifted by 1
    left = replace(op, requant=make_requant(Rounding.FIXED, 5000 * scales))
    large = replace(op, bias=np.full_like(op.bias, 1 << 30))
    real = replace(op, requant=make_requant(Rounding.FLOAT, scales))
    assert kernel(op) == kernel(half) == kernel(replace(op, weight_zero_point=1)) == "mcup_packed_conv2d"
    assert kernel(left) == kernel(large) == "mcup_packed_conv2d_any"
    assert kernel(left, wide=True) is None
    assert (kernel(real), kernel(real, wide=True)) == (
        "mcup_packed_conv2d_float",
        "mcup_packed_conv2d_float_wide",
    )


def test_constant_channels_are_settled() -> None:
    """Channels without weights, as pruning leaves them, have biases and shifts out of all bounds."""
    for i in range(40):
        rng = np.random.default_rng([32, i])
        example = random_conv2d(rng)
        op = example.op
        assert isinstance(op, ops.Conv2D)
        channels = op.bias.size
        multiplier = rng.integers(1 << 30, 1 << 31, channels).astype(np.int32)
        shift = rng.integers(-12, -8, channels).astype(np.int32)
        dead = rng.random(channels) < 0.5
        dead[0] = True
        bias = np.where(dead, rng.integers(-(1 << 31), 1 << 31, channels), 100).astype(np.int32)
        shift = np.where(dead, rng.integers(-31, 2, channels), shift).astype(np.int32)
        weights = np.where(dead[:, None, None, None], 0, op.weights).astype(np.int8)
        requant = Requant(Rounding.FIXED, multiplier, shift)
        op = replace(op, weights=weights, bias=bias, requant=requant, weight_zero_point=0)
        settled = settle_constant_channels(op)
        expected = reference.apply(replace(example.graph, ops=(op,)), op, example.inputs)
        assert np.array_equal(
            reference.apply(replace(example.graph, ops=(settled,)), settled, example.inputs), expected
        )
        assert np.abs(settled.bias[dead]).max() <= 8 * 255 and (settled.requant.shift[dead] == -2).all()
