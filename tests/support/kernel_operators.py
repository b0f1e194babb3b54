"""Random operators with random inputs: what the kernels are compared with the oracle on."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mcupatch.ir import ops
from mcupatch.ir.quant import Rounding, make_requant
from tests.support.kernel_examples import (
    Example,
    Rng,
    clamp,
    int8_values,
    make_example,
    out_size,
    pick,
    pick_pair,
    requant,
    rounding,
    window_geometry,
    zero_point,
)
from tests.support.kernel_layers import random_conv2d, random_dense, random_depthwise


def operand_shapes(rng: Rng) -> list[tuple[int, int, int, int]]:
    """Shapes of two operands and of their broadcast output; one side is always whole."""
    out = (1, pick(rng, 1, 5), pick(rng, 1, 6), pick(rng, 1, 7))
    small = tuple(1 if rng.random() < 0.5 else n for n in out)
    pair = [out, out if rng.random() < 0.4 else (1, small[1], small[2], small[3])]
    if rng.random() < 0.5:
        pair.reverse()
    return [*pair, out]


def random_add(rng: Rng) -> Example:
    shape_a, shape_b, out = operand_shapes(rng)
    kind = rounding(rng)
    if kind is Rounding.FIXED:
        scales = rng.uniform(0.01, 1.0, 3)
        largest = 2 * max(scales[:2])
        input_requant = make_requant(kind, scales[:2] / largest)
        output_requant = make_requant(kind, np.array([largest / (2.0**20 * scales[2])]))
    else:
        input_requant = make_requant(kind, rng.uniform(0.01, 4.0, 2))
        output_requant = make_requant(kind, np.ones(1))
    op = ops.Add(
        name="op",
        inputs=("a", "b"),
        output="y",
        input_requant=input_requant,
        output_requant=output_requant,
        left_shift=20,
        input_zero_points=(zero_point(rng), zero_point(rng)),
        output_zero_point=zero_point(rng),
        clamp=clamp(rng),
        offset=float(np.float32(rng.choice([0.0, rng.normal() * 30]))) if kind is Rounding.FLOAT else 0.0,
    )
    return make_example(op, (int8_values(rng, shape_a), int8_values(rng, shape_b)), out)


def random_mul(rng: Rng) -> Example:
    shape_a, shape_b, out = operand_shapes(rng)
    kind = rounding(rng)
    op = ops.Mul(
        name="op",
        inputs=("a", "b"),
        output="y",
        requant=requant(rng, kind, 1, 6400.0),
        input_zero_points=(zero_point(rng), zero_point(rng)),
        output_zero_point=zero_point(rng),
        clamp=clamp(rng),
        offset=float(np.float32(rng.normal())) if kind is Rounding.FLOAT and rng.random() < 0.5 else 0.0,
    )
    return make_example(op, (int8_values(rng, shape_a), int8_values(rng, shape_b)), out)


def random_avg_pool(rng: Rng) -> Example:
    kernel, stride = pick_pair(rng, 1, 5), pick_pair(rng, 1, 3)
    pads = [pick(rng, 0, k - 1) for k in (*kernel, *kernel)]  # no window lies outside altogether
    padding = ops.Padding(pads[0], pads[1], pads[2], pads[3])
    size = (kernel[0] + pick(rng, 0, 6), kernel[1] + pick(rng, 0, 6))
    real = rng.random() < 0.4
    op = ops.AvgPool2D(
        name="op",
        inputs=("x",),
        output="y",
        kernel=kernel,
        stride=stride,
        padding=padding,
        rounding_up=bool(rng.random() < 0.5),
        count_include_pad=bool(rng.random() < 0.5),
        requant=make_requant(Rounding.FLOAT, rng.uniform(0.01, 0.1, 2)) if real else None,
        input_zero_point=zero_point(rng),
        output_zero_point=zero_point(rng),
        clamp=clamp(rng),
        offset=float(np.float32(rng.normal())) if real and rng.random() < 0.5 else 0.0,
    )
    channels = pick(rng, 1, 7)
    shape = (1, *out_size(size, kernel, stride, (1, 1), padding), channels)
    return make_example(op, (int8_values(rng, (1, *size, channels)),), shape)


def random_max_pool(rng: Rng) -> Example:
    kernel, stride, dilation, padding, size = window_geometry(rng)
    op = ops.MaxPool2D(
        name="op",
        inputs=("x",),
        output="y",
        kernel=kernel,
        stride=stride,
        dilation=dilation,
        padding=padding,
        clamp=clamp(rng),
    )
    channels = pick(rng, 1, 7)
    shape = (1, *out_size(size, kernel, stride, dilation, padding), channels)
    return make_example(op, (int8_values(rng, (1, *size, channels)),), shape)


def random_mean(rng: Rng) -> Example:
    shape = (1, pick(rng, 1, 7), pick(rng, 1, 7), pick(rng, 1, 9))
    axes = [(1, 2), (1,), (2,), (3,), (1, 2, 3)][pick(rng, 0, 4)]
    count = int(np.prod([shape[a] for a in axes]))
    op = ops.Mean(
        name="op",
        inputs=("x",),
        output="y",
        axes=axes,
        requant=make_requant(rounding(rng), np.array([rng.uniform(0.3, 3.0) / count])),
        input_zero_point=zero_point(rng),
        output_zero_point=zero_point(rng),
        clamp=clamp(rng),
    )
    out = tuple(n for i, n in enumerate(shape) if i not in axes)
    return make_example(op, (int8_values(rng, shape),), out)


def random_pad(rng: Rng) -> Example:
    padding = ops.Padding(*(pick(rng, 0, 3) for _ in range(4)))
    size, channels = pick_pair(rng, 1, 6), pick(rng, 1, 5)
    shape = (1, *out_size(size, (1, 1), (1, 1), (1, 1), padding), channels)
    op = ops.Pad(name="op", inputs=("x",), output="y", padding=padding, value=zero_point(rng))
    return make_example(op, (int8_values(rng, (1, *size, channels)),), shape)


def random_concat(rng: Rng) -> Example:
    axis = int(rng.choice([3, 3, 1, 2]))
    count = pick(rng, 1, 3)
    shapes = [[1, *pick_pair(rng, 1, 4), pick(rng, 1, 5)]] * count
    shapes = [[pick(rng, 1, 4) if i == axis else n for i, n in enumerate(s)] for s in shapes]
    out = [sum(s[axis] for s in shapes) if i == axis else n for i, n in enumerate(shapes[0])]
    tables = int8_values(rng, (count if rng.random() < 0.5 else 0, 256))
    names = tuple(f"x{i}" for i in range(count))
    op = ops.Concat(name="op", inputs=names, output="y", axis=axis, tables=tables)
    return make_example(op, tuple(int8_values(rng, tuple(s)) for s in shapes), tuple(out))


def random_resize_nearest(rng: Rng) -> Example:
    size, target, channels = pick_pair(rng, 1, 5), pick_pair(rng, 1, 8), pick(rng, 1, 5)
    indices = [rng.integers(0, n, m).astype(np.int32) for n, m in zip(size, target)]
    op = ops.ResizeNearest(name="op", inputs=("x",), output="y", row_index=indices[0], col_index=indices[1])
    return make_example(op, (int8_values(rng, (1, *size, channels)),), (1, *target, channels))


def random_resize_bilinear(rng: Rng) -> Example:
    size, target, channels = pick_pair(rng, 1, 5), pick_pair(rng, 1, 8), pick(rng, 1, 5)
    fixed = rng.random() < 0.5
    indices, weights = [], []
    for n, m in zip(size, target):
        indices.append(rng.integers(0, n, (m, 2)).astype(np.int32))
        share = rng.integers(0, 1025, m).astype(np.int32)
        both = np.stack([1024 - share, share], axis=1)
        weights.append(both if fixed else (both / np.float32(1024)).astype(np.float32))
    op = ops.ResizeBilinear(
        name="op",
        inputs=("x",),
        output="y",
        row_index=indices[0],
        row_weight=weights[0],
        col_index=indices[1],
        col_weight=weights[1],
        scales=(1.0, 1.0) if fixed else (float(rng.uniform(0.01, 0.1)), float(rng.uniform(0.01, 0.1))),
        zero_points=(0, 0) if fixed else (zero_point(rng), zero_point(rng)),
    )
    return make_example(op, (int8_values(rng, (1, *size, channels)),), (1, *target, channels))


def random_lut(rng: Rng) -> Example:
    shape = (1, *pick_pair(rng, 1, 6), pick(rng, 1, 9))
    op = ops.Lut(name="op", inputs=("x",), output="y", table=int8_values(rng, (256,)))
    return make_example(op, (int8_values(rng, shape),), shape)


def random_softmax(rng: Rng) -> Example:
    rows, channels = pick(rng, 1, 30), pick(rng, 1, 30)
    real = np.exp(-np.arange(255, -1, -1) * rng.uniform(0.001, 0.5))
    kind = rounding(rng)
    fixed = np.minimum(np.rint(real * 2.0**31), 2.0**31 - 1)
    op = ops.Softmax(
        name="op",
        inputs=("x",),
        output="y",
        table=fixed.astype(np.int32) if kind is Rounding.FIXED else real.astype(np.float32),
        output_scale=256.0,
        output_zero_point=-128 if kind is Rounding.FIXED else zero_point(rng),
        rounding=kind,
    )
    return make_example(op, (int8_values(rng, (rows, channels)),), (rows, channels))


def random_transpose(rng: Rng) -> Example:
    shape = tuple(pick(rng, 1, 4) for _ in range(pick(rng, 1, 6)))
    permutation = tuple(int(i) for i in rng.permutation(len(shape)))
    op = ops.Transpose(name="op", inputs=("x",), output="y", permutation=permutation)
    return make_example(op, (int8_values(rng, shape),), tuple(shape[i] for i in permutation))


def random_reshape(rng: Rng) -> Example:
    shape = (1, *pick_pair(rng, 1, 6), pick(rng, 1, 9))
    op = ops.Reshape(name="op", inputs=("x",), output="y")
    return make_example(op, (int8_values(rng, shape),), (1, shape[1] * shape[2] * shape[3]))


def random_quantize(rng: Rng) -> Example:
    shape = (1, *pick_pair(rng, 1, 6), pick(rng, 1, 9))
    scale = float(np.float32(rng.choice([0.5, 0.25, rng.uniform(0.001, 1.0)])))
    x = (rng.integers(-600, 600, shape) / 2 * scale).astype(np.float32)  # many ties
    x[rng.random(shape) < 0.1] = rng.choice([np.inf, -np.inf, 1e30, -1e30, 0.0, -0.0])
    op = ops.Quantize(
        name="op",
        inputs=("x",),
        output="y",
        scale=scale,
        zero_point=zero_point(rng),
        half_even=bool(rng.random() < 0.5),
    )
    return make_example(op, (x,), shape)


def random_dequantize(rng: Rng) -> Example:
    shape = (1, *pick_pair(rng, 1, 6), pick(rng, 1, 9))
    scale = float(np.float32(rng.uniform(0.001, 1.0)))
    op = ops.Dequantize(name="op", inputs=("x",), output="y", scale=scale, zero_point=zero_point(rng))
    return make_example(op, (int8_values(rng, shape),), shape)


RANDOM_EXAMPLES: dict[type[ops.Operator], Callable[[Rng], Example]] = {
    ops.Conv2D: random_conv2d,
    ops.DepthwiseConv2D: random_depthwise,
    ops.Dense: random_dense,
    ops.Add: random_add,
    ops.Mul: random_mul,
    ops.AvgPool2D: random_avg_pool,
    ops.MaxPool2D: random_max_pool,
    ops.Mean: random_mean,
    ops.Pad: random_pad,
    ops.Concat: random_concat,
    ops.ResizeNearest: random_resize_nearest,
    ops.ResizeBilinear: random_resize_bilinear,
    ops.Lut: random_lut,
    ops.Softmax: random_softmax,
    ops.Transpose: random_transpose,
    ops.Reshape: random_reshape,
    ops.Quantize: random_quantize,
    ops.Dequantize: random_dequantize,
}
