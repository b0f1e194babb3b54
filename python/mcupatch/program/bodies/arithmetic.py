"""The integer and float arithmetic of requantisation, as TIR expressions.

Formulas: gemmlowp's ``SaturatingRoundingDoublingHighMul`` and ``RoundingDivideByPOT`` for ``fixed``; float32
multiply and round half to even for ``float``; float64 and half away from zero for ``double``.
``ir/reference.py`` states all in NumPy.
"""

from __future__ import annotations

from typing import Any

from mcupatch.ir.ops import Clamp
from mcupatch.ir.quant import Requant, Rounding
from mcupatch.tvm_api import T, tirx

Expr = Any


def i32(value: Expr) -> Expr:
    return tirx.const(value, "int32") if isinstance(value, int) else T.Cast("int32", value)


def i64(value: Expr) -> Expr:
    return tirx.const(value, "int64") if isinstance(value, int) else T.Cast("int64", value)


def f32(value: Expr) -> Expr:
    return tirx.const(value, "float32") if isinstance(value, float) else T.Cast("float32", value)


def hold(value: Expr) -> Expr:
    """``value`` in a one-element buffer, for what is used more than once.

    A let would not do: TVM's simplifier inlines it, walks every copy, and takes minutes for one network.
    """
    dtype = str(tirx.convert(value).ty.dtype)
    cell = T.alloc_buffer((1,), dtype)
    T.buffer_store(cell, value, [0])
    return cell[0]


def multiply_by_quantized_multiplier(x: Expr, multiplier: Expr, shift: Expr) -> Expr:
    """``x * multiplier * 2**(shift - 31)``, rounded twice; ``x`` int32, result int32."""
    zero = tirx.const(0, "int32")
    shift = hold(shift)
    left, right = tirx.max(shift, zero), hold(tirx.max(zero - shift, zero))
    product = i64(x << left) * i64(multiplier)
    high = hold(i32((product + tirx.const(1 << 30, "int64")) >> tirx.const(31, "int64")))
    one = tirx.const(1, "int32")
    mask = hold((one << right) - one)
    threshold = (mask >> one) + tirx.Select(high < zero, one, zero)
    return hold((high >> right) + tirx.Select((high & mask) > threshold, one, zero))


def multiply_once(x: Expr, multiplier: Expr, shift: Expr) -> Expr:
    """The same rounded once; ``shift`` is below 0."""
    right, one = hold(i64(tirx.const(0, "int32") - shift)), tirx.const(1, "int64")
    factor = (i64(multiplier) + ((one << right) >> tirx.const(2, "int64"))) >> (right - one)
    return i32((i64(x) * factor + tirx.const(1 << 31, "int64")) >> tirx.const(32, "int64"))


def clamp_to_int8(value: Expr, clamp: Clamp) -> Expr:
    return T.Cast("int8", tirx.max(tirx.min(value, clamp.high), clamp.low))


def round_half_even(value: Expr, zero_point: int, clamp: Clamp) -> Expr:
    """float32 to int8: clamp, round half to even, add the zero point."""
    low, high = float(clamp.low - zero_point), float(clamp.high - zero_point)
    limited = tirx.max(tirx.min(value, f32(high)), f32(low))
    return T.Cast("int8", i32(T.nearbyint(limited)) + zero_point)


def round_half_away(value: Expr) -> Expr:
    """float64 to int32, halves away from zero; saturates far outside int8."""
    limited = hold(tirx.max(tirx.min(value, tirx.const(1e6, "float64")), tirx.const(-1e6, "float64")))
    whole = hold(i32(limited))  # towards zero
    fraction = hold(limited - T.Cast("float64", whole))
    one, zero, half = tirx.const(1, "int32"), tirx.const(0, "int32"), tirx.const(0.5, "float64")
    return whole + tirx.Select(fraction >= half, one, zero) - tirx.Select(fraction <= -half, one, zero)


class Requantizer:
    """Scales an int32 accumulator of one channel to int8; ``arrays`` are the operator's constant buffers."""

    def __init__(self, requant: Requant, arrays: dict[str, Any], key: str = "requant") -> None:
        self._requant = requant
        self._multiplier = arrays[key + ".multiplier"]
        self._shift = arrays.get(key + ".shift")

    def scale(self, acc: Expr, entry: Expr) -> Expr:
        """int32 (``fixed``, ``single``, ``double``) or float32 (``float``), before zero point and clamp."""
        at = entry if self._requant.channels > 1 else 0
        if self._requant.rounding is Rounding.DOUBLE:
            return round_half_away(T.Cast("float64", acc) * self._multiplier[at])
        if self._requant.rounding is Rounding.FLOAT:
            return f32(acc) * self._multiplier[at]
        if self._requant.rounding is Rounding.SINGLE:
            return multiply_once(acc, self._multiplier[at], self._shift[at])
        return multiply_by_quantized_multiplier(acc, self._multiplier[at], self._shift[at])

    def to_int8(self, acc: Expr, entry: Expr, zero_point: int, clamp: Clamp) -> Expr:
        scaled = self.scale(acc, entry)
        if self._requant.rounding is Rounding.FLOAT:
            return round_half_even(scaled, zero_point, clamp)
        return clamp_to_int8(scaled + zero_point, clamp)
