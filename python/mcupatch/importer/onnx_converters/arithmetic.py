"""Add and Mul of two tensors, either of which may be a quantised constant."""

from __future__ import annotations

import numpy as np

from mcupatch.importer.onnx_converters.context import (
    Context,
    Converter,
    NotConvertible,
    describe_float,
    store_plain,
    store_spatial,
)
from mcupatch.importer.onnx_converters.values import (
    ConstantReal,
    Dequantized,
    Pending,
    Quantized,
    Shape,
    Storage,
    Target,
    Value,
)
from mcupatch.importer.onnx_reader import OnnxNode
from mcupatch.ir import ops
from mcupatch.ir.quant import QuantParams, Rounding, make_requant
from mcupatch.ir.reference_float import fused_multiply_add

ADD_LEFT_SHIFT = 20  # of fixed rounding, as LiteRT's ADD


def read_operands(context: Context, node: OnnxNode) -> tuple[Quantized, Quantized, Shape]:
    """Both operands padded with leading ones to the output's rank, and the output's shape."""
    first, second = _operand(context, node, 0), _operand(context, node, 1)
    rank = max(len(first.shape), len(second.shape), 1)
    first, second = (v.viewed_as((1,) * (rank - len(v.shape)) + v.shape) for v in (first, second))
    if first.unsigned != second.unsigned:
        raise NotConvertible("one operand is int8 and the other uint8; quantise both with one type")
    for a, b in zip(first.shape, second.shape):
        if a != b and 1 not in (a, b):
            raise NotConvertible(
                f"its operands {list(first.shape)} and {list(second.shape)} do not broadcast"
            )
    return first, second, tuple(max(a, b) for a, b in zip(first.shape, second.shape))


def _operand(context: Context, node: OnnxNode, position: int) -> Quantized:
    value = context.value(node, position)
    if isinstance(value, Dequantized):
        return value.source
    if isinstance(value, ConstantReal):
        if value.stored is None or value.stored.dtype != np.int8 or value.scale.size != 1:
            raise NotConvertible(
                f"its constant {node.input(position)!r} is not quantised to 8 bits with one scale"
            )
        if value.stored.size == 0:
            raise NotConvertible("its constant is empty")
        quant = QuantParams(float(value.scale[0]), int(value.zero_point[0]))
        stored = value.stored if value.stored.ndim else value.stored.reshape(1)
        name = context.builder.add_constant(f"{node.input(position)}_constant", stored, quant)
        return Quantized(stored.shape, quant, value.unsigned, Storage(plain=name))
    raise NotConvertible(describe_float(value))


def held(context: Context, value: Quantized, image: bool) -> str:
    """The tensor of an operand in the layout that the operator works in; a constant is reordered here, not later."""
    builder = context.builder
    name = value.storage.plain
    if name is None or name not in builder.constants:
        return builder.spatial(value) if image else builder.plain(value)
    array = builder.constants[name].reshape(value.shape)
    if image:
        array = np.ascontiguousarray(array.transpose(0, 2, 3, 1))
    if np.array_equal(array, builder.constants[name]):
        return name
    return builder.add_constant(f"{name}_laid_out", array, value.quant)


def convert_add(context: Context, node: OnnxNode) -> Value:
    first, second, shape = read_operands(context, node)

    def finish(target: Target) -> Quantized:
        a, b = (second, first) if repeats_innermost(first, second) else (first, second)
        scales = [np.float32(v.quant.scale) for v in (a, b)]
        if context.rounding is Rounding.FLOAT:
            fields = add_float(scales, (a.model_zero_point, b.model_zero_point), target, a.domain_shift)
        else:
            fields = add_fixed(scales, (a.quant.zero_point, b.quant.zero_point), target)
        return emit_pair(context, node, ops.Add, (a, b), shape, target, fields)

    return Pending(node.where, shape, finish)


