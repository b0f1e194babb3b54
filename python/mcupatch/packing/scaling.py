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
    """``conv_tiles.h``: the short form of fixed rounding, float rounding, and fixed rounding without bounds."""

    FIXED = "fixed"
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
        pairs = np.stack([requant.multiplier, requant.shift], axis=1)
    elif requant.rounding is Rounding.FLOAT:
        scales = np.ascontiguousarray(requant.multiplier, np.float32).view(np.int32)
        pairs = np.stack([scales, np.zeros_like(scales)], axis=1)
    else:
        return None
    tail = Tail.ANY if requant.rounding is Rounding.FIXED else Tail.FLOAT
    factors = np.ascontiguousarray(np.broadcast_to(pairs.astype(np.int32), (channels, 2)))
    return Scaling(tail, fold_zero_point(bias, weights, input_zero_point), factors)
