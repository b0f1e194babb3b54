"""Requantisation in five instructions: which layers allow it, and its two factors for each channel.

With the accumulator doubled, ``q = (2 * sum * multiplier + 2**31) >> 32`` is gemmlowp's doubling high product, and
``(q + (q >> 31)) * 2**(32 - n)``, rounded likewise to its upper word, is ``q / 2**n`` with halves away from zero.
Where that is subtracted, as its negative, n may be 1 as well: ``-2**31`` is an int32.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mcupatch.ir.quant import Requant, Rounding
from mcupatch.ir.reference_requantize import wrap_int32

Ints = NDArray[np.int64]
_LEAST_RIGHT_SHIFT, _MOST_RIGHT_SHIFT = 2, 31  # 2**(32 - n) is a positive int32


def fixed_factors(requant: Requant, channels: int) -> NDArray[np.int32] | None:
    """``[channels, 2]``: multiplier and ``2**(32 - n)`` for a right shift by n; None where a channel has no such form."""
    factors = _wide_factors(requant, _LEAST_RIGHT_SHIFT)
    if factors is None:
        return None
    return np.ascontiguousarray(np.broadcast_to(factors.astype(np.int32), (channels, 2)))


def _wide_factors(requant: Requant, least_shift: int) -> Ints | None:
    """The same in int64 for each entry of ``requant``."""
    if requant.rounding is not Rounding.FIXED:
        return None
    multiplier, shift = requant.multiplier.astype(np.int64), -requant.shift.astype(np.int64)
    shift = np.where(multiplier == 0, _MOST_RIGHT_SHIFT, shift)  # nothing is nothing, however shifted
    if shift.min() < least_shift or shift.max() > _MOST_RIGHT_SHIFT:
        return None
    return np.stack([multiplier, np.left_shift(1, 32 - shift)], axis=1)


def carried_factors(requant: Requant, channels: int) -> NDArray[np.int32] | None:
    """For sums that are not doubled: ``2 * multiplier - 2**32`` and ``-2**(32 - n)``, n from 1 on.

    SMMLAR, which multiplies and adds to the upper word, adds the sum itself for the 2**32 that is missing.
    """
    factors = _wide_factors(requant, 1)
    if factors is None or factors[:, 0].min() < 1 << 30:  # 0: settle_constant_channels knows better
        return None
    carried = np.stack([2 * factors[:, 0] - (1 << 32), -factors[:, 1]], axis=1).astype(np.int32)
    return np.ascontiguousarray(np.broadcast_to(carried, (channels, 2)))


def fold_zero_point(bias: NDArray[np.int32], weights: Ints, input_zero_point: int) -> NDArray[np.int32]:
    """The bias ``[O]`` that goes with inputs as they are stored, ``weights [O, taps]``; it wraps, as sums do."""
    return wrap_int32(bias.astype(np.int64) - input_zero_point * weights.astype(np.int64).sum(axis=1))


def fold_zero_point_within(bias: NDArray[np.int32], weights: Ints, input_zero_point: int) -> Ints | None:
    """The same in int64, or None where twice a sum, or a part of one, could leave int32."""
    wide = weights.astype(np.int64)
    folded: Ints = bias.astype(np.int64) - input_zero_point * wide.sum(axis=1)
    largest = np.abs(folded) + 128 * np.abs(wide).sum(axis=1)
    return folded if int(largest.max(initial=0)) < 1 << 30 else None
