"""The oracle's softmax: LiteRT's reference kernel in gemmlowp fixed point, and a float32 form.

Numbers are raw int32 of the format Qi.f: i integer bits, f fraction bits, 1 sign bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcupatch.ir import ops
from mcupatch.ir.quant import INT8_MAX, INT8_MIN, Rounding
from mcupatch.ir.reference_requantize import divide_by_power_of_two, high_product

Ints = NDArray[np.int64]
INT32_MAX = (1 << 31) - 1
SUM_INTEGER_BITS = 12  # the sum of exponentials is Q12.19
Q2_48_OVER_17 = 1515870810
Q2_MINUS_32_OVER_17 = -1010580540


def saturating_shift_left(values: Ints, bits: int) -> Ints:
    return np.asarray(np.clip(values << bits, -(1 << 31), INT32_MAX), np.int64)


def reciprocal_of_sum(total: Ints) -> tuple[Ints, Ints]:
    """``1 / total`` of Q12.19 sums that are at least 1: Q0.31 mantissas, and how many bits to shift them right.

    ``total`` is scaled to [1, 2) by its leading zeros; three Newton steps divide (gemmlowp's
    ``one_over_one_plus_x_for_x_in_0_1``).
    """
    leading_zeros = np.array([32 - int(t).bit_length() for t in total.ravel()], np.int64).reshape(total.shape)
    fraction = (total << leading_zeros) - (1 << 31)  # Q0.31 in [0, 1)
    half = (fraction + INT32_MAX + 1) // 2  # half of the denominator, Q0.31
    x = Q2_48_OVER_17 + high_product(half, np.int64(Q2_MINUS_32_OVER_17))  # Q2.29
    for _ in range(3):
        error = (1 << 29) - high_product(half, x)
        x = x + saturating_shift_left(high_product(x, error), 2)  # the product is Q4.27
    return saturating_shift_left(x, 1), SUM_INTEGER_BITS - leading_zeros


def softmax_fixed(table: NDArray[Any], x: NDArray[np.int8]) -> NDArray[np.int8]:
    below = x.max(axis=-1, keepdims=True).astype(np.int64) - x
    exponentials = table.astype(np.int64)[255 - below]  # Q0.31
    total = divide_by_power_of_two(exponentials, np.int64(SUM_INTEGER_BITS)).sum(axis=-1, keepdims=True)
    reciprocal, shift = reciprocal_of_sum(total)
    quotient = divide_by_power_of_two(high_product(reciprocal, exponentials), shift + 31 - 8)  # in 1/256
    return np.asarray(np.clip(quotient + INT8_MIN, INT8_MIN, INT8_MAX), np.int8)


def softmax_float(op: ops.Softmax, x: NDArray[np.int8]) -> NDArray[np.int8]:
    """Exponentials summed in order in float32; the quotient rounds half to even."""
    below = x.max(axis=-1, keepdims=True).astype(np.int32) - x
    exponentials = op.table.astype(np.float32)[255 - below]
    total = np.add.accumulate(exponentials, axis=-1, dtype=np.float32)[..., -1:]
    whole = np.rint(exponentials * np.float32(op.output_scale) / total) + op.output_zero_point
    return np.asarray(np.clip(whole, INT8_MIN, INT8_MAX), np.int8)


def softmax(op: ops.Softmax, x: NDArray[np.int8]) -> NDArray[np.int8]:
    """``x`` is ``[..., channels]``: one softmax for each row of channels."""
    return softmax_fixed(op.table, x) if op.rounding is Rounding.FIXED else softmax_float(op, x)
