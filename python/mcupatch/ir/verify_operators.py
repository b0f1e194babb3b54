"""What each operator demands of its tensors and constants."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcupatch.ir import ops
from mcupatch.ir.graph import Graph
from mcupatch.ir.quant import Requant, Rounding
from mcupatch.ir.tensor import Tensor

Shape = tuple[int, ...]


class GraphError(ValueError):
    """The graph contradicts itself. Importers turn it into BadInput."""


def require(condition: bool, message: str) -> None:
    if not condition:
        raise GraphError(message)


def verify_operator(graph: Graph, op: ops.Operator) -> None:
    """Raises GraphError if types, shapes or constants of ``op`` do not follow from each other."""
    require(type(op) in SHAPE_RULES, f"{type(op).__name__} is not an operator of mcupatch")
    inputs, output = graph.input_tensors(op), graph.output_tensor(op)
    sources, targets = TYPES.get(type(op), (("int8",), ("int8",)))
    count = INPUT_COUNTS.get(type(op), 1)
    require(count is None and len(inputs) > 0 or len(inputs) == count, f"it has {len(inputs)} inputs")
    for tensor in inputs:
        require(tensor.dtype in sources, f"its input {tensor.name!r} is {tensor.dtype}")
    require(output.dtype in targets, f"its output {output.name!r} is {output.dtype}")
    if type(op) in (ops.Reshape, ops.Transpose):
        require(inputs[0].dtype == output.dtype, "its output has another type than its input")
    verify_zero_points(op)
    SHAPE_RULES[type(op)](op, inputs, output)


def verify_zero_points(op: ops.Operator) -> None:
    names = ("input_zero_point", "output_zero_point", "weight_zero_point", "zero_point", "value")
    values = [getattr(op, name) for name in names if hasattr(op, name)]
    for value in (*values, *getattr(op, "input_zero_points", ()), *getattr(op, "zero_points", ())):
        require(-128 <= value <= 127, f"it has the zero point {value}")


def verify_requant(requant: Requant, *channels: int, double: bool = False) -> None:
    """``double`` rounding is for dense layers alone: no other reference kernel computes so."""
    require(double or requant.rounding is not Rounding.DOUBLE, "it scales in double")
    require(requant.channels in channels, f"it has {requant.channels} scales, expected {channels}")
    require(
        bool(np.all(np.isfinite(requant.multiplier.astype(np.float64)))), "it has a scale that is no number"
    )
    require(not np.any(np.signbit(requant.multiplier.astype(np.float64))), "it has a negative scale")
    if requant.rounding is Rounding.DOUBLE:
        tiny = (requant.multiplier != 0) & (requant.multiplier.astype(np.float64) < np.finfo(np.float64).tiny)
        require(not np.any(tiny), "it has a scale too small for float64's own precision")
    if requant.rounding is Rounding.SINGLE:
        require(
            bool(np.all((requant.shift >= -31) & (requant.shift < 0))),
            "it has a shift that single rounding lacks",
        )
    if requant.rounding is Rounding.FIXED:
        require(bool(np.all((requant.shift >= -31) & (requant.shift <= 30))), "it has a shift out of range")


def verify_array(array: NDArray[Any], what: str, shape: Shape, dtype: Any) -> None:
    fits = array.shape == shape and array.dtype == np.dtype(dtype)
    require(fits, f"its {what} is {array.dtype}{list(array.shape)}, expected {np.dtype(dtype)}{list(shape)}")


def verify_shape(output: Tensor, expected: Shape) -> None:
    require(output.shape == expected, f"its output is {list(output.shape)}, expected {list(expected)}")


def feature_map(tensor: Tensor) -> tuple[int, int, int]:
    require(len(tensor.shape) == 4 and tensor.shape[0] == 1, f"{tensor.name!r} is not [1, H, W, C]")
    return tensor.hwc


def slide(
    size: tuple[int, int, int],
    kernel: tuple[int, int],
    stride: tuple[int, int],
    dilation: tuple[int, int],
    padding: ops.Padding,
) -> tuple[int, int]:
    """Rows and columns of a window's positions."""
    require(min(*kernel, *stride, *dilation) >= 1, f"kernel {kernel}, stride {stride}, dilation {dilation}")
    added = (padding.top + padding.bottom, padding.left + padding.right)
    sides = [
        (size[axis] + added[axis] - (kernel[axis] - 1) * dilation[axis] - 1) // stride[axis] + 1
        for axis in range(2)
    ]
    require(min(sides) >= 1, "its window is larger than its padded input")
    return sides[0], sides[1]