def repeats_innermost(first: Quantized, second: Quantized) -> bool:
    """Whether one element of ``first`` meets a run of ``second``'s: onnxruntime then swaps the two (measured).

    It matters in ties only. onnxruntime keeps the layout that convolutions leave, so that is where the run lies.
    """
    shapes = [first.shape, second.shape]
    if any(v.storage.spatial is not None for v in (first, second)) and len(first.shape) == 4:
        shapes = [(s[0], *s[2:], s[1]) for s in shapes]
    inner = next(((a, b) for a, b in zip(reversed(shapes[0]), reversed(shapes[1])) if max(a, b) > 1), (1, 1))
    return inner[0] < inner[1]


def add_float(
    scales: list[np.float32], zero_points: tuple[int, int], target: Target, domain_shift: int
) -> dict[str, object]:
    """onnxruntime's QLinearAdd on x86-64 with AVX2 and FMA.

    It computes ``fma(a, ratio_a, fma(b, ratio_b, offset))`` on the integers as they are stored, with all zero points
    in ``offset`` = ``zc - fma(ratio_a, za, ratio_b * zb)``. (onnxruntime/core/mlas/lib/intrinsics/avx2/qladd_avx2.cpp;
    that the compiler fuses the scalar expression too is measured.) The integers are uint8 for an unsigned model.
    """
    ratios = np.array([s / np.float32(target.quant.scale) for s in scales], np.float32)
    second = np.float32(ratios[1] * np.float32(zero_points[1]))
    both = fused_multiply_add(np.asarray(ratios[0]), float(zero_points[0]), second)
    offset = np.float32(np.float32(target.model_zero_point) - both)
    return {
        "input_requant": make_requant(Rounding.FLOAT, ratios.astype(np.float64)),
        "output_requant": make_requant(Rounding.FLOAT, np.ones(1)),
        "left_shift": 0,
        "input_zero_points": (-domain_shift, -domain_shift),
        "output_zero_point": -target.domain_shift,
        "offset": float(offset),
    }


def add_fixed(scales: list[np.float32], zero_points: tuple[int, int], target: Target) -> dict[str, object]:
    """LiteRT's ADD: both inputs on twice the larger scale."""
    twice = 2 * float(max(scales))
    output = twice / ((1 << ADD_LEFT_SHIFT) * target.quant.scale)
    return {
        "input_requant": make_requant(Rounding.FIXED, np.array([float(s) / twice for s in scales])),
        "output_requant": make_requant(Rounding.FIXED, np.array([output])),
        "left_shift": ADD_LEFT_SHIFT,
        "input_zero_points": zero_points,
        "output_zero_point": target.quant.zero_point,
    }


def convert_mul(context: Context, node: OnnxNode) -> Value:
    first, second, shape = read_operands(context, node)

    def finish(target: Target) -> Quantized:
        zero_points = (first.quant.zero_point, second.quant.zero_point)
        fields: dict[str, object] = {"input_zero_points": zero_points}
        product = np.float32(first.quant.scale) * np.float32(second.quant.scale)
        if context.rounding is Rounding.FLOAT:
            # onnxruntime's QLinearMul adds the zero point in float32 before it rounds (mlas/lib/qlmul.cpp)
            ratio = np.array([product / np.float32(target.quant.scale)], np.float64)
            fields |= {"offset": float(target.model_zero_point), "output_zero_point": -target.domain_shift}
        else:
            ratio = np.array([float(first.quant.scale) * second.quant.scale / target.quant.scale])
            fields |= {"output_zero_point": target.quant.zero_point}
        fields["requant"] = make_requant(context.rounding, ratio)
        return emit_pair(context, node, ops.Mul, (first, second), shape, target, fields)

    return Pending(node.where, shape, finish)


def emit_pair(
    context: Context,
    node: OnnxNode,
    operator: type[ops.Operator],
    operands: tuple[Quantized, Quantized],
    shape: Shape,
    target: Target,
    fields: dict[str, object],
) -> Quantized:
    image = len(shape) == 4 and shape[0] == 1
    if len(shape) > 4:
        raise NotConvertible(f"its output has rank {len(shape)}, at most 4 is supported")
    inputs = tuple(held(context, v, image) for v in operands)
    output, value = (store_spatial if image else store_plain)(context, target, shape)
    context.builder.emit(operator, node.name, inputs, output, clamp=target.clamp, **fields)
    return value


CONVERTERS: dict[str, Converter] = {"Add": convert_add, "Mul": convert_mul}
