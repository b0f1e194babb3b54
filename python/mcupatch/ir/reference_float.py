"""The float32 arithmetic of ``float`` rounding, step by step as onnxruntime's CPU kernels do it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcupatch.ir.ops import Clamp

Float32Array = NDArray[np.float32]


def fused_multiply_add(a: NDArray[Any], b: float, c: NDArray[Any] | float) -> Float32Array:
    """``a * b + c`` rounded once to float32, as C's ``fmaf``; ``a``, ``b`` and ``c`` hold float32 values.

    The product is exact in float64. Their sum may not be: it is rounded to odd, so that the second rounding,
    to float32, sees on which side of a tie the true sum lies.
    """
    product = np.asarray(a, np.float64) * np.float64(np.float32(b))
    addend = np.asarray(c, np.float64)
    total = product + addend
    back = total - product  # Knuth's two-sum: `lost` is what rounding took away, exactly
    lost = (product - (total - back)) + (addend - back)
    even = (total.view(np.int64) & 1) == 0
    outward = np.nextafter(total, np.where(lost > 0, np.inf, -np.inf))
    rounded: Float32Array = np.where((lost != 0) & even, outward, total).astype(np.float32)
    return rounded


def store_half_even(real: Float32Array, zero_point: int, clamp: Clamp) -> NDArray[np.int8]:
    """Round float32 values half to even, add the zero point, clamp."""
    whole = np.rint(real.astype(np.float64)) + zero_point
    stored: NDArray[np.int8] = np.clip(whole, clamp.low, clamp.high).astype(np.int8)
    return stored
