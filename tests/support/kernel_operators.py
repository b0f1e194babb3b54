"""Random operators with random inputs: what the kernels are compared with the oracle on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcupatch.ir import ops
from mcupatch.ir.graph import Graph
from mcupatch.ir.quant import Requant, Rounding, make_requant
from mcupatch.ir.tensor import Tensor

Array = NDArray[Any]
Rng = np.random.Generator
Pair = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Example:
    """A graph of one operator and its inputs."""

    graph: Graph
    inputs: tuple[Array, ...]

    @property
    def op(self) -> ops.Operator:
        return self.graph.ops[0]


def make_example(op: ops.Operator, inputs: tuple[Array, ...], out_shape: tuple[int, ...]) -> Example:
    dtype = "float32" if isinstance(op, ops.Dequantize) else "int8"
    tensors = {n: Tensor(n, x.shape, str(x.dtype)) for n, x in zip(op.inputs, inputs)}
    tensors[op.output] = Tensor(op.output, out_shape, dtype)
    return Example(Graph("one", op.inputs, (op.output,), (op,), tensors), inputs)


def pick(rng: Rng, low: int, high: int) -> int:
    """A whole number in [low, high]."""
    return int(rng.integers(low, high + 1))


def pick_pair(rng: Rng, low: int, high: int) -> Pair:
    return pick(rng, low, high), pick(rng, low, high)


def int8_values(rng: Rng, shape: tuple[int, ...]) -> NDArray[np.int8]:
    """Mostly random; now and then every value is the smallest or the largest one."""
    if rng.random() < 0.2:
        return np.full(shape, rng.choice([-128, 127]), np.int8)
    return rng.integers(-128, 128, shape).astype(np.int8)


def zero_point(rng: Rng) -> int:
    return int(rng.choice([-128, 127, 0, pick(rng, -128, 127)]))


def weight_zero_point(rng: Rng) -> int:
    return int(rng.choice([0, 0, zero_point(rng)]))


def clamp(rng: Rng) -> ops.Clamp:
    low, high = sorted(pick_pair(rng, -128, 127))
    return ops.Clamp() if rng.random() < 0.6 else ops.Clamp(low, high)


def rounding(rng: Rng) -> Rounding:
    return Rounding.FIXED if rng.random() < 0.5 else Rounding.FLOAT


def requant(rng: Rng, kind: Rounding, channels: int, spread: float) -> Requant:
    """Entries that bring accumulators of about ``spread`` into int8; a few are zero, tiny or saturating."""
    scales = 60.0 / spread * np.exp2(rng.uniform(-2, 2, channels))
    odd = rng.random(channels)
    scales = np.where(odd < 0.03, 0.0, np.where(odd < 0.06, 2.0**-34, np.where(odd < 0.09, 3.0e5, scales)))
    return make_requant(kind, scales)


def requant_channels(rng: Rng, channels: int) -> int:
    return channels if rng.random() < 0.6 else 1


def bias(rng: Rng, channels: int) -> NDArray[np.int32]:
    spread = int(rng.choice([1 << 12, 1 << 12, (1 << 31) - 1]))  # the last makes sums wrap
    return rng.integers(-spread, spread, channels).astype(np.int32)


def window_geometry(rng: Rng) -> tuple[Pair, Pair, Pair, ops.Padding, Pair]:
    """Kernel, stride, dilation, padding and an input size that gives at least one output position."""
    kernel, stride = pick_pair(rng, 1, 5), pick_pair(rng, 1, 3)
    dilation = pick_pair(rng, 1, 3) if rng.random() < 0.3 else (1, 1)
    most = int(rng.choice([0, 2, 7]))
    padding = ops.Padding(*(pick(rng, 0, most) for _ in range(4)))
    extent = [(k - 1) * d + 1 for k, d in zip(kernel, dilation)]
    needed = (extent[0] - padding.top - padding.bottom, extent[1] - padding.left - padding.right)
    size = (max(1, needed[0]) + pick(rng, 0, 7), max(1, needed[1]) + pick(rng, 0, 9))
    return kernel, stride, dilation, padding, size


def out_size(size: Pair, kernel: Pair, stride: Pair, dilation: Pair, padding: ops.Padding) -> Pair:
    pads = (padding.top + padding.bottom, padding.left + padding.right)
    sides = [
        (n + p - (k - 1) * d - 1) // s + 1 for n, p, k, d, s in zip(size, pads, kernel, dilation, stride)
    ]
    return sides[0], sides[1]


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
