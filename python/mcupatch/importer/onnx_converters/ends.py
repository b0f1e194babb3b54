"""QuantizeLinear and DequantizeLinear, and the model's own inputs and outputs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mcupatch.errors import UnsupportedModel
from mcupatch.importer.onnx_converters.activations import store_pointwise
from mcupatch.importer.onnx_converters.context import Context, NotConvertible, take_int
from mcupatch.importer.onnx_converters.tables import quantize
from mcupatch.importer.onnx_converters.values import (
    Array,
    ConstantReal,
    Dequantized,
    FloatInput,
    Moved,
    Pending,
    Pointwise,
    Quantized,
    QuantizedConstant,
    Shape,
    Storage,
    Target,
    Unknown,
    Value,
)
from mcupatch.importer.onnx_reader import OnnxEnd, OnnxNode
from mcupatch.ir import ops
from mcupatch.ir.quant import QuantParams, Rounding

SHIFT = 128  # between a uint8 value and the int8 value of the same meaning: the byte xor 0x80
FLIP_TABLE = (np.arange(256, dtype=np.uint8) ^ SHIFT).view(np.int8)


def read_scale(context: Context, node: OnnxNode) -> tuple[Array, Array]:
    """float32 scales and zero points in the model's own integers, both 1-D and of one length."""
    scale = context.constant(node, 1).real
    zero_point = np.zeros(scale.shape, np.uint8)
    if context.has(node, 2):
        value = context.value(node, 2)
        if not isinstance(value, ConstantReal):
            raise NotConvertible("its zero point is not a constant")
        zero_point = value.real
    if scale.dtype != np.float32 or scale.ndim > 1 or scale.size == 0 or zero_point.size != scale.size:
        raise NotConvertible(
            "its scale and zero point are not float32 and 8 bits, one or one for each channel"
        )
    if not (np.isfinite(scale).all() and (scale > 0).all()):
        raise NotConvertible("its scale is not positive and finite")
    return scale.reshape(-1), zero_point.reshape(-1)


def read_params(context: Context, node: OnnxNode) -> tuple[QuantParams, bool]:
    """Of an activation: one scale; the int8 parameters and whether the model's own type is uint8."""
    scale, zero_point = read_scale(context, node)
    if scale.size != 1:
        raise NotConvertible("an activation is quantised along an axis, only one scale is supported")
    if zero_point.dtype not in (np.int8, np.uint8):
        raise NotConvertible(f"it quantises to {zero_point.dtype}, only int8 and uint8 are supported")
    unsigned = zero_point.dtype == np.uint8
    return QuantParams(float(scale[0]), int(zero_point[0]) - (SHIFT if unsigned else 0)), unsigned


def stored_bound(real: float, quant: QuantParams, otherwise: int) -> int:
    if not np.isfinite(real):
        return otherwise
    return int(quantize(np.array([real], np.float32), quant)[0])


def convert_quantize(context: Context, node: OnnxNode) -> Value:
    value = context.value(node, 0)
    if isinstance(value, ConstantReal):
        return quantize_constant(context, node, value)
    quant, unsigned = read_params(context, node)
    target = Target(node.outputs[0], quant, unsigned)
    if isinstance(value, Dequantized):
        source = value.source
        if source.quant == quant and source.unsigned == unsigned:
            return source
        value = Pointwise(source, lambda real: real)
    if isinstance(value, Moved):
        stored = store(context, node, value.base, target)
        for action in value.moves:
            stored = action(stored)
        return stored
    if isinstance(value, Pointwise | Pending | FloatInput):
        return store(context, node, value, target)
    raise NotConvertible("its input is not float")


def store(
    context: Context, node: OnnxNode, value: Pointwise | Pending | FloatInput, target: Target
) -> Quantized:
    """Emit what makes ``value``, as ``node`` wants it stored."""
    quant = target.quant
    if isinstance(value, Pointwise):
        return store_pointwise(context, value, target)
    if isinstance(value, Pending):
        clamp = ops.Clamp(stored_bound(value.low, quant, -128), stored_bound(value.high, quant, 127))
        try:
            return value.finish(replace(target, clamp=clamp))
        except NotConvertible as reason:
            raise NotConvertible(f"{value.where} cannot be stored by it: {reason}") from None
    return quantize_input(context, node, value, target)


def quantize_input(context: Context, node: OnnxNode, value: FloatInput, target: Target) -> Quantized:
    """A Quantize on the model's input as it comes; data movements follow, on bytes instead of floats."""
    builder = context.builder
    shape = builder.tensors[value.name].shape
    output = builder.add_tensor(target.name, shape, "int8", target.quant)
    builder.emit(
        ops.Quantize,
        node.name,
        (value.name,),
        output,
        scale=target.quant.scale,
        zero_point=target.quant.zero_point,
        half_even=context.rounding is Rounding.FLOAT,
    )
    return Quantized(
        value.shape, target.quant, target.unsigned, hold_input(context, output, value.end, value.shape)
    )


def quantize_constant(context: Context, node: OnnxNode, constant: ConstantReal) -> QuantizedConstant:
    """Weights that the model keeps in float32 before their QuantizeLinear."""
    scale, zero_point = read_scale(context, node)
    if constant.real.dtype != np.float32 or zero_point.dtype not in (np.int8, np.uint8):
        raise NotConvertible("it does not quantise a float32 constant to 8 bits")
    spread = spread_along(node, constant.real, scale.size)
    info = np.iinfo(zero_point.dtype)
    with np.errstate(all="ignore"):
        whole = np.rint((constant.real / scale.reshape(spread)).astype(np.float64))
    whole = np.nan_to_num(whole, nan=info.min, posinf=info.max, neginf=info.min) + zero_point.reshape(spread)
    return QuantizedConstant(np.clip(whole, info.min, info.max).astype(zero_point.dtype))


