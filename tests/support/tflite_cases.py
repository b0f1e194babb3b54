"""Random .tflite models of one operator, each with inputs that reach the extremes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mcupatch.zoo import tflite_options as options
from mcupatch.zoo.tflite_options import OperatorOptions
from tests.support.tflite_case_writer import LOWEST, Array, Case, CaseWriter, Shape

ACTIVATIONS = ("NONE", "NONE", "RELU", "RELU6", "RELU_N1_TO_1")


def out_side(size: int, kernel: int, stride: int, dilation: int, padding: str) -> int:
    if padding == "SAME":
        return -(-size // stride)
    return (size - (kernel - 1) * dilation - 1) // stride + 1


@dataclass(frozen=True)
class Window:
    size: tuple[int, int]
    kernel: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]
    padding: str

    @property
    def out(self) -> tuple[int, int]:
        rows, cols = (
            out_side(n, k, s, d, self.padding)
            for n, k, s, d in zip(self.size, self.kernel, self.stride, self.dilation)
        )
        return rows, cols


def draw_window(w: CaseWriter, dilated: bool) -> Window:
    """A window that fits: kernels 1 to 7, strides 1 to 3, any padding."""
    while True:
        window = Window(
            (w.integer(1, 14), w.integer(1, 14)),
            (w.integer(1, 7), w.integer(1, 7)),
            (w.integer(1, 3), w.integer(1, 3)),
            (w.integer(1, 3), w.integer(1, 3)) if dilated and w.integer(0, 2) == 0 else (1, 1),
            w.pick(["SAME", "VALID"]),
        )
        if min(window.out) >= 1:
            return window


def conv_scale(w: CaseWriter, x_scale: float, weight_scale: Array, taps: int) -> float:
    """An output scale under which the sums spread over the int8 range."""
    spread = 60 * 60 * math.sqrt(taps) * float(np.mean(weight_scale)) * x_scale
    return spread / 60 * float(w.rng.uniform(0.3, 3))


def conv2d_case(w: CaseWriter) -> Case:
    window = draw_window(w, dilated=True)
    group_in, group_out = w.integer(1, 9), w.integer(1, 9)
    groups = w.pick([1, 1, 1, 2, 3])
    channels, outputs, x_scale = group_in * groups, group_out * groups, w.scale()
    x = w.input((1, *window.size, channels), x_scale)
    weights, scales = w.weights((outputs, *window.kernel, group_in), outputs, 0)
    bias = w.bias(outputs, scales * x_scale, optional=False)  # LiteRT insists on it here
    spread = conv_scale(w, x_scale, scales, math.prod(window.kernel) * group_in)
    y = w.activation("y", (1, *window.out, outputs), spread)
    table = options.conv2d_options(window.padding, window.stride, window.dilation, w.pick(ACTIVATIONS))
    w.operator("CONV_2D", [x, weights, *bias], y, table, 6 if groups > 1 else 3)
    return w.finish(y)


def depthwise_case(w: CaseWriter) -> Case:
    window = draw_window(w, dilated=True)
    channels, multiplier, x_scale = w.integer(1, 9), w.pick([1, 1, 2, 3]), w.scale()
    outputs = channels * multiplier
    x = w.input((1, *window.size, channels), x_scale)
    weights, scales = w.weights((1, *window.kernel, outputs), outputs, 3)
    bias = w.bias(outputs, scales * x_scale)
    y = w.activation("y", (1, *window.out, outputs), conv_scale(w, x_scale, scales, math.prod(window.kernel)))
    table = options.depthwise_options(
        window.padding, window.stride, window.dilation, multiplier, w.pick(ACTIVATIONS)
    )
    w.operator("DEPTHWISE_CONV_2D", [x, weights, *bias], y, table, 3)
    return w.finish(y)


def dense_case(w: CaseWriter) -> Case:
    depth, outputs, rows, x_scale = w.integer(1, 40), w.integer(1, 12), w.pick([1, 1, 2, 5]), w.scale()
    keep = bool(w.integer(0, 1))
    lead = w.pick([(rows,), (1, rows), (1, rows, 1)])
    x = w.input((*lead, depth), x_scale)
    weights, scales = w.weights((outputs, depth), outputs, 0)
    bias = w.bias(outputs, scales * x_scale)
    shape = (*lead, outputs) if keep else (rows, outputs)
    y = w.activation("y", shape, conv_scale(w, x_scale, scales, depth))
    w.operator(
        "FULLY_CONNECTED",
        [x, weights, *bias],
        y,
        options.fully_connected_options(w.pick(ACTIVATIONS), keep),
        5,
    )
    return w.finish(y)


def wide_dense_case(w: CaseWriter) -> Case:
    """1024 outputs that rarely saturate."""
    depth, x_scale = w.integer(1, 40), w.scale()
    x = w.input((16, depth), x_scale)
    weights, scales = w.weights((64, depth), 64, 0)
    y = w.activation("y", (16, 64), 3 * conv_scale(w, x_scale, scales, depth))
    bias = w.bias(64, scales * x_scale)
    w.operator("FULLY_CONNECTED", [x, weights, *bias], y, options.fully_connected_options(), 5)
    return w.finish(y)


def operand_shapes(w: CaseWriter) -> tuple[Shape, Shape]:
    """Two shapes of which one may repeat: the same, over H and W, over all, or of lower rank."""
    full = (1, w.integer(1, 5), w.integer(1, 5), w.integer(1, 6))
    other = w.pick(
        [full, full, (1, 1, 1, full[3]), (1, 1, 1, 1), (full[3],), (full[2], full[3]), (1, full[1], 1, 1)]
    )
    return w.pick([(full, other), (other, full)])


def binary_case(w: CaseWriter, kind: str) -> Case:
    a_shape, b_shape = operand_shapes(w)
    y_shape = tuple(np.broadcast_shapes(a_shape, b_shape))
    a_scale, b_scale = w.scale(), w.scale()
    a = w.input(a_shape, a_scale)
    if w.integer(0, 2) == 0:
        b = w.builder.tensor("c", b_shape, w.dtype, b_scale, w.zero_point(), data=w.stored(b_shape))
    else:
        b = w.input(b_shape, b_scale)
    if kind == "ADD":
        table = options.add_options(w.pick(ACTIVATIONS))
        y = w.activation("y", y_shape, max(a_scale, b_scale) * float(w.rng.uniform(0.3, 3)))
    else:
        table = options.mul_options(w.pick(ACTIVATIONS))
        y = w.activation("y", y_shape, a_scale * b_scale * float(w.rng.uniform(0.3, 100)))
    w.operator(kind, w.pick([[a, b], [b, a]]), y, table, 2)
    return w.finish(y)


def pool_case(w: CaseWriter, kind: str) -> Case:
    window = draw_window(w, dilated=False)
    channels, scale, zero = w.integer(1, 9), w.scale(), w.zero_point()
    x = w.input((1, *window.size, channels), scale, zero)
    y = w.activation("y", (1, *window.out, channels), scale, zero)
    w.operator(
        kind,
        [x],
        y,
        options.pool_options(window.kernel, window.stride, window.padding, w.pick(ACTIVATIONS)),
        2,
    )
    return w.finish(y)


def mean_case(w: CaseWriter) -> Case:
    shape = (1, *(w.integer(1, 9) for _ in range(w.pick([1, 2, 3, 3]))))
    rank = len(shape)
    first = w.integer(1, rank - 1)
    axes = list(range(first, w.integer(first, rank - 1) + 1))
    keep = bool(w.integer(0, 1))
    reduced = tuple(1 if i in axes else n for i, n in enumerate(shape) if keep or i not in axes)
    x = w.input(shape)
    y = w.activation("y", reduced)
    if w.integer(0, 1):
        axes = [a - rank for a in reversed(axes)]
    w.operator("MEAN", [x, w.integers(axes)], y, options.reducer_options(keep), 2)
    return w.finish(y)


def softmax_case(w: CaseWriter) -> Case:
    shape = (w.pick([1, 4]), w.pick([2, 3, 10, 100]))
    x = w.input(shape, w.scale(0.001, 2.0))
    y = w.activation("y", shape, 1 / 256, LOWEST[w.dtype])
    w.operator("SOFTMAX", [x], y, options.softmax_options(w.pick([1.0, 1.0, 0.5, 2.0])), 2)
    return w.finish(y)


def pad_case(w: CaseWriter) -> Case:
    """A pad that must stay: nothing follows it."""
    size, amounts = (w.integer(1, 6), w.integer(1, 6), w.integer(1, 4)), w.rng.integers(0, 4, 4)
    scale, zero = w.scale(), w.zero_point()
    x = w.input((1, *size), scale, zero)
    shape = (1, size[0] + int(amounts[:2].sum()), size[1] + int(amounts[2:].sum()), size[2])
    y = w.activation("y", shape, scale, zero)
    numbers = w.integers([[0, 0], amounts[:2], amounts[2:], [0, 0]])
    if w.integer(0, 1):
        w.operator("PAD", [x, numbers], y, options.empty_options("PadOptions"), 2)
    else:
        fill = w.builder.tensor("fill", (1,), w.dtype, scale, zero, data=w.stored((1,)))
        w.operator("PADV2", [x, numbers, fill], y, options.empty_options("PadV2Options"), 2)
    return w.finish(y)


def padded_window_case(w: CaseWriter, kind: str) -> Case:
    """A pad of the zero point before a convolution or a pool."""
    amounts = w.rng.integers(0, 3, 4)
    size, channels = (w.integer(3, 8), w.integer(3, 8)), w.integer(1, 5)
    padded = (size[0] + int(amounts[:2].sum()), size[1] + int(amounts[2:].sum()))
    kernel, stride = (3, 3), (w.integer(1, 2), w.integer(1, 2))
    padding = w.pick(["VALID", "SAME"])
    out = tuple(out_side(n, k, s, 1, padding) for n, k, s in zip(padded, kernel, stride))
    scale, zero = w.scale(), w.pick([LOWEST[w.dtype], w.zero_point()])
    x = w.input((1, *size, channels), scale, zero)
    p = w.activation("p", (1, *padded, channels), scale, zero)
    w.operator(
        "PAD",
        [x, w.integers([[0, 0], amounts[:2], amounts[2:], [0, 0]])],
        p,
        options.empty_options("PadOptions"),
    )
    if kind in ("MAX_POOL_2D", "AVERAGE_POOL_2D"):
        y = w.activation("y", (1, *out, channels), scale, zero)
        w.operator(kind, [p], y, options.pool_options(kernel, stride, padding), 2)
        return w.finish(y)
    depthwise = kind == "DEPTHWISE_CONV_2D"
    shape = (1, 3, 3, channels) if depthwise else (channels, 3, 3, channels)
    weights, scales = w.weights(shape, channels, 3 if depthwise else 0)
    y = w.activation("y", (1, *out, channels), conv_scale(w, scale, scales, 9))
    table = (
        options.depthwise_options(padding, stride) if depthwise else options.conv2d_options(padding, stride)
    )
    w.operator(kind, [p, weights, *w.bias(channels, scales * scale, depthwise)], y, table, 3)
    return w.finish(y)


def concat_case(w: CaseWriter) -> Case:
    """uint8 tensors may have different scales, int8 ones may not."""
    rank = w.integer(1, 4)
    axis = w.integer(0, rank - 1)
    shape = [w.integer(1, 5) for _ in range(rank)]
    if rank >= 3:
        shape[0], axis = 1, max(axis, 1)  # the batch
    scale, zero = w.scale(), w.zero_point()
    inputs, total = [], 0
    for _ in range(w.integer(1, 4)):
        side = w.integer(1, 5)
        total += side
        part = tuple(side if i == axis else n for i, n in enumerate(shape))
        free = w.dtype == "uint8" and w.integer(0, 1) == 1
        inputs.append(w.input(part) if free else w.input(part, scale, zero))
    y = w.activation("y", tuple(total if i == axis else n for i, n in enumerate(shape)), scale, zero)
    w.operator("CONCATENATION", inputs, y, options.concat_options(w.pick([axis, axis - rank])), 2)
    return w.finish(y)


def resize_case(w: CaseWriter, kind: str) -> Case:
    size, out, channels = (
        (w.integer(1, 9), w.integer(1, 9)),
        (w.integer(1, 20), w.integer(1, 20)),
        w.integer(1, 5),
    )
    align, half = w.pick([(False, False), (True, False), (False, True)])
    scale, zero = w.scale(), w.zero_point()
    x = w.input((1, *size, channels), scale, zero)
    y = w.activation("y", (1, *out, channels), scale, zero)
    nearest = kind == "RESIZE_NEAREST_NEIGHBOR"
    table = (options.resize_nearest_options if nearest else options.resize_bilinear_options)(align, half)
    w.operator(kind, [x, w.integers(out)], y, table, 3)
    return w.finish(y)


def transpose_case(w: CaseWriter) -> Case:
    rank = w.integer(1, 5)
    shape = tuple(w.integer(1, 5) for _ in range(rank))
    order = w.rng.permutation(rank).tolist()
    scale, zero = w.scale(), w.zero_point()
    shape = (1, *shape[1:]) if rank >= 3 else shape
    x = w.input(shape, scale, zero)
    y = w.activation("y", tuple(shape[i] for i in order), scale, zero)
    w.operator("TRANSPOSE", [x, w.integers(order)], y, options.empty_options("TransposeOptions"), 2)
    return w.finish(y)


def byte_function_case(w: CaseWriter, kind: str) -> Case:
    """Every stored value once, through an operator on single bytes."""
    low = LOWEST[w.dtype]
    x_scale = w.scale(0.002, 0.3)
    x = w.input((1, 256), x_scale)
    w._values[-1] = np.arange(low, low + 256).astype(w.dtype).reshape(1, 256)
    table: OperatorOptions | None = None
    if kind == "LOGISTIC":
        y = w.activation("y", (1, 256), 1 / 256, low)
    elif kind == "TANH":
        y = w.activation("y", (1, 256), 1 / 128, low + 128)
    elif kind == "HARD_SWISH":
        y = w.activation("y", (1, 256), x_scale * float(w.rng.uniform(0.05, 2)))
        table = options.empty_options("HardSwishOptions")
    else:
        y = w.activation("y", (1, 256), x_scale * float(w.rng.uniform(0.3, 3)))
    if kind == "LEAKY_RELU":
        table = OperatorOptions("LeakyReluOptions", (("Alpha", float(w.rng.uniform(0, 1.5))),))
    w.operator(kind, [x], y, table, 1 if kind in ("RELU_N1_TO_1", "RELU_0_TO_1", "HARD_SWISH") else 2)
    return w.finish(y)


def requantize_case(w: CaseWriter) -> Case:
    """int8 or uint8 to int8 or uint8 by QUANTIZE, every stored value once."""
    low = LOWEST[w.dtype]
    x = w.input((1, 256))
    w._values[-1] = np.arange(low, low + 256).astype(w.dtype).reshape(1, 256)
    w.dtype = w.pick(["int8", "uint8"])
    y = w.activation("y", (1, 256))
    w.operator("QUANTIZE", [x], y, options.empty_options("QuantizeOptions"), 2)
    return w.finish(y)


def float_ends_case(w: CaseWriter) -> Case:
    """float32 to the quantised type and back; halves and values out of range among the inputs."""
    scale = w.pick([0.5, 0.25, w.scale()])
    shape = (1, 7, 9, 3)
    steps = w.rng.integers(-600, 600, shape) * 0.5
    real = (steps * scale).astype(np.float32)
    if w.integer(0, 1):
        real = w.rng.normal(0, 100 * scale, shape).astype(np.float32)
    x = w.builder.tensor("x", shape, "float32")
    w._inputs.append(x)
    w._values.append(real)
    q = w.activation("q", shape, scale)
    y = w.builder.tensor("y", shape, "float32")
    w.operator("QUANTIZE", [x], q, options.empty_options("QuantizeOptions"))
    w.operator("DEQUANTIZE", [q], y, options.empty_options("DequantizeOptions"), 2)
    return w.finish(y, q)
