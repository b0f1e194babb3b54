"""The short requantisation against gemmlowp's, where they could part: ties, ends of int32, every shift."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mcupatch.ir.ops import Clamp
from mcupatch.ir.quant import Requant, Rounding
from mcupatch.ir.reference_requantize import requantize_fixed
from mcupatch.packing.fixed_factors import carried_factors


def short_form(sums: NDArray[np.int64], factors: NDArray[np.int32], zero_point: int) -> NDArray[np.int64]:
    """SMMLAR, ADD and SMMLSR, then SSAT."""
    multiplier, factor = factors.astype(np.int64).T
    half = 1 << 31
    high = ((sums << 32) + sums * multiplier + half) >> 32
    scaled = ((np.int64(zero_point) << 32) - (high + (high >> 31)) * factor + half) >> 32
    return np.asarray(np.clip(scaled, -128, 127))


def test_every_shift_and_the_ends_of_a_sum() -> None:
    rng = np.random.default_rng(0)
    for right in range(1, 32):
        ends = [1 << 30, (1 << 31) - 1, (1 << 30) + 1, (1 << 31) - (1 << 7)]
        multiplier = np.concatenate([ends, rng.integers(1 << 30, 1 << 31, 60)]).astype(np.int32)
        requant = Requant(Rounding.FIXED, multiplier, np.full(multiplier.size, -right, np.int32))
        factors = carried_factors(requant, multiplier.size)
        assert factors is not None
        ties = (
            (np.arange(-300, 300) << right) // 2 * 2
        )  # with the multiplier 2**30: halves, and their neighbours
        sums = np.concatenate([ties - 1, ties, ties + 1, rng.integers(-(1 << 30), 1 << 30, 200)])
        sums = np.concatenate([sums, [-(1 << 30), (1 << 30) - 1, 0, 1, -1]])
        sums = np.clip(sums, -(1 << 30), (1 << 30) - 1)[:, None]
        for zero_point in (-128, 0, 127):
            expected = requantize_fixed(sums, requant, zero_point, Clamp())
            assert np.array_equal(short_form(sums, factors, zero_point), expected)
