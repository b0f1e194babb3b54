"""Depthwise requantisation: what its two factors do to a sum is the reference's result, halves and all."""

from __future__ import annotations

import numpy as np
import pytest

from mcupatch.ir.ops import Clamp
from mcupatch.ir.quant import Requant, Rounding, make_requant
from mcupatch.ir.reference_requantize import requantize
from mcupatch.packing.depthwise_factors import DepthwiseFactors, depthwise_factors

MOST = (1 << 30) - 1


def scale_sums(sums: np.ndarray, factors: DepthwiseFactors, zero_point: int) -> np.ndarray:
    """What the kernels do with sums ``[N, C]``, of integers without bounds."""
    multiplier, divisor = factors.words.astype(np.int64).T
    sums = sums * factors.scale
    assert np.abs(sums).max() < 1 << 31
    high = sums + ((sums * multiplier + (1 << 31)) >> 32)
    if factors.corrects_halves:
        high = high - ((high < 0) & (divisor < 0))
    value = ((zero_point << 32) - high * divisor + (1 << 31)) >> 32
    return np.clip(value, -128, 127).astype(np.int8)


def halves(multiplier: int, n: int, most: int) -> np.ndarray:
    """Sums from -most to most: the ends, and those around where a result of int8, or one beyond, becomes the next."""
    q = np.clip(np.arange(-517, 518, 2) << max(n - 1, 0), -most, most)
    near = ((q << 31) // multiplier)[:, None] + np.arange(-2, 3)
    rng = np.random.default_rng(n + 3)
    sums = np.concatenate(
        [near.reshape(-1), rng.integers(-most, most + 1, 500), np.arange(-64, 65), [most, -most]]
    )
    return np.clip(sums, -most, most)


def fixed(multiplier: int, n: int) -> Requant:
    return Requant(Rounding.FIXED, np.array([multiplier], np.int32), np.array([-n], np.int32))


@pytest.mark.parametrize("n", range(-3, 32))
@pytest.mark.parametrize("low_at_zero", [False, True])
@pytest.mark.parametrize("zero_point", [-128, -3, 127])
def test_sums_become_what_the_reference_says(n: int, low_at_zero: bool, zero_point: int) -> None:
    clamp = Clamp(zero_point if low_at_zero else -128, 127)
    rng = np.random.default_rng(40 + n)
    for multiplier in (1 << 30, (1 << 30) + 1, 3 << 29, (1 << 31) - 1, *rng.integers(1 << 30, 1 << 31, 3)):
        for most in (300, 40_000, 1 << 20, MOST >> max(0, -n)):
            sums = halves(int(multiplier), n, most)
            factors = depthwise_factors(fixed(multiplier, n), np.array([most]), clamp.low < zero_point)
            assert factors is not None
            got = np.maximum(scale_sums(sums[:, None], factors, zero_point), clamp.low)
            expected = requantize(sums[:, None], fixed(multiplier, n), zero_point, clamp)
            assert np.array_equal(got, expected), (multiplier, n, most)


def test_channels_of_one_layer_need_not_be_alike() -> None:
    """One that shifts by 1 needs the correction, one that does not shift must not have it."""
    shifts = np.array([0, 1, -2, 7, 20, 31], np.int32)
    requant = Requant(Rounding.FIXED, np.full(6, (1 << 30) + 1, np.int32), -shifts)
    factors = depthwise_factors(requant, np.full(6, 1 << 24), True)
    assert factors is not None and factors.corrects_halves
    rng = np.random.default_rng(3)
    sums = np.concatenate(
        [rng.integers(-(1 << 24), 1 << 24, (500, 6)), np.arange(-200, 200)[:, None].repeat(6, 1)]
    )
    expected = requantize(sums, requant, 5, Clamp(-128, 127))
    assert np.array_equal(scale_sums(sums, factors, 5), expected)


@pytest.mark.parametrize(("n", "most", "corrects"), [(1, 9, True), (2, MOST, False), (12, MOST, False)])
def test_only_halves_that_show_are_corrected(n: int, most: int, corrects: bool) -> None:
    factors = depthwise_factors(fixed(3 << 29, n), np.array([most]), True)
    assert factors is not None and factors.corrects_halves == corrects
    positive = depthwise_factors(fixed(3 << 29, n), np.array([most]), False)
    assert positive is not None and not positive.corrects_halves


def test_what_cannot_be_so_scaled() -> None:
    largest = np.array([1000])
    assert depthwise_factors(fixed(3 << 29, 32), largest, True) is None
    assert depthwise_factors(fixed((1 << 30) - 1, 3), largest, True) is None
    assert depthwise_factors(make_requant(Rounding.FLOAT, np.array([0.1])), largest, True) is None
