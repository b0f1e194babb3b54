"""The exponentials of LiteRT's reference softmax, in gemmlowp's fixed point.

Numbers are raw int32 of the format Qi.f: i integer bits, f fraction bits, 1 sign bit.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from mcupatch.ir.quant import quantize_multiplier
from mcupatch.ir.reference_requantize import divide_by_power_of_two, high_product

INT32_MAX = (1 << 31) - 1
INTEGER_BITS = 5  # a scaled difference is Q5.26
FRACTION_BITS = 31 - INTEGER_BITS


def exponential_table(input_scale: float, beta: float) -> NDArray[np.int32]:
    """int32 ``[256]``: entry ``255 - d`` is ``exp(-d * input_scale * beta)`` in Q0.31.

    0 where the scaled difference would leave Q5.26: there the reference skips the element.
    """
    real = min(beta * input_scale * (1 << FRACTION_BITS), INT32_MAX)
    multiplier, shift = quantize_multiplier(real)
    table = np.zeros(256, np.int32)
    largest_difference = math.floor(((1 << INTEGER_BITS) - 1) * 2.0 ** (FRACTION_BITS - shift))
    for d in range(min(largest_difference, 255) + 1):
        shifted = np.int64(-d * 2**shift) if shift >= 0 else np.int64(0)
        table[255 - d] = exponential(int(high_product(shifted, np.int64(multiplier))))
    return table


def exponential(value: int) -> int:
    """``exp(value)`` of a Q5.26 value that is not positive, as Q0.31.

    The value is split into a rest in [-1/4, 0) and powers of two; the exponentials of the powers are multiplied
    on (gemmlowp's ``exp_on_negative_values``).
    """
    if value == 0:
        return INT32_MAX
    quarter = 1 << (FRACTION_BITS - 2)
    rest = (value & (quarter - 1)) - quarter
    result = exponential_of_rest(rest << INTEGER_BITS)
    powers = rest - value
    for exponent in range(-2, INTEGER_BITS):
        if powers & (1 << (FRACTION_BITS + exponent)):
            result = multiply(result, round(math.exp(-(2.0**exponent)) * (1 << 31)))
    return result


def exponential_of_rest(value: int) -> int:
    """``exp(value)`` for Q0.31 in [-1/4, 0): a Taylor series of degree 4 around -1/8."""
    centre = round(math.exp(-1 / 8) * (1 << 31))
    third = round((1 << 31) / 3)
    x = value + (1 << 28)
    x2 = multiply(x, x)
    x3 = multiply(x2, x)
    x4 = multiply(x2, x2)
    quartic_and_cubic = multiply(halve(x4, 2) + x3, third)
    return centre + multiply(centre, x + halve(quartic_and_cubic + x2, 1))


def multiply(a: int, b: int) -> int:
    return int(high_product(np.int64(a), np.int64(b)))


def halve(value: int, times: int) -> int:
    return int(divide_by_power_of_two(np.int64(value), np.int64(times)))
