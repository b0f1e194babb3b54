"""Operators that move elements without changing them: reshapes, Transpose, Pad, Concat, Dropout."""

from __future__ import annotations

import math

import numpy as np

from mcupatch.importer.onnx_converters.context import (
    Context,
    Converter,
    NotConvertible,
    normalise_axis,
    store_plain,
    store_spatial,
    take_int,
    take_ints,
    take_text,
)
from mcupatch.importer.onnx_converters.convolution import MAX_SIDE
from mcupatch.importer.onnx_converters.moving import move, need_image_shape, shape_of
from mcupatch.importer.onnx_converters.tables import concat_table, quantize
from mcupatch.importer.onnx_converters.values import (
    Pending,
    Pointwise,
    Quantized,
    Shape,
    Target,
    Value,
)
from mcupatch.importer.onnx_reader import OnnxNode
from mcupatch.ir import ops


def view(context: Context, node: OnnxNode, shape: Shape) -> Value:
    return move(context, node, lambda value: value.viewed_as(shape), shape)


def convert_flatten(context: Context, node: OnnxNode) -> Value:
    shape = shape_of(context, node)
    axis = take_int(node, "axis", 1)
    axis = axis + len(shape) if axis < 0 else axis
    if not 0 <= axis <= len(shape):
        raise NotConvertible(f"axis {axis} does not exist in a tensor of rank {len(shape)}")
    return view(context, node, (math.prod(shape[:axis]), math.prod(shape[axis:])))


def convert_reshape(context: Context, node: OnnxNode) -> Value:
    old = shape_of(context, node)
    wanted = context.whole_numbers(node, 1, "shape")
    if wanted is None or len(wanted) > 6:
        raise NotConvertible("its shape is missing or of more than 6 sides")
    keep_zero = not take_int(node, "allowzero", 0)
    sides = [old[i] if n == 0 and keep_zero and i < len(old) else n for i, n in enumerate(wanted)]
    if sides.count(-1) == 1:
        known = math.prod(n for n in sides if n != -1)
        sides[sides.index(-1)] = math.prod(old) // known if known > 0 else 0
    if any(n < 1 for n in sides) or math.prod(sides) != math.prod(old):
        raise NotConvertible(f"{list(old)} cannot be reshaped to {wanted}")
    return view(context, node, tuple(sides))


def convert_squeeze(context: Context, node: OnnxNode) -> Value:
    shape = shape_of(context, node)
    axes = context.whole_numbers(node, 1, "axes")
    if axes is None:
        gone = {i for i, n in enumerate(shape) if n == 1}
    else:
        gone = {normalise_axis(a, len(shape)) for a in axes}
    if any(shape[i] != 1 for i in gone):
        raise NotConvertible("a side that is not 1 cannot be squeezed")
    return view(context, node, tuple(n for i, n in enumerate(shape) if i not in gone))


def convert_unsqueeze(context: Context, node: OnnxNode) -> Value:
    shape = shape_of(context, node)
    axes = context.whole_numbers(node, 1, "axes")
    rank = len(shape) + len(axes or [])
    if not axes or rank > 6:
        raise NotConvertible("its axes are missing or too many")
    new = {normalise_axis(a, rank) for a in axes}
    if len(new) != len(axes):
        raise NotConvertible("an axis appears twice")
    old = iter(shape)
    return view(context, node, tuple(1 if i in new else next(old) for i in range(rank)))


def convert_transpose(context: Context, node: OnnxNode) -> Value:
    shape = shape_of(context, node)
    rank = len(shape)
    permutation = take_ints(node, "perm", tuple(reversed(range(rank))), rank) or ()
    if sorted(permutation) != list(range(rank)) or rank > ops.MAX_TRANSPOSE_RANK:
        raise NotConvertible("its perm is not a permutation of at most 6 axes")
    moved = tuple(shape[i] for i in permutation)
    return move(context, node, lambda value: context.builder.transpose(value, permutation), moved)


