"""Requantisation of depthwise sums in three instructions, whatever the shift: two factors a channel.

    q = SMMLAR(sum, m, sum)        m = 2 * multiplier - 2**32: gemmlowp's rounding doubling high product
    SSAT(SMMLSR(q, d, zero point)) d = -2**(32 - n): the shift by n, halves up where gemmlowp has them away from zero

With ``d = -(2**(32 - n) + 1)`` the product lies ``|q| / 2**32`` further from zero. That decides every half, and nothing
else as long as ``|q| < 2**(32 - n)``: always, for a result that int8 can show, if ``2 <= n <= 12``. A layer with a
channel for which neither that holds nor its halves may go either way takes one instruction more, ``q += q >> 31``.

A channel with ``n <= 0`` has only the first rounding, which the second instruction does: ``m = 0``, so that q is the
sum, of weights times ``-2**(1 - n)``, and ``d = multiplier``, which is positive: its q is not corrected.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcupatch.ir.quant import Requant, Rounding

Ints = NDArray[np.int64]
_LEAST_MULTIPLIER, _MOST_RIGHT_SHIFT = 1 << 30, 31
_MOST_LEFT_SHIFT = 8  # beyond it few weights stay in int16
_INT8_BITS = 8


@dataclass(frozen=True, eq=False)
class DepthwiseFactors:
    """``words`` int32 ``[C, 2]``: m and d. ``scale [C]``: what goes into weights and biases."""

    words: NDArray[np.int32]
    scale: Ints
    corrects_halves: bool


def depthwise_factors(
    requant: Requant, largest_sums: Ints, shows_below_zero_point: bool
) -> DepthwiseFactors | None:
    """``largest_sums [C]``: the most that a sum differs from 0. None where a channel has no such form.

    Without values below the zero point, negative halves may go either way.
    """
    if requant.rounding is not Rounding.FIXED:
        return None
    channels = largest_sums.size
    multiplier: Ints = np.broadcast_to(requant.multiplier, channels).astype(np.int64)
    shift: Ints = -np.broadcast_to(requant.shift, channels).astype(np.int64)
    if (
        multiplier.min() < _LEAST_MULTIPLIER
        or shift.max() > _MOST_RIGHT_SHIFT
        or shift.min() < -_MOST_LEFT_SHIFT
    ):
        return None
    n = np.maximum(shift, 1)
    unit = np.left_shift(np.int64(1), 32 - n)
    largest = ((largest_sums * multiplier) >> 31) + 1
    shown = np.minimum(largest, 511 << (n + _INT8_BITS - 9))
    meets_half = largest >= np.left_shift(np.int64(1), n - 1)
    can_nudge = (n > 1) & (shown < unit)
    single = shift <= 0
    corrects = shows_below_zero_point and bool((~single & meets_half & ~can_nudge).any())
    nudge = 0 if corrects else (meets_half & can_nudge).astype(np.int64)
    words = np.stack(
        [np.where(single, 0, 2 * multiplier - (1 << 32)), np.where(single, multiplier, -unit - nudge)], axis=1
    )
    scale = np.where(single, -np.left_shift(np.int64(2), np.maximum(-shift, 0)), 1)
    return DepthwiseFactors(words.astype(np.int32), scale, corrects)
