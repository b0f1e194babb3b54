"""Random layers for the kernels with packed weights, near the ends of what they take."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mcupatch.ir import ops
from mcupatch.ir.quant import Requant, Rounding
from mcupatch.packing.conv2d import choose_conv2d
from mcupatch.packing.dense import choose_dense
from mcupatch.packing.depthwise import choose_depthwise
from mcupatch.packing.scaling import Tail
from tests.support.kernel_examples import (
    Example,
    Rng,
    bias,
    clamp,
    int8_values,
    make_example,
    out_size,
    pick,
    requant,
    requant_channels,
    weight_zero_point,
    window_geometry,
    zero_point,
)


def fixed_requant(rng: Rng, sums: NDArray[np.int64], least_shift: int = 2, zeros: bool = True) -> Requant:
    """``sums``: about the largest of each channel. Shifts up to 31, most of them such that the outputs spread."""
    channels = sums.size if rng.random() < 0.7 else 1
    useful = np.log2(np.maximum(np.resize(sums, channels), 1.0)) - 7
    shift = np.where(
        rng.random(channels) < 0.8,
        useful + rng.uniform(-3, 1, channels),
        rng.uniform(least_shift, 32, channels),
    )
    multiplier = rng.integers(1 << 30, 1 << 31, channels, dtype=np.int64)
    multiplier = np.where(rng.random(channels) < 0.1, (1 << 31) - 1, multiplier)
    multiplier = np.where(zeros & (rng.random(channels) < 0.05), 0, multiplier)
    right = np.clip(np.floor(shift), least_shift, 31).astype(np.int32)
    return Requant(
        Rounding.FIXED, multiplier.astype(np.int32), np.where(multiplier == 0, 0, -right).astype(np.int32)
    )


def largest_bias(rng: Rng, weights: NDArray[np.int16], input_zero_point: int) -> NDArray[np.int32]:
    """Biases of centred ``weights [O, taps]``: small ones, or now and then such that twice a sum just stays in int32."""
    sums, magnitudes = weights.astype(np.int64).sum(axis=1), np.abs(weights.astype(np.int64)).sum(axis=1)
    if rng.random() < 0.8:
        return rng.integers(-4096, 4096, sums.size).astype(np.int32)
    ends = rng.choice([-1, 1], sums.size) * ((1 << 30) - 1 - 128 * magnitudes)
    return (ends + input_zero_point * sums).astype(np.int32)


def random_packed_conv2d(rng: Rng, wide: bool = False, tail: Tail = Tail.FIXED) -> Example:
    kernel, stride, dilation, padding, size = window_geometry(rng)
    if rng.random() < 0.4:
        kernel, dilation, padding = (1, 1), (1, 1), ops.Padding()
    depth, outputs = pick(rng, 1, int(rng.choice([3, 9, 40]))), pick(rng, 1, 7)
    if kernel == (1, 1) and rng.random() < 0.1:
        depth = pick(rng, 505, 520)  # the sums of the inputs take one pair, or two
    weights, input_zero_point = int8_values(rng, (outputs, *kernel, depth)), zero_point(rng)
    weights_zero = weight_zero_point(rng)
    flat = weights.reshape(outputs, -1).astype(np.int16) - np.int16(weights_zero)
    biases = largest_bias(rng, flat, input_zero_point)
    largest = np.abs(biases.astype(np.int64)) + 128 * np.abs(flat.astype(np.int64)).sum(axis=1)
    scaling = fixed_requant(rng, largest, least_shift=1, zeros=tail is not Tail.SINGLE)
    if tail is Tail.SINGLE:
        scaling, biases = replace(scaling, rounding=Rounding.SINGLE), bias(rng, outputs)
    elif tail is not Tail.FIXED:
        kind = Rounding.FLOAT if tail is Tail.FLOAT else Rounding.FIXED
        scaling = requant(rng, kind, requant_channels(rng, outputs), 6400.0 * float(np.sqrt(weights[0].size)))
        biases = bias(rng, outputs)
    if tail is Tail.ANY and rng.random() < 0.5:
        scaling = shift_left(rng, scaling)
    op = ops.Conv2D(
        name="op",
        inputs=("x",),
        output="y",
        weights=weights,
        bias=biases,
        requant=scaling,
        stride=stride,
        dilation=dilation,
        padding=padding,
        groups=1,
        input_zero_point=input_zero_point,
        weight_zero_point=weights_zero,
        output_zero_point=zero_point(rng),
        clamp=clamp(rng),
    )
    shape = (1, *out_size(size, kernel, stride, dilation, padding), outputs)
    example = make_example(op, (int8_values(rng, (1, *size, depth)),), shape)
    choice = choose_conv2d(op, wide)
    assert choice is not None
    return replace(example, choice=choice)


def shift_left(rng: Rng, scaling: Requant) -> Requant:
    """Most shifts are to the left or by nothing."""
    shift = np.where(scaling.multiplier == 0, 0, rng.integers(-1, 9, scaling.channels)).astype(np.int32)
    return replace(scaling, shift=shift)


def random_wide_conv2d(rng: Rng) -> Example:
    return random_packed_conv2d(rng, wide=True)


def random_float_conv2d(rng: Rng) -> Example:
    return random_packed_conv2d(rng, tail=Tail.FLOAT)


def random_float_wide_conv2d(rng: Rng) -> Example:
    return random_packed_conv2d(rng, wide=True, tail=Tail.FLOAT)


def random_single_conv2d(rng: Rng) -> Example:
    return random_packed_conv2d(rng, wide=bool(rng.random() < 0.5), tail=Tail.SINGLE)


def random_any_conv2d(rng: Rng) -> Example:
    """Now and then one that needs no more than the short requantisation."""
    return random_packed_conv2d(rng, tail=Tail.ANY)


def random_packed_depthwise(rng: Rng, narrow: bool = False, rounding: Rounding = Rounding.FIXED) -> Example:
    """Rows at a time: two where they can be, or one. ``narrow``: outputs of one to three columns."""
    size, stride, stride_rows = int(rng.choice([3, 3, 5, 7])), pick(rng, 1, 2), pick(rng, 1, 3)
    _, _, _, padding, room = window_geometry(rng)
    least = (size - padding.top - padding.bottom, size - padding.left - padding.right)
    shape_in = (max(room[0], least[0]), max(room[1] + pick(rng, 0, 9), least[1]))
    if narrow:
        shape_in = (shape_in[0], max(least[1], 1) + pick(rng, 0, 2))
    channels = pick(rng, 4, 13)
    weights, input_zero_point = int8_values(rng, (size, size, channels)), zero_point(rng)
    weights_zero = weight_zero_point(rng)
    flat = (weights.astype(np.int16) - np.int16(weights_zero)).reshape(-1, channels).T
    biases = largest_bias(rng, flat, input_zero_point)
    largest = np.abs(biases.astype(np.int64)) + 128 * np.abs(flat.astype(np.int64)).sum(axis=1)
    least_shift = 1
    if rng.random() < 0.3:  # so little that channels need not be scaled down
        weights, weights_zero = (weights // 8).astype(np.int8), weights_zero // 8
        biases = (biases // 64).astype(np.int32)
        largest, least_shift = rng.integers(8, 1 << 9, channels), -2
    if rounding is Rounding.SINGLE:
        scaling = fixed_requant(rng, largest, max(least_shift, 1), zeros=False)
        scaling, biases = replace(scaling, rounding=rounding), bias(rng, channels)
    elif rounding is Rounding.FIXED:
        scaling = fixed_requant(rng, largest, least_shift)
    else:
        scaling = requant(rng, Rounding.FLOAT, requant_channels(rng, channels), 6400.0 * size)
        biases = bias(rng, channels)
    op = ops.DepthwiseConv2D(
        name="op",
        inputs=("x",),
        output="y",
        weights=weights,
        bias=biases,
        requant=scaling,
        stride=(stride_rows, stride),
        dilation=(1, 1),
        padding=padding,
        multiplier=1,
        input_zero_point=input_zero_point,
        weight_zero_point=weights_zero,
        output_zero_point=zero_point(rng),
        clamp=clamp(rng),
    )
    shape = (1, *out_size(shape_in, (size, size), (stride_rows, stride), (1, 1), padding), channels)
    example = make_example(op, (int8_values(rng, (1, *shape_in, channels)),), shape)
    choice = choose_depthwise(op, two_rows=bool(rng.random() < 0.6))
    assert choice is not None
    return replace(example, choice=choice)


def random_narrow_depthwise(rng: Rng) -> Example:
    return random_packed_depthwise(rng, narrow=True)


def random_packed_dense(rng: Rng) -> Example:
    """Now and then so many inputs that sums are taken in parts, and weights at the ends of what goes into 16 bits."""
    batch, outputs = pick(rng, 1, 3), pick(rng, 1, 9)
    inputs = pick(rng, 500, 530) if rng.random() < 0.2 else pick(rng, 1, 40)
    weights = np.maximum(int8_values(rng, (outputs, inputs)), -127)
    weights[::2] = np.where(rng.random() < 0.2, -128, weights[::2])  # the lower bytes have the whole range
    kind = list(Rounding)[pick(rng, 0, 2)]
    op = ops.Dense(
        name="op",
        inputs=("x",),
        output="y",
        weights=weights,
        bias=bias(rng, outputs),
        requant=requant(rng, kind, requant_channels(rng, outputs), 6400.0 * float(np.sqrt(inputs))),
        input_zero_point=zero_point(rng),
        weight_zero_point=weight_zero_point(rng),
        output_zero_point=zero_point(rng),
        clamp=clamp(rng),
    )
    example = make_example(op, (int8_values(rng, (batch, inputs)),), (batch, outputs))
    choice = choose_dense(op)
    assert choice is not None
    return replace(example, choice=choice)


def random_float_depthwise(rng: Rng) -> Example:
    return random_packed_depthwise(rng, narrow=bool(rng.random() < 0.3), rounding=Rounding.FLOAT)


def random_single_depthwise(rng: Rng) -> Example:
    return random_packed_depthwise(rng, narrow=bool(rng.random() < 0.3), rounding=Rounding.SINGLE)


PACKED_EXAMPLES: dict[str, Callable[[Rng], Example]] = {
    "conv2d": random_packed_conv2d,
    "wide_conv2d": random_wide_conv2d,
    "float_conv2d": random_float_conv2d,
    "float_wide_conv2d": random_float_wide_conv2d,
    "any_conv2d": random_any_conv2d,
    "dense": random_packed_dense,
    "depthwise": random_packed_depthwise,
    "narrow_depthwise": random_narrow_depthwise,
    "float_depthwise": random_float_depthwise,
    "single_conv2d": random_single_conv2d,
    "single_depthwise": random_single_depthwise,
}
