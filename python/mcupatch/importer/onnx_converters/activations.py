"""Functions of single elements: relu and clip fold into what they follow, the others become tables of 256 bytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from mcupatch.importer.onnx_converters.context import (
    Context,
    Converter,
    NotConvertible,
    describe_float,
    take_float,
)
from mcupatch.importer.onnx_converters.tables import byte_table
from mcupatch.importer.onnx_converters.values import (
    Dequantized,
    Float32Array,
    Moved,
    Pending,
    Pointwise,
    Quantized,
    Storage,
    Target,
    Value,
)
from mcupatch.importer.onnx_reader import OnnxNode
from mcupatch.ir import ops

Function = Callable[[Float32Array], Float32Array]


def convert_relu(context: Context, node: OnnxNode) -> Value:
    return limit(context, node, 0.0, np.inf)


def convert_clip(context: Context, node: OnnxNode) -> Value:
    """Bounds are inputs since opset 11, attributes before."""
    low, high = (context.numbers(node, 1, "min"), context.numbers(node, 2, "max"))
    if (low is not None and len(low) != 1) or (high is not None and len(high) != 1):
        raise NotConvertible("its bounds are not single numbers")
    return limit(context, node, low[0] if low else -np.inf, high[0] if high else np.inf)


def limit(context: Context, node: OnnxNode, low: float, high: float) -> Value:
    value = context.value(node, 0)
    if np.isnan(low) or np.isnan(high) or low > high:
        raise NotConvertible("its bounds are out of order")
    if isinstance(value, Pending):
        return _bound(value, low, high)
    if isinstance(value, Moved) and isinstance(value.base, Pending):
        return replace(value, base=_bound(value.base, low, high))
    bottom, top = np.float32(low), np.float32(high)
    return apply(context, node, lambda real: np.minimum(np.maximum(real, bottom), top))


def _bound(value: Pending, low: float, high: float) -> Pending:
    """``value`` after one more clip: bounds that lie outside the new ones move to the nearer of them."""
    return replace(value, low=min(max(value.low, low), high), high=max(min(value.high, high), low))


def apply(context: Context, node: OnnxNode, function: Function) -> Value:
    """``function`` after whatever was applied to the same quantised value before."""
    value = context.value(node, 0)
    if isinstance(value, Dequantized):
        return Pointwise(value.source, function)
    if isinstance(value, Pointwise):
        before = value.function
        return Pointwise(value.source, lambda real: function(before(real)))
    if isinstance(value, Moved) and isinstance(value.base, Pointwise):
        first = value.base.function
        return replace(value, base=Pointwise(value.base.source, lambda real: function(first(real))))
    raise NotConvertible(describe_float(value))


def _sigmoid(real: Float32Array) -> Float32Array:
    return (1.0 / (1.0 + np.exp(-real.astype(np.float64)))).astype(np.float32)


def _tanh(real: Float32Array) -> Float32Array:
    return np.tanh(real.astype(np.float64)).astype(np.float32)


def _hard_sigmoid(alpha: np.float32, beta: np.float32) -> Function:
    zero, one = np.float32(0), np.float32(1)
    return lambda real: np.maximum(zero, np.minimum(one, alpha * real + beta))


def convert_sigmoid(context: Context, node: OnnxNode) -> Value:
    return apply(context, node, _sigmoid)


def convert_tanh(context: Context, node: OnnxNode) -> Value:
    return apply(context, node, _tanh)


def convert_hard_sigmoid(context: Context, node: OnnxNode) -> Value:
    gate = _hard_sigmoid(take_float(node, "alpha", 0.2), take_float(node, "beta", 0.5))
    return apply(context, node, gate)


def convert_hard_swish(context: Context, node: OnnxNode) -> Value:
    gate = _hard_sigmoid(np.float32(1 / 6), np.float32(0.5))
    return apply(context, node, lambda real: real * gate(real))


def convert_leaky_relu(context: Context, node: OnnxNode) -> Value:
    alpha = take_float(node, "alpha", 0.01)
    return apply(context, node, lambda real: np.where(real < 0, real * alpha, real))


def store_pointwise(context: Context, value: Pointwise, target: Target) -> Quantized:
    """The table operator, in whichever layout the input is held."""
    table = byte_table(value.function, value.source.quant, target.quant)
    return emit_lut(context, value.source, table, target)


def emit_lut(context: Context, source: Quantized, table: np.ndarray, target: Target) -> Quantized:
    builder, storage = context.builder, source.storage
    name = storage.spatial if storage.spatial is not None else builder.plain_bytes(source)
    output = builder.add_tensor(target.name, builder.tensors[name].shape, "int8", target.quant)
    builder.emit(ops.Lut, f"lut_{output}", (name,), output, table=table)
    if storage.spatial is not None:
        held = Storage(spatial=output, spatial_shape=storage.spatial_shape)
    else:
        held = Storage(plain=output)
    return Quantized(source.shape, target.quant, target.unsigned, held)


CONVERTERS: dict[str, Converter] = {
    "Relu": convert_relu,
    "Clip": convert_clip,
    "Sigmoid": convert_sigmoid,
    "Tanh": convert_tanh,
    "HardSigmoid": convert_hard_sigmoid,
    "HardSwish": convert_hard_swish,
    "LeakyRelu": convert_leaky_relu,
}