def check_conv2d(op: ops.Conv2D, inputs: tuple[Tensor, ...], output: Tensor) -> None:
    size = feature_map(inputs[0])
    require(op.weights.ndim == 4 and op.groups >= 1 and size[2] % op.groups == 0, "its groups do not fit")
    outputs = op.weights.shape[0]
    require(outputs % op.groups == 0, "its groups do not divide its output channels")
    verify_array(op.weights, "weights", (outputs, *op.kernel, size[2] // op.groups), np.int8)
    verify_array(op.bias, "bias", (outputs,), np.int32)
    verify_requant(op.requant, 1, outputs)
    rows, cols = slide(size, op.kernel, op.stride, op.dilation, op.padding)
    verify_shape(output, (1, rows, cols, outputs))


def check_depthwise(op: ops.DepthwiseConv2D, inputs: tuple[Tensor, ...], output: Tensor) -> None:
    size = feature_map(inputs[0])
    outputs = size[2] * op.multiplier
    require(op.weights.ndim == 3 and op.multiplier >= 1, "its weights or multiplier do not fit")
    verify_array(op.weights, "weights", (*op.kernel, outputs), np.int8)
    verify_array(op.bias, "bias", (outputs,), np.int32)
    verify_requant(op.requant, 1, outputs)
    rows, cols = slide(size, op.kernel, op.stride, op.dilation, op.padding)
    verify_shape(output, (1, rows, cols, outputs))


def check_dense(op: ops.Dense, inputs: tuple[Tensor, ...], output: Tensor) -> None:
    require(op.weights.ndim == 2 and min(op.weights.shape) >= 1, "its weights are not a matrix")
    outputs, depth = op.weights.shape
    verify_array(op.weights, "weights", (outputs, depth), np.int8)
    verify_array(op.bias, "bias", (outputs,), np.int32)
    verify_requant(op.requant, 1, outputs, double=True)
    require(inputs[0].elements % depth == 0, f"its input does not divide into rows of {depth}")
    rows = inputs[0].elements // depth
    require(
        output.elements == rows * outputs, f"its output is {list(output.shape)}, expected {rows} x {outputs}"
    )


def check_broadcast(op: ops.Operator, inputs: tuple[Tensor, ...], output: Tensor) -> None:
    try:
        shape = np.broadcast_shapes(*(t.shape for t in inputs))
    except ValueError as error:
        raise GraphError("its inputs do not repeat to one shape") from error
    verify_shape(output, tuple(shape))
    for tensor in inputs:
        # Kernels see [H, W, C]: [W, C] has its W in another place there than [1, H, W, C].
        widened = Tensor(
            tensor.name, (1,) * (len(output.shape) - len(tensor.shape)) + tensor.shape, tensor.dtype
        )
        same_place = tensor.hwc == widened.hwc
        sides = zip(tensor.hwc, output.hwc)
        repeats = same_place and all(side in (1, out) for side, out in sides)
        require(repeats, f"{tensor.name!r} does not repeat as [H, W, C]")


def check_add(op: ops.Add, inputs: tuple[Tensor, ...], output: Tensor) -> None:
    verify_requant(op.input_requant, 2)
    verify_requant(op.output_requant, 1)
    require(op.input_requant.rounding is op.output_requant.rounding, "its scales differ in rounding")
    require(0 <= op.left_shift <= 22, f"it shifts by {op.left_shift}")
    check_broadcast(op, inputs, output)


def check_mul(op: ops.Mul, inputs: tuple[Tensor, ...], output: Tensor) -> None:
    verify_requant(op.requant, 1)
    check_broadcast(op, inputs, output)


def check_avg_pool(op: ops.AvgPool2D, inputs: tuple[Tensor, ...], output: Tensor) -> None:
    size = feature_map(inputs[0])
    if op.requant is not None:
        require(op.requant.rounding is Rounding.FLOAT, "its scale is not float")
        verify_requant(op.requant, 1, 2)
    verify_pool_padding(op.kernel, (1, 1), op.padding)
    verify_shape(output, (1, *slide(size, op.kernel, op.stride, (1, 1), op.padding), size[2]))


def check_max_pool(op: ops.MaxPool2D, inputs: tuple[Tensor, ...], output: Tensor) -> None:
    size = feature_map(inputs[0])
    verify_pool_padding(op.kernel, op.dilation, op.padding)
    verify_shape(output, (1, *slide(size, op.kernel, op.stride, op.dilation, op.padding), size[2]))


def verify_pool_padding(kernel: tuple[int, int], dilation: tuple[int, int], padding: ops.Padding) -> None:
    """No window may lie outside the input altogether: it would have nothing to pool."""
    rows, cols = ((k - 1) * d + 1 for k, d in zip(kernel, dilation))
    inside = max(padding.top, padding.bottom) < rows and max(padding.left, padding.right) < cols
    require(inside, f"it pads {padding} around a window of {rows} x {cols}")


def check_mean(op: ops.Mean, inputs: tuple[Tensor, ...], output: Tensor) -> None:
    shape = inputs[0].shape
    require(len(op.axes) > 0, "it has no axis")
    follow = op.axes == tuple(range(op.axes[0], op.axes[-1] + 1))
    require(follow and op.axes[0] >= 0 and op.axes[-1] < len(shape), f"it has the axes {op.axes}")
    verify_requant(op.requant, 1)
    kept = tuple(1 if i in op.axes else side for i, side in enumerate(shape))
    dropped = tuple(side for i, side in enumerate(shape) if i not in op.axes)
    require(output.shape in (kept, dropped), f"its output is {list(output.shape)}, expected {list(kept)}")


def check_pad(op: ops.Pad, inputs: tuple[Tensor, ...], output: Tensor) -> None:
    height, width, channels = feature_map(inputs[0])
    rows, cols = op.padding.top + op.padding.bottom, op.padding.left + op.padding.right
    verify_shape(output, (1, height + rows, width + cols, channels))


def check_concat(op: ops.Concat, inputs: tuple[Tensor, ...], output: Tensor) -> None:
    rank = len(output.shape)
    require(0 <= op.axis < rank and all(len(t.shape) == rank for t in inputs), f"it has the axis {op.axis}")
    require(op.tables.shape[:1] in ((0,), (len(inputs),)), "it has not one table for each input")
    verify_array(op.tables, "tables", (op.tables.shape[0], 256), np.int8)
    side = sum(t.shape[op.axis] for t in inputs)
    expected = (*output.shape[: op.axis], side, *output.shape[op.axis + 1 :])
    for tensor in inputs:
        others = (*tensor.shape[: op.axis], side, *tensor.shape[op.axis + 1 :])
        require(others == expected, f"its input {tensor.name!r} is {list(tensor.shape)}")
    verify_shape(output, expected)


def check_resize_nearest(op: ops.ResizeNearest, inputs: tuple[Tensor, ...], output: Tensor) -> None:
    height, width, channels = feature_map(inputs[0])
    verify_index(op.row_index, (len(op.row_index),), height)
    verify_index(op.col_index, (len(op.col_index),), width)
    verify_shape(output, (1, len(op.row_index), len(op.col_index), channels))


def check_resize_bilinear(op: ops.ResizeBilinear, inputs: tuple[Tensor, ...], output: Tensor) -> None:
    height, width, channels = feature_map(inputs[0])
    for index, weight, size in (
        (op.row_index, op.row_weight, height),
        (op.col_index, op.col_weight, width),
    ):
        verify_index(index, (len(index), 2), size)
        require(weight.dtype in (np.int32, np.float32), f"its weights are {weight.dtype}")
        verify_array(weight, "weights", (len(index), 2), weight.dtype)
    require(op.row_weight.dtype == op.col_weight.dtype, "its weights differ in type")
    verify_shape(output, (1, len(op.row_index), len(op.col_index), channels))


def verify_index(index: NDArray[np.int32], shape: Shape, size: int) -> None:
    verify_array(index, "index", shape, np.int32)
    require(
        index.size > 0 and 0 <= int(index.min()) and int(index.max()) < size, "its index leaves the input"
    )


def check_lut(op: ops.Lut, inputs: tuple[Tensor, ...], output: Tensor) -> None:
    verify_array(op.table, "table", (256,), np.int8)
    verify_shape(output, inputs[0].shape)


def check_softmax(op: ops.Softmax, inputs: tuple[Tensor, ...], output: Tensor) -> None:
    fixed = op.rounding is Rounding.FIXED
    verify_array(op.table, "table", (256,), np.int32 if fixed else np.float32)
    channels = inputs[0].hwc[2]
    require(not fixed or channels <= ops.MAX_FIXED_SOFTMAX_CHANNELS, f"it adds up {channels} exponentials")
    require(math.isfinite(op.output_scale) and op.output_scale > 0, f"it has the scale {op.output_scale}")
    verify_shape(output, inputs[0].shape)


def check_reshape(op: ops.Reshape, inputs: tuple[Tensor, ...], output: Tensor) -> None:
    require(
        output.elements == inputs[0].elements, f"it makes {list(output.shape)} of {list(inputs[0].shape)}"
    )


def check_transpose(op: ops.Transpose, inputs: tuple[Tensor, ...], output: Tensor) -> None:
    shape = inputs[0].shape
    require(
        sorted(op.permutation) == list(range(len(shape))),
        f"it reorders {len(shape)} axes as {op.permutation}",
    )
    require(len(shape) <= ops.MAX_TRANSPOSE_RANK, f"it reorders a tensor of rank {len(shape)}")
    verify_shape(output, tuple(shape[axis] for axis in op.permutation))


def check_end(op: ops.Quantize | ops.Dequantize, inputs: tuple[Tensor, ...], output: Tensor) -> None:
    require(math.isfinite(op.scale) and op.scale > 0, f"it has the scale {op.scale}")
    verify_shape(output, inputs[0].shape)


ONE_BYTE = ("int8", "uint8")
TYPES: Mapping[type[ops.Operator], tuple[tuple[str, ...], tuple[str, ...]]] = {
    ops.Lut: (ONE_BYTE, ONE_BYTE),
    ops.Reshape: (ONE_BYTE, ONE_BYTE),
    ops.Transpose: (ONE_BYTE, ONE_BYTE),
    ops.Quantize: (("float32",), ("int8",)),
    ops.Dequantize: (("int8",), ("float32",)),
}
INPUT_COUNTS: Mapping[type[ops.Operator], int | None] = {ops.Add: 2, ops.Mul: 2, ops.Concat: None}
SHAPE_RULES: Mapping[type[ops.Operator], Callable[..., None]] = {
    ops.Conv2D: check_conv2d,
    ops.DepthwiseConv2D: check_depthwise,
    ops.Dense: check_dense,
    ops.Add: check_add,
    ops.Mul: check_mul,
    ops.AvgPool2D: check_avg_pool,
    ops.MaxPool2D: check_max_pool,
    ops.Mean: check_mean,
    ops.Pad: check_pad,
    ops.Concat: check_concat,
    ops.ResizeNearest: check_resize_nearest,
    ops.ResizeBilinear: check_resize_bilinear,
    ops.Lut: check_lut,
    ops.Softmax: check_softmax,
    ops.Reshape: check_reshape,
    ops.Transpose: check_transpose,
    ops.Quantize: check_end,
    ops.Dequantize: check_end,
}
