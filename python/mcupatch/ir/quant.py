"""Quantisation parameters and the two ways of scaling an accumulator back to int8.

``fixed`` is what LiteRT's reference kernels, TFLM and CMSIS-NN compute: a Q31 multiplier and a power of
two, rounded twice (gemmlowp). ``float`` is what onnxruntime and XNNPACK compute: a float32 scale, rounded
half to even. ``double`` is what LiteRT's reference kernel of a fully connected layer alone computes: a float64
scale, rounded half away from zero. ``single`` is nobody's: multiplier and power of two of ``fixed``, rounded once, which
``--fast-rounding`` puts in its place. See ``ir/reference.py`` for the arithmetic itself.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

INT8_MIN, INT8_MAX = -128, 127


class Rounding(str, Enum):
    """How an int32 accumulator becomes an int8 value."""

    FIXED = "fixed"
    FLOAT = "float"
    DOUBLE = "double"
    SINGLE = "single"


MULTIPLIER_TYPES: dict[Rounding, np.dtype[np.generic]] = {
    Rounding.FIXED: np.dtype(np.int32),
    Rounding.FLOAT: np.dtype(np.float32),
    Rounding.DOUBLE: np.dtype(np.float64),
    Rounding.SINGLE: np.dtype(np.int32),
}


@dataclass(frozen=True)
class QuantParams:
    """Affine quantisation of a whole tensor: ``real = scale * (q - zero_point)``.

    ``scale`` is a float32 value held in a Python float.
    """

    scale: float
    zero_point: int

    def __post_init__(self) -> None:
        if not (math.isfinite(self.scale) and self.scale > 0):
            raise ValueError(f"scale must be positive and finite, got {self.scale}")


@dataclass(frozen=True, eq=False)
class Requant:
    """Scaling of int32 accumulators, one entry per output channel (or a single one for all).

    ``fixed``: ``multiplier`` int32 Q31 in [2**30, 2**31) or 0, ``shift`` int32, positive to the left.
    ``single``: the same, with shifts of -1 or less.
    ``float``: ``multiplier`` float32, ``shift`` is empty. ``double``: ``multiplier`` float64, ``shift`` is empty.
    """

    rounding: Rounding
    multiplier: NDArray[np.generic]
    shift: NDArray[np.int32]

    def __post_init__(self) -> None:
        fixed = self.rounding in (Rounding.FIXED, Rounding.SINGLE)
        if self.multiplier.ndim != 1 or self.multiplier.dtype != MULTIPLIER_TYPES[self.rounding]:
            raise ValueError(f"multiplier of {self.rounding.value} rounding has the wrong type")
        if self.shift.dtype != np.int32 or self.shift.shape != (self.multiplier.shape if fixed else (0,)):
            raise ValueError("shift must match the multiplier, or be empty where there is none")

    @property
    def channels(self) -> int:
        return int(self.multiplier.shape[0])

    @property
    def single_factors(self) -> NDArray[np.int64]:
        """Of ``single``: ``multiplier * 2**(shift + 1)``, rounded half up; what a sum is multiplied with, over 2**32."""
        right = -self.shift.astype(np.int64)
        half = np.left_shift(np.int64(1), right) >> 2
        factors: NDArray[np.int64] = (self.multiplier.astype(np.int64) + half) >> (right - 1)
        return factors


def quantize_multiplier(real: float) -> tuple[int, int]:
    """Split ``real >= 0`` into a Q31 multiplier and a shift, ``real ~ multiplier * 2**(shift - 31)``.

    Follows LiteRT's ``QuantizeMultiplier``: round half away from zero, and 0 below 2**-32.
    """
    if real == 0.0:
        return 0, 0
    fraction, shift = math.frexp(real)
    multiplier = math.floor(fraction * (1 << 31) + 0.5)
    if multiplier == 1 << 31:
        multiplier //= 2
        shift += 1
    if shift < -31:
        return 0, 0
    if shift > 30:  # LiteRT saturates instead of shifting out of the word
        return (1 << 31) - 1, 30
    return multiplier, shift


def make_requant(rounding: Rounding, real_scales: NDArray[np.float64]) -> Requant:
    """Build a ``Requant`` from real-valued scales, float64 ``[channels]``.

    For ``float`` rounding pass scales that are already float32 values: they are stored unchanged.
    """
    if rounding is not Rounding.FIXED:
        return Requant(rounding, np.asarray(real_scales, MULTIPLIER_TYPES[rounding]), np.zeros(0, np.int32))
    pairs = [quantize_multiplier(float(s)) for s in np.asarray(real_scales, np.float64)]
    return Requant(
        rounding,
        np.array([m for m, _ in pairs], np.int32),
        np.array([s for _, s in pairs], np.int32),
    )