def spread_along(node: OnnxNode, array: Array, count: int) -> tuple[int, ...]:
    """The shape under which ``count`` parameters broadcast against ``array``, along the node's axis."""
    if count == 1:
        return (1,) * array.ndim
    axis = take_int(node, "axis", 1)
    axis = axis + array.ndim if axis < 0 else axis
    if not 0 <= axis < array.ndim or array.shape[axis] != count:
        raise NotConvertible("its scales do not fit the axis they are for")
    return tuple(count if i == axis else 1 for i in range(array.ndim))


def convert_dequantize(context: Context, node: OnnxNode) -> Value:
    value = context.value(node, 0)
    if isinstance(value, (ConstantReal, QuantizedConstant)):
        return dequantize_constant(
            context, node, value.values if isinstance(value, QuantizedConstant) else value.real
        )
    if not isinstance(value, Quantized):
        raise NotConvertible("its input is not a quantised tensor")
    quant, unsigned = read_params(context, node)
    if unsigned != value.unsigned:
        raise NotConvertible("it reads int8 as uint8, or uint8 as int8")
    held = value.storage.plain or value.storage.spatial
    if held is not None:
        context.builder.describe_input(held, quant)
    return Dequantized(Quantized(value.shape, quant, unsigned, value.storage))


def dequantize_constant(context: Context, node: OnnxNode, stored: Array) -> ConstantReal:
    scale, zero_point = read_scale(context, node)
    if stored.dtype not in (np.int8, np.uint8, np.int32):
        raise NotConvertible(f"it dequantises {stored.dtype}, only int8, uint8 and int32 are supported")
    if context.has(node, 2) and zero_point.dtype != stored.dtype:
        raise NotConvertible("its zero point has another type than its values")
    spread = spread_along(node, stored, scale.size)
    centred = stored.astype(np.int64) - zero_point.astype(np.int64).reshape(spread)
    real = centred.astype(np.float32) * scale.reshape(spread)
    axis = next((i for i, n in enumerate(spread) if n > 1), 0)
    unsigned = stored.dtype == np.uint8
    whole = (stored.astype(np.int16) - SHIFT).astype(np.int8) if unsigned else stored
    zero = zero_point.astype(np.int64) - (SHIFT if unsigned else 0)
    return ConstantReal(np.asarray(real, np.float32), whole, scale.astype(np.float32), zero, axis, unsigned)


def begin_input(context: Context, end: OnnxEnd) -> tuple[str, Value]:
    """The tensor of a model input, under the model's own shape and type, and what its name stands for.

    An integer input has no scale of its own: each DequantizeLinear that reads it gives one.
    """
    assert end.shape is not None
    if len(end.shape) > 1 and end.shape[0] != 1 or len(end.shape) > 4:
        raise UnsupportedModel(
            f"the input {end.name!r} has shape {list(end.shape)}; only a batch of 1 and at most 4 sides are supported."
        )
    builder = context.builder
    shape = end.shape
    if context.is_channels_last(end.name, shape):
        shape = (1, shape[2], shape[3], shape[1])
    name = builder.add_tensor(end.name, shape, end.dtype)
    if end.dtype == "float32":
        return name, FloatInput(name, end.name, end.shape)
    plain, unsigned = name, end.dtype == "uint8"
    if unsigned:
        plain = builder.add_tensor(f"{name}_int8", shape, "int8")
        builder.emit(ops.Lut, f"lut_{plain}", (name,), plain, table=FLIP_TABLE)
        builder.shifted_inputs[plain] = name
    unscaled = QuantParams(1.0, -SHIFT if unsigned else 0)
    return name, Quantized(end.shape, unscaled, unsigned, hold_input(context, plain, end.name, end.shape))


def hold_input(context: Context, name: str, end: str, shape: Shape) -> Storage:
    """The elements of model input ``end`` of ONNX shape ``shape``, in tensor ``name``."""
    if context.is_channels_last(end, shape):
        return Storage(spatial=name, spatial_shape=shape)
    return Storage(plain=name)


def hold_output(context: Context, end: OnnxEnd, value: Quantized) -> str:
    """The tensor that a model output is made of."""
    if context.is_channels_last(end.name, value.shape):
        return context.builder.spatial(value)
    return context.builder.plain(value)


def finish_output(context: Context, end: OnnxEnd) -> str:
    """The tensor of a model output, in the model's own order and type. Raises NotConvertible."""
    builder, value = context.builder, context.values[end.name]
    if isinstance(value, Dequantized):
        source = value.source
        plain = hold_output(context, end, source)
        output = builder.add_tensor(end.name, builder.tensors[plain].shape, "float32")
        quant = source.quant
        inputs = (plain,)
        return builder.emit(
            ops.Dequantize,
            f"dequantize_{output}",
            inputs,
            output,
            scale=quant.scale,
            zero_point=quant.zero_point,
        )
    if isinstance(value, Quantized):
        plain = hold_output(context, end, value)
        if not value.unsigned and plain not in builder.tensor_inputs():
            return plain
        quant = QuantParams(value.quant.scale, value.model_zero_point)
        output = builder.add_tensor(f"{end.name}_output", builder.tensors[plain].shape, end.dtype, quant)
        table = FLIP_TABLE if value.unsigned else np.arange(256, dtype=np.uint8).view(np.int8)
        return builder.emit(ops.Lut, f"lut_{output}", (plain,), output, table=table)
    if isinstance(value, Unknown):
        return ""
    if isinstance(value, Pending | Pointwise | Moved):
        raise NotConvertible(
            "it is not quantised: a QuantizeLinear and DequantizeLinear pair must come before it"
        )
    raise NotConvertible("it is an input or a constant of the model")
