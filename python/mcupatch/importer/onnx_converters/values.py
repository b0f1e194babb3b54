"""What an ONNX value name stands for while a QDQ model is read.

In a QDQ model operators compute on real numbers between a DequantizeLinear and a QuantizeLinear. The integers are
the truth; real values are only promises:

    Quantized      an int8 activation (uint8 ones are shifted by 128 on entry)
    Dequantized    the real value of a Quantized: what DequantizeLinear gives
    Pointwise      a function of one Quantized, element by element, not stored yet
    Pending        an operator's result that waits for the QuantizeLinear which says how to store it
    FloatInput     a float32 model input
    Moved          one of the last three after data movements, which are done after its QuantizeLinear instead
    ConstantReal   a constant, with its integers where it was stored quantised
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcupatch.ir.ops import Clamp
from mcupatch.ir.quant import QuantParams

Array = NDArray[Any]
Shape = tuple[int, ...]
Float32Array = NDArray[np.float32]


@dataclass
class Storage:
    """The tensors of the graph that hold a value's elements, made when first asked for.

    ``plain`` holds them in ONNX's order, under any shape; ``spatial`` holds ``[1, H, W, C]`` of a value whose
    ONNX shape is ``spatial_shape`` = ``[1, C, H, W]``. At least one of the two is there.
    """

    plain: str | None = None
    spatial: str | None = None
    spatial_shape: Shape = ()


class _OfModel:
    """How int8 values, held 128 lower where the model's own type is uint8, look in the model's integers."""

    quant: QuantParams
    unsigned: bool

    @property
    def domain_shift(self) -> int:
        """What to add to a stored int8 value to get the integer that onnxruntime computes with."""
        return 128 if self.unsigned else 0

    @property
    def model_zero_point(self) -> int:
        return self.quant.zero_point + self.domain_shift


@dataclass(frozen=True, eq=False)
class Quantized(_OfModel):
    """``shape`` is ONNX's. ``quant`` is of the int8 value; ``unsigned``: the model stores it as uint8, 128 higher."""

    shape: Shape
    quant: QuantParams
    unsigned: bool
    storage: Storage

    def viewed_as(self, shape: Shape) -> Quantized:
        """The same elements in the same order under another shape."""
        return replace(self, shape=shape)


@dataclass(frozen=True, eq=False)
class Dequantized:
    source: Quantized


@dataclass(frozen=True)
class Target(_OfModel):
    """How a QuantizeLinear wants a value stored, in int8 terms, and what to call it."""

    name: str
    quant: QuantParams
    unsigned: bool
    clamp: Clamp = Clamp()


@dataclass(frozen=True, eq=False)
class Pointwise:
    source: Quantized
    function: Callable[[Float32Array], Float32Array]


@dataclass(frozen=True, eq=False)
class Pending:
    """``finish`` emits the operator. ``low`` and ``high`` are the real bounds of a relu or clip that came after it."""

    where: str
    shape: Shape
    finish: Callable[[Target], Quantized]
    low: float = -np.inf
    high: float = np.inf


@dataclass(frozen=True, eq=False)
class FloatInput:
    """``name`` is its tensor, ``end`` what the model calls it, ``shape`` ONNX's."""

    name: str
    end: str
    shape: Shape


@dataclass(frozen=True, eq=False)
class Moved:
    """``moves`` commute with quantising: they copy elements, or take the largest of some."""

    base: Pointwise | Pending | FloatInput
    shape: Shape
    moves: tuple[Callable[[Quantized], Quantized], ...]


@dataclass(frozen=True, eq=False)
class ConstantReal:
    """``real`` float32 or integers as they are. ``stored``: the int8 integers and their parameters, if quantised.

    ``scale`` and ``zero_point`` are 1-D: one entry, or one for each index along ``axis``.
    """

    real: Array
    stored: Array | None = None
    scale: Float32Array = field(default_factory=lambda: np.zeros(0, np.float32))
    zero_point: Array = field(default_factory=lambda: np.zeros(0, np.int64))
    axis: int = 0
    unsigned: bool = False


@dataclass(frozen=True, eq=False)
class QuantizedConstant:
    """Integers of the model that no DequantizeLinear has read yet, in the model's own type."""

    values: Array


@dataclass(frozen=True)
class Unknown:
    """The result of a node that is not supported; what reads it is passed over, the error names the first one."""


Value = (
    Quantized
    | Dequantized
    | Pointwise
    | Pending
    | FloatInput
    | Moved
    | ConstantReal
    | QuantizedConstant
    | Unknown
)
