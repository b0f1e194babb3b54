"""Random layers with weights: convolutions and dense."""

from __future__ import annotations

import numpy as np

from mcupatch.ir import ops
from mcupatch.ir.quant import Rounding
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
    rounding,
    weight_zero_point,
    window_geometry,
    zero_point,
)


def random_conv2d(rng: Rng) -> Example:
    kernel, stride, dilation, padding, size = window_geometry(rng)
    if rng.random() < 0.4:  # pointwise is its own path
        kernel, dilation, padding = (1, 1), (1, 1), ops.Padding()
    groups = int(rng.choice([1, 1, 1, 2, 3]))
    depth, count = pick(rng, 1, 9), pick(rng, 1, 5)
    weights = int8_values(rng, (count * groups, *kernel, depth))
    outputs = count * groups
    spread = 80.0 * 80.0 * np.sqrt(weights[0].size)
    op = ops.Conv2D(
        name="op",
        inputs=("x",),
        output="y",
        weights=weights,
        bias=bias(rng, outputs),
        requant=requant(rng, rounding(rng), requant_channels(rng, outputs), spread),
        stride=stride,
        dilation=dilation,
        padding=padding,
        groups=groups,
        input_zero_point=zero_point(rng),
        weight_zero_point=weight_zero_point(rng),
        output_zero_point=zero_point(rng),
        clamp=clamp(rng),
    )
    shape = (1, *out_size(size, kernel, stride, dilation, padding), outputs)
    return make_example(op, (int8_values(rng, (1, *size, depth * groups)),), shape)


def random_depthwise(rng: Rng) -> Example:
    kernel, stride, dilation, padding, size = window_geometry(rng)
    multiplier = int(rng.choice([1, 1, 1, 2, 3]))
    channels = pick(rng, 1, 13)
    outputs = channels * multiplier
    op = ops.DepthwiseConv2D(
        name="op",
        inputs=("x",),
        output="y",
        weights=int8_values(rng, (*kernel, outputs)),
        bias=bias(rng, outputs),
        requant=requant(
            rng, rounding(rng), requant_channels(rng, outputs), 6400.0 * float(np.sqrt(kernel[0] * kernel[1]))
        ),
        stride=stride,
        dilation=dilation,
        padding=padding,
        multiplier=multiplier,
        input_zero_point=zero_point(rng),
        weight_zero_point=weight_zero_point(rng),
        output_zero_point=zero_point(rng),
        clamp=clamp(rng),
    )
    shape = (1, *out_size(size, kernel, stride, dilation, padding), outputs)
    return make_example(op, (int8_values(rng, (1, *size, channels)),), shape)


def random_dense(rng: Rng) -> Example:
    batch, inputs, outputs = pick(rng, 1, 3), pick(rng, 1, 40), pick(rng, 1, 9)
    kind = list(Rounding)[pick(rng, 0, 2)]
    op = ops.Dense(
        name="op",
        inputs=("x",),
        output="y",
        weights=int8_values(rng, (outputs, inputs)),
        bias=bias(rng, outputs),
        requant=requant(rng, kind, requant_channels(rng, outputs), 6400.0 * float(np.sqrt(inputs))),
        input_zero_point=zero_point(rng),
        weight_zero_point=weight_zero_point(rng),
        output_zero_point=zero_point(rng),
        clamp=clamp(rng),
    )
    return make_example(op, (int8_values(rng, (batch, inputs)),), (batch, outputs))
