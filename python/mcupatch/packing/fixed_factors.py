"""Requantisation in five instructions: which layers allow it, and its two factors for each channel.

With the accumulator doubled, ``q = (2 * sum * multiplier + 2**31) >> 32`` is gemmlowp's doubling high product, and
``(q + (q >> 31)) * 2**(32 - n)``, rounded likewise to its upper word, is ``q / 2**n`` with halves away from zero.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mcupatch.ir.quant import Requant, Rounding

Ints = NDArray[np.int64]
_LEAST_RIGHT_SHIFT, _MOST_RIGHT_SHIFT = 2, 31  # 2**(32 - n) is a positive int32


def fixed_factors(requant: Requant, channels: int) -> NDArray[np.int32] | None:
    """``[channels, 2]``: multiplier and ``2**(32 - n)`` for a right shift by n; None where a channel has no such form."""
    if requant.rounding is not Rounding.FIXED:
        return None
    multiplier, shift = requant.multiplier.astype(np.int64), -requant.shift.astype(np.int64)
    shift = np.where(multiplier == 0, _MOST_RIGHT_SHIFT, shift)  # nothing is nothing, however shifted
    if shift.min() < _LEAST_RIGHT_SHIFT or shift.max() > _MOST_RIGHT_SHIFT:
        return None
    factors = np.stack([multiplier, np.left_shift(1, 32 - shift)], axis=1).astype(np.int32)
    return np.ascontiguousarray(np.broadcast_to(factors, (channels, 2)))


def carried_factors(requant: Requant, channels: int) -> NDArray[np.int32] | None:
    """The same for sums that are not doubled: ``2 * multiplier - 2**32`` in place of the multiplier.

    SMMLAR, which multiplies and adds to the upper word, adds the sum itself for the 2**32 that is missing.
    """
    factors = fixed_factors(requant, channels)
    if factors is None:
        return None
    multiplier = factors[:, 0].astype(np.int64)
    if multiplier.min() < 1 << 30:  # 0: settle_constant_channels knows better
        return None
    return np.stack([(2 * multiplier - (1 << 32)).astype(np.int32), factors[:, 1]], axis=1)


def fold_zero_point(bias: NDArray[np.int32], weights: NDArray[np.int8], input_zero_point: int) -> Ints | None:
    """The bias ``[O]`` that goes with inputs as they are stored, ``weights [O, taps]``.

    None where twice a sum, or a part of one, could leave int32.
    """
    wide = weights.astype(np.int64)
    folded: Ints = bias.astype(np.int64) - input_zero_point * wide.sum(axis=1)
    largest = np.abs(folded) + 128 * np.abs(wide).sum(axis=1)
    return folded if int(largest.max(initial=0)) < 1 << 30 else None
