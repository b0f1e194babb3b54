"""Which positions LiteRT's resize kernels read along one axis, and with which weights."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Int32Array = NDArray[np.int32]


def nearest_axis(size: int, out_size: int, align_corners: bool, half_pixel_centers: bool) -> Int32Array:
    """For each output position the input position, int32 ``[out_size]``; float32 arithmetic as in LiteRT."""
    if align_corners and out_size > 1:
        scale = np.float32(size - 1) / np.float32(out_size - 1)
    else:
        scale = np.float32(size) / np.float32(out_size)
    offset = np.float32(0.5 if half_pixel_centers else 0.0)
    position = (np.arange(out_size).astype(np.float32) + offset) * scale
    whole = np.floor(position.astype(np.float64) + 0.5) if align_corners else np.floor(position)
    return np.asarray(np.clip(whole, 0, size - 1), np.int32)


def bilinear_axis(
    size: int, out_size: int, align_corners: bool, half_pixel_centers: bool
) -> tuple[Int32Array, Int32Array]:
    """Neighbours and their weights in 1/1024, each int32 ``[out_size, 2]``; LiteRT's integer kernel for int8."""
    if align_corners and out_size > 1:
        scale = (1024 * (size - 1) + (out_size - 1) // 2) // (out_size - 1)
    else:
        scale = (1024 * size + out_size // 2) // out_size
    position = np.arange(out_size, dtype=np.int64) * scale
    if half_pixel_centers:
        position += scale // 2 - 512
    lower = np.maximum(truncate(position), 0)
    upper = np.minimum(truncate(position + 1023), size - 1)
    fraction = position - 1024 * lower
    index = np.stack([lower, upper], axis=1)
    return index.astype(np.int32), np.stack([1024 - fraction, fraction], axis=1).astype(np.int32)


def truncate(value: NDArray[np.int64]) -> NDArray[np.int64]:
    """``value / 1024`` towards zero, as C divides."""
    quotient: NDArray[np.int64] = np.sign(value) * (np.abs(value) // 1024)
    return quotient
