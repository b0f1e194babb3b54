"""What every converter is given: the node's values, typed access to attributes, and the graph under construction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcupatch.importer.onnx_converters.builder import GraphBuilder
from mcupatch.importer.onnx_converters.values import (
    ConstantReal,
    Dequantized,
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
from mcupatch.importer.onnx_reader import OnnxNode
from mcupatch.ir.quant import Rounding

Array = NDArray[Any]


class NotConvertible(Exception):
    """This node cannot be converted; the text says why and what would help."""


class UsesUnknown(Exception):
    """This node reads the result of one that could not be converted."""


@dataclass(frozen=True, eq=False)
class Context:
    builder: GraphBuilder
    values: dict[str, Value]
    opset: int
    rounding: Rounding
    channels_last_ends: frozenset[str] = frozenset()  # inputs and outputs to be held as [1, H, W, C]

    def is_channels_last(self, end: str, shape: Shape) -> bool:
        """Whether an input or output of ONNX shape ``[1, C, H, W]`` is to be held as ``[1, H, W, C]``."""
        return end in self.channels_last_ends and len(shape) == 4

    def value(self, node: OnnxNode, position: int) -> Value:
        """Input number ``position``, which must be given. Raises NotConvertible, UsesUnknown."""
        name = node.input(position)
        if not name:
            raise NotConvertible(f"its input {position} is missing")
        value = self.values[name]
        if isinstance(value, Unknown):
            raise UsesUnknown
        return value

    def quantized(self, node: OnnxNode, position: int) -> Quantized:
        """The int8 activation behind a dequantised input."""
        value = self.value(node, position)
        if isinstance(value, Dequantized):
            return value.source
        raise NotConvertible(describe_float(value))

    def constant(self, node: OnnxNode, position: int) -> ConstantReal:
        value = self.value(node, position)
        if isinstance(value, ConstantReal):
            return value
        raise NotConvertible(f"its input {position} is not a constant")

    def has(self, node: OnnxNode, position: int) -> bool:
        return bool(node.input(position))

    def numbers(self, node: OnnxNode, position: int, attribute: str) -> list[float] | None:
        """A list that newer opsets give as a constant input and older ones as an attribute; None if left out."""
        if self.has(node, position):
            return [float(v) for v in np.ravel(self.constant(node, position).real)]
        value = node.attributes.get(attribute)
        if value is None:
            return None
        if isinstance(value, (int, float)):
            return [float(value)]
        if isinstance(value, tuple):
            return [float(v) for v in value]
        raise NotConvertible(f"its attribute {attribute} has the wrong type")

    def whole_numbers(self, node: OnnxNode, position: int, attribute: str) -> list[int] | None:
        found = self.numbers(node, position, attribute)
        if found is None:
            return None
        if not all(np.isfinite(v) and v == int(v) and abs(v) < 1 << 31 for v in found):
            raise NotConvertible(f"its {attribute} are not whole numbers")
        return [int(v) for v in found]


def describe_float(value: Value) -> str:
    """Why a value that should be a dequantised activation is not one."""
    if isinstance(value, Pending | Pointwise | Moved):
        return "its input is not quantised; quantise the operator before it too (op_types_to_quantize)"
    if isinstance(value, ConstantReal):
        return "its input is a constant"
    if isinstance(value, (Quantized, QuantizedConstant)):
        return "it computes on integers directly; use the QDQ format (QuantFormat.QDQ)"
    return "its input is float and not quantised first"


def take_int(node: OnnxNode, name: str, default: int) -> int:
    value = node.attributes.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int):
        raise NotConvertible(f"its attribute {name} is not a whole number")
    return value


def take_float(node: OnnxNode, name: str, default: float) -> np.float32:
    value = node.attributes.get(name, default)
    if not isinstance(value, (int, float)) or not np.isfinite(value):
        raise NotConvertible(f"its attribute {name} is not a number")
    return np.float32(value)


def take_text(node: OnnxNode, name: str, default: str) -> str:
    value = node.attributes.get(name, default)
    if not isinstance(value, str):
        raise NotConvertible(f"its attribute {name} is not a text")
    return value


def take_ints(
    node: OnnxNode, name: str, default: tuple[int, ...] | None, length: int
) -> tuple[int, ...] | None:
    """A list attribute of exactly ``length`` whole numbers, or ``default`` where it is left out."""
    value = node.attributes.get(name)
    if value is None:
        return default
    if not isinstance(value, tuple) or len(value) != length or not all(isinstance(v, int) for v in value):
        raise NotConvertible(f"its attribute {name} is not a list of {length} whole numbers")
    return value


def need_rank(value: Quantized, rank: int) -> Quantized:
    if len(value.shape) != rank:
        raise NotConvertible(f"its input has rank {len(value.shape)}, only rank {rank} is supported")
    return value


def normalise_axis(axis: int, rank: int) -> int:
    if not -rank <= axis < rank:
        raise NotConvertible(f"axis {axis} does not exist in a tensor of rank {rank}")
    return axis % rank


def store_spatial(context: Context, target: Target, shape: Shape) -> tuple[str, Quantized]:
    """A new output tensor for ONNX shape ``[1, C, H, W]``, held as ``[1, H, W, C]``, and its value."""
    batch, channels, height, width = shape
    name = context.builder.add_tensor(target.name, (batch, height, width, channels), "int8", target.quant)
    return name, Quantized(shape, target.quant, target.unsigned, Storage(spatial=name, spatial_shape=shape))


def store_plain(context: Context, target: Target, shape: Shape) -> tuple[str, Quantized]:
    """A new output tensor with its elements in ONNX's order, and its value."""
    name = context.builder.add_tensor(target.name, shape, "int8", target.quant)
    return name, Quantized(shape, target.quant, target.unsigned, Storage(plain=name))


Converter = Callable[[Context, OnnxNode], Value]
