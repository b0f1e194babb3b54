"""The oracle: every operator on whole tensors in NumPy, small and obviously right.

What it computes is the promise: with ``fixed`` rounding the bytes of LiteRT's reference kernels, with
``float`` rounding those of onnxruntime. Spatial operators work on ``[H, W, C]`` (``Tensor.hwc``), the others
on the full shape.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcupatch.ir import ops
from mcupatch.ir.graph import Graph
from mcupatch.ir.quant import INT8_MAX, INT8_MIN, Rounding
from mcupatch.ir.reference_float import fused_multiply_add, store_half_even
from mcupatch.ir.reference_requantize import multiply_fixed, requantize, wrap_int32
from mcupatch.ir.reference_softmax import softmax
from mcupatch.ir.reference_windows import avg_pool2d, conv2d, depthwise_conv2d, max_pool2d, surround

Array = NDArray[Any]
Int8Array = NDArray[np.int8]


def dense(op: ops.Dense, x: Int8Array) -> Int8Array:
    rows = x.reshape(-1, op.weights.shape[1]).astype(np.float64) - op.input_zero_point
    weights = op.weights.astype(np.float64) - op.weight_zero_point
    acc = (rows @ weights.T).astype(np.int64)
    return requantize(wrap_int32(acc + op.bias), op.requant, op.output_zero_point, op.clamp)


def add(op: ops.Add, a: Int8Array, b: Int8Array) -> Int8Array:
    centred = [x.astype(np.int64) - zero for x, zero in zip((a, b), op.input_zero_points)]
    if op.input_requant.rounding is Rounding.FIXED:
        scaled = [
            multiply_fixed(x << op.left_shift, op.input_requant.multiplier[i], op.input_requant.shift[i])
            for i, x in enumerate(centred)
        ]
        return requantize(scaled[0] + scaled[1], op.output_requant, op.output_zero_point, op.clamp)
    ratio_a, ratio_b = op.input_requant.multiplier.astype(np.float32)
    total = fused_multiply_add(centred[1], ratio_b, op.offset)
    total = fused_multiply_add(centred[0], ratio_a, total)
    return store_half_even(total, op.output_zero_point, op.clamp)


def mul(op: ops.Mul, a: Int8Array, b: Int8Array) -> Int8Array:
    product = (a.astype(np.int32) - op.input_zero_points[0]) * (b.astype(np.int32) - op.input_zero_points[1])
    if op.requant.rounding is Rounding.FLOAT:
        real = product.astype(np.float32) * op.requant.multiplier.astype(np.float32) + np.float32(op.offset)
        return store_half_even(real, op.output_zero_point, op.clamp)
    return requantize(product, op.requant, op.output_zero_point, op.clamp)


def mean(op: ops.Mean, x: Int8Array) -> Int8Array:
    total = (x.astype(np.int64) - op.input_zero_point).sum(axis=op.axes)
    return requantize(wrap_int32(total), op.requant, op.output_zero_point, op.clamp)


def pad(op: ops.Pad, x: Int8Array) -> Int8Array:
    return surround(x, op.padding, op.value)


def concat(op: ops.Concat, *inputs: Int8Array) -> Int8Array:
    if op.tables.shape[0] == 0:
        return np.concatenate(inputs, axis=op.axis)
    looked_up = [op.tables[i][x.astype(np.int32) + 128] for i, x in enumerate(inputs)]
    return np.concatenate(looked_up, axis=op.axis)


def resize_nearest(op: ops.ResizeNearest, x: Int8Array) -> Int8Array:
    return x[op.row_index][:, op.col_index]


def resize_bilinear(op: ops.ResizeBilinear, x: Int8Array) -> Int8Array:
    fixed = op.row_weight.dtype == np.int32
    if not fixed:
        x = (x.astype(np.int32) - op.zero_points[0]).astype(np.float32) * np.float32(op.scales[0])
    shape = (len(op.row_index), len(op.col_index), x.shape[2])
    total: Array = np.zeros(shape, np.int64 if fixed else np.float32)
    for r in range(2):
        for c in range(2):
            corner = x[op.row_index[:, r]][:, op.col_index[:, c]].astype(total.dtype)
            weight = np.outer(op.row_weight[:, r].astype(total.dtype), op.col_weight[:, c])
            total += corner * weight.astype(total.dtype)[:, :, None]
    if fixed:  # weights are in 1/1024 on each axis; halves go away from zero
        return to_int8(np.sign(total) * ((np.abs(total) + (1 << 19)) >> 20))
    return store_half_even(total / np.float32(op.scales[1]), op.zero_points[1], ops.Clamp())


def to_int8(values: Array) -> Int8Array:
    """Saturate whole numbers to int8."""
    return np.clip(values, INT8_MIN, INT8_MAX).astype(np.int8)


def lut(op: ops.Lut, x: Array) -> Int8Array:
    result: Int8Array = op.table[x.view(np.uint8)]
    return result


def reshape(op: ops.Reshape, x: Array) -> Array:
    return x


def transpose(op: ops.Transpose, x: Array) -> Array:
    return np.transpose(x, op.permutation)


def quantize(op: ops.Quantize, x: NDArray[np.float32]) -> Int8Array:
    scaled = (x / np.float32(op.scale)).astype(np.float64)  # the quotient is a float32; what follows is exact
    if op.half_even:
        rounded = np.rint(scaled)
    else:
        rounded = np.copysign(np.floor(np.abs(scaled) + 0.5), scaled)
    return to_int8(rounded + op.zero_point)


def dequantize(op: ops.Dequantize, x: Int8Array) -> NDArray[np.float32]:
    real: NDArray[np.float32] = (x.astype(np.int32) - op.zero_point).astype(np.float32) * np.float32(op.scale)
    return real


SPATIAL: Mapping[type[ops.Operator], Callable[..., Array]] = {
    ops.Conv2D: conv2d,
    ops.DepthwiseConv2D: depthwise_conv2d,
    ops.AvgPool2D: avg_pool2d,
    ops.MaxPool2D: max_pool2d,
    ops.Pad: pad,
    ops.ResizeNearest: resize_nearest,
    ops.ResizeBilinear: resize_bilinear,
}
FULL_SHAPE: Mapping[type[ops.Operator], Callable[..., Array]] = {
    ops.Dense: dense,
    ops.Add: add,
    ops.Mul: mul,
    ops.Mean: mean,
    ops.Concat: concat,
    ops.Lut: lut,
    ops.Softmax: softmax,
    ops.Reshape: reshape,
    ops.Transpose: transpose,
    ops.Quantize: quantize,
    ops.Dequantize: dequantize,
}


def apply(graph: Graph, op: ops.Operator, arrays: Sequence[Array]) -> Array:
    """One operator on whole tensors, each of its full shape. Raises TypeError for an unknown operator."""
    out = graph.output_tensor(op)
    if type(op) in SPATIAL:
        (array,) = arrays
        result = SPATIAL[type(op)](op, array.reshape(graph.tensors[op.inputs[0]].hwc))
    elif type(op) in FULL_SHAPE:
        result = FULL_SHAPE[type(op)](op, *arrays)
    else:
        raise TypeError(f"the oracle has no operator {type(op).__name__}")
    return np.ascontiguousarray(result).reshape(out.shape).view(np.dtype(out.dtype))


def execute(graph: Graph, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """Run the whole graph: every tensor by name, constants and inputs included.

    Raises ValueError when an input is missing or has the wrong element type or number of elements.
    """
    values: dict[str, Array] = dict(graph.constants)
    for name in graph.inputs:
        tensor = graph.tensors[name]
        if name not in inputs:
            raise ValueError(f"no value for the model input {name!r}")
        array = np.asarray(inputs[name])
        if array.dtype != np.dtype(tensor.dtype) or array.size != tensor.elements:
            raise ValueError(
                f"input {name!r} is {array.dtype}{list(array.shape)}, "
                f"the model wants {tensor.dtype}{list(tensor.shape)}"
            )
        values[name] = array.reshape(tensor.shape)
    for op in graph.ops:
        values[op.output] = apply(graph, op, [values[name] for name in op.inputs])
    return values


def run(graph: Graph, inputs: Sequence[Array]) -> list[Array]:
    """Run the whole graph on inputs in the model's order; the outputs in the model's order."""
    if len(inputs) != len(graph.inputs):
        raise ValueError(f"the model has {len(graph.inputs)} inputs, {len(inputs)} were given")
    values = execute(graph, dict(zip(graph.inputs, inputs)))
    return [values[name] for name in graph.outputs]
