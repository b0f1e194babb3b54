"""Scaling of int32 accumulators back to int8, in NumPy: the arithmetic that every rounding promises."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcupatch.ir.ops import Clamp
from mcupatch.ir.quant import Requant, Rounding

Ints = NDArray[Any] | np.int64  # integers of any width: the formulas say where a width matters


def wrap_int32(values: Ints) -> NDArray[np.int32]:
    """Keep the low 32 bits, as an accumulator of the hardware does."""
    return np.asarray(values.astype(np.int64).astype(np.int32))


def high_product(values: Ints, multiplier: Ints) -> NDArray[np.int64]:
    """``round(values * multiplier / 2**31)``, halves up (gemmlowp's SaturatingRoundingDoublingHighMul).

    The one product that saturates there, of twice -2**31, does not occur here.
    """
    product: NDArray[np.int64] = values.astype(np.int64) * multiplier.astype(np.int64)
    return (product + (1 << 30)) >> 31


def divide_by_power_of_two(values: Ints, exponent: Ints) -> NDArray[np.int64]:
    """``round(values / 2**exponent)``, halves away from zero (gemmlowp's RoundingDivideByPOT)."""
    wide = np.asarray(values, np.int64)
    power = np.left_shift(np.int64(1), exponent.astype(np.int64))
    rounded: NDArray[np.int64] = np.sign(wide) * ((np.abs(wide) + power // 2) // power)
    return rounded


def multiply_fixed(values: Ints, multiplier: Ints, shift: Ints) -> NDArray[np.int64]:
    """``values * multiplier * 2**(shift - 31)``, rounded twice (LiteRT's MultiplyByQuantizedMultiplier).

    ``multiplier`` and ``shift`` broadcast against the last axis of ``values``.
    """
    shift = shift.astype(np.int64)
    shifted = wrap_int32(values.astype(np.int64) << np.maximum(shift, 0))
    return divide_by_power_of_two(high_product(shifted, multiplier), np.maximum(-shift, 0))


def requantize_fixed(acc: Ints, requant: Requant, zero_point: int, clamp: Clamp) -> NDArray[np.int8]:
    scaled = multiply_fixed(acc, requant.multiplier, requant.shift) + zero_point
    return np.clip(scaled, clamp.low, clamp.high).astype(np.int8)


def requantize_single(acc: Ints, requant: Requant, zero_point: int, clamp: Clamp) -> NDArray[np.int8]:
    """Rounded once, halves up."""
    scaled = (acc.astype(np.int64) * requant.single_factors + (1 << 31)) >> 32
    return np.asarray(np.clip(scaled + zero_point, clamp.low, clamp.high), np.int8)


def requantize_float(acc: Ints, requant: Requant, zero_point: int, clamp: Clamp) -> NDArray[np.int8]:
    scaled = acc.astype(np.float32) * requant.multiplier.astype(np.float32)
    return round_half_even(scaled, zero_point, clamp)


def requantize_double(acc: Ints, requant: Requant, zero_point: int, clamp: Clamp) -> NDArray[np.int8]:
    """The product in float64, rounded half away from zero; trunc and the fraction are exact."""
    scaled = acc.astype(np.float64) * requant.multiplier.astype(np.float64)
    whole = np.trunc(scaled)
    rounded = whole + (scaled - whole >= 0.5) - (scaled - whole <= -0.5)
    return np.asarray(np.clip(rounded + zero_point, clamp.low, clamp.high), np.int8)


def round_half_even(scaled: NDArray[np.float32], zero_point: int, clamp: Clamp) -> NDArray[np.int8]:
    """Clamp in float32, round half to even, add the zero point."""
    low, high = np.float32(clamp.low - zero_point), np.float32(clamp.high - zero_point)
    rounded: NDArray[np.int32] = np.rint(np.clip(scaled, low, high)).astype(np.int32)
    return (rounded + zero_point).astype(np.int8)


def requantize(acc: Ints, requant: Requant, zero_point: int, clamp: Clamp) -> NDArray[np.int8]:
    """int32 accumulators ``[..., channels]`` to int8. ``requant`` has one entry, or one for each channel."""
    if requant.rounding is Rounding.FIXED:
        return requantize_fixed(acc, requant, zero_point, clamp)
    if requant.rounding is Rounding.SINGLE:
        return requantize_single(acc, requant, zero_point, clamp)
    if requant.rounding is Rounding.DOUBLE:
        return requantize_double(acc, requant, zero_point, clamp)
    return requantize_float(acc, requant, zero_point, clamp)
