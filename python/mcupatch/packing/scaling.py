"""What follows the sums of a convolution by tiles: the kernel's requantisation and its two words for each channel."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from mcupatch.ir.quant import Requant, Rounding
from mcupatch.packing.fixed_factors import Ints, carried_factors, fold_zero_point, fold_zero_point_within

Words = NDArray[np.int32]


class Tail(Enum):
    """``conv_tiles.h``: the short form of fixed rounding, single and float rounding, and fixed rounding without bounds."""

    FIXED = "fixed"
    SINGLE = "single"
    FLOAT = "float"
    ANY = "any"


@dataclass(frozen=True, eq=False)
class Scaling:
    """``bias`` ``[O]`` for inputs as they are stored, ``factors`` ``[O, 2]``."""

    tail: Tail
    bias: Words
    factors: Words


def find_scaling(
    requant: Requant, bias: NDArray[np.int32], weights: Ints, input_zero_point: int
) -> Scaling | None:
    """The fastest one that is exact for ``weights [O, taps]``, their zero point subtracted; None: there is none."""
    channels = bias.size
    if requant.rounding is Rounding.FIXED:
        within = fold_zero_point_within(bias, weights, input_zero_point)
        factors = carried_factors(requant, channels)
        if within is not None and factors is not None:
            return Scaling(Tail.FIXED, within.astype(np.int32), factors)
        tail, words = Tail.ANY, fixed_words(requant, channels)
    elif requant.rounding is Rounding.FLOAT:
        tail, words = Tail.FLOAT, float_words(requant, channels)
    elif requant.rounding is Rounding.SINGLE:
        tail, words = Tail.SINGLE, single_words(requant, channels)
    else:
        return None
    return Scaling(tail, fold_zero_point(bias, weights, input_zero_point), words)


def fixed_words(requant: Requant, channels: int) -> Words:
    """``[channels, 2]``: multiplier and shift as they are."""
    return np.stack([np.broadcast_to(x, channels) for x in (requant.multiplier, requant.shift)], 1).astype(
        np.int32
    )


def single_words(requant: Requant, channels: int) -> Words:
    """``[channels, 2]``: what a sum is multiplied with, and 0."""
    factors = requant.single_factors.astype(np.int32)
    return np.stack([np.broadcast_to(factors, channels), np.zeros(channels, np.int32)], axis=1)


def float_words(requant: Requant, channels: int) -> Words:
    """``[channels, 2]``: the bits of the float32 scale, and 0."""
    bits = np.ascontiguousarray(requant.multiplier, np.float32).view(np.int32)
    return np.stack([np.broadcast_to(bits, channels), np.zeros(channels, np.int32)], axis=1)
