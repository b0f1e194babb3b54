"""Operators that only copy elements, done to the integers whether they are there yet or not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from mcupatch.importer.onnx_converters.context import Context, NotConvertible, describe_float
from mcupatch.importer.onnx_converters.values import (
    Dequantized,
    FloatInput,
    Moved,
    Pending,
    Pointwise,
    Quantized,
    Shape,
    Value,
)
from mcupatch.importer.onnx_reader import OnnxNode

Move = Callable[[Quantized], Quantized]


def shape_of(context: Context, node: OnnxNode) -> Shape:
    """The shape of the node's first input, an activation."""
    value = context.value(node, 0)
    if isinstance(value, Dequantized | Pointwise):
        return value.source.shape
    if isinstance(value, FloatInput | Pending | Moved):
        return value.shape
    raise NotConvertible(describe_float(value))


def move(context: Context, node: OnnxNode, action: Move, shape: Shape) -> Value:
    """``action`` now, or after the QuantizeLinear that is still to come: the values are the same.

    Quantising keeps the order of values, so taking a maximum is such an action too.
    """
    value = context.value(node, 0)
    if isinstance(value, Dequantized):
        return Dequantized(action(value.source))
    if isinstance(value, Moved):
        return replace(value, shape=shape, moves=(*value.moves, action))
    if isinstance(value, FloatInput | Pending | Pointwise):
        return Moved(value, shape, (action,))
    raise NotConvertible(describe_float(value))


def need_image_shape(context: Context, node: OnnxNode) -> Shape:
    """The input's shape, which must be ``[1, C, H, W]``."""
    shape = shape_of(context, node)
    if len(shape) != 4 or shape[0] != 1:
        raise NotConvertible(f"its input has shape {list(shape)}, only [1, C, H, W] is supported")
    return shape