def convert_identity(context: Context, node: OnnxNode) -> Value:
    if len(node.outputs) > 1 and node.outputs[1]:
        raise NotConvertible("its mask output is not supported")
    return context.value(node, 0)


def convert_pad(context: Context, node: OnnxNode) -> Value:
    """Constant padding of H and W. The value is stored with the scale that the tensor has before it."""
    shape = need_image_shape(context, node)
    if take_text(node, "mode", "constant") != "constant":
        raise NotConvertible("only mode 'constant' is supported")
    if context.has(node, 3):
        raise NotConvertible("its axes input is not supported; give pads for every axis")
    pads = context.whole_numbers(node, 1, "pads")
    if pads is None or len(pads) != 8 or not all(0 <= p <= MAX_SIDE for p in pads):
        raise NotConvertible("its pads are not 8 small numbers that are at least 0")
    if any(pads[i] for i in (0, 1, 4, 5)):
        raise NotConvertible("only H and W can be padded")
    value = context.numbers(node, 2, "value") or [0.0]
    if len(value) != 1:
        raise NotConvertible("its value is not a single number")
    padding = ops.Padding(pads[2], pads[3], pads[6], pads[7])
    height = shape[2] + padding.top + padding.bottom
    width = shape[3] + padding.left + padding.right
    padded_shape = (1, shape[1], height, width)

    def pad(source: Quantized) -> Quantized:
        target = Target(f"{node.outputs[0]}_padded", source.quant, source.unsigned)
        output, padded = store_spatial(context, target, padded_shape)
        stored = int(quantize(np.array(value, np.float32), source.quant)[0])
        inputs = (context.builder.spatial(source),)
        context.builder.emit(ops.Pad, node.name, inputs, output, padding=padding, value=stored)
        return padded

    return move(context, node, pad, padded_shape)


def convert_concat(context: Context, node: OnnxNode) -> Value:
    parts = [_concat_part(context, node, i) for i in range(len(node.inputs))]
    sources = [part.source for part in parts]
    rank = len(sources[0].shape) if sources else 0
    if not sources or any(len(s.shape) != rank for s in sources) or not 1 <= rank <= 4:
        raise NotConvertible("its inputs are missing, of different rank, or of a rank above 4")
    axis = normalise_axis(take_int(node, "axis", 0), rank)
    if any(
        s.shape[:axis] + s.shape[axis + 1 :] != sources[0].shape[:axis] + sources[0].shape[axis + 1 :]
        for s in sources
    ):
        raise NotConvertible("its inputs do not fit together")
    shape = list(sources[0].shape)
    shape[axis] = sum(s.shape[axis] for s in sources)
    image = rank == 4 and shape[0] == 1

    def finish(target: Target) -> Quantized:
        tables = np.stack([concat_table(part, target) for part in parts])
        tables = np.clip(tables, target.clamp.low, target.clamp.high)
        if np.array_equal(tables, np.broadcast_to(np.arange(-128, 128), tables.shape)):
            tables = np.zeros((0, 256), np.int8)
        held = context.builder.spatial if image else context.builder.plain
        inputs = tuple(held(s) for s in sources)
        output, value = (store_spatial if image else store_plain)(context, target, tuple(shape))
        own_axis = (0, 3, 1, 2)[axis] if image else axis
        context.builder.emit(ops.Concat, node.name, inputs, output, axis=own_axis, tables=tables)
        return value

    return Pending(node.where, tuple(shape), finish)


def _concat_part(context: Context, node: OnnxNode, position: int) -> Pointwise:
    """One input: its integers, and the function of single elements that was applied to them."""
    value = context.value(node, position)
    if isinstance(value, Pointwise):
        return value
    return Pointwise(context.quantized(node, position), lambda real: real)


CONVERTERS: dict[str, Converter] = {
    "Flatten": convert_flatten,
    "Reshape": convert_reshape,
    "Squeeze": convert_squeeze,
    "Unsqueeze": convert_unsqueeze,
    "Transpose": convert_transpose,
    "Identity": convert_identity,
    "Dropout": convert_identity,
    "Pad": convert_pad,
    "Concat": convert_concat,
}
