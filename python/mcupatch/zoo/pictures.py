"""Seeded synthetic pictures for calibration: smooth, coloured, unlike each other. Nothing is downloaded."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mcupatch.zoo.layers import Shape

_CELLS = (3, 6, 12, 24)  # grid sizes of the octaves, coarse to fine


def make_pictures(count: int, shape: Shape, seed: int) -> NDArray[np.uint8]:
    """``[count, *shape]``: cut from square pictures, the first of their three channels."""
    height, width, channels = shape
    return _make_squares(count, max(height, width), seed)[:, :height, :width, :channels]


def _make_squares(count: int, pixels: int, seed: int) -> NDArray[np.uint8]:
    """``[count, pixels, pixels, 3]``: a few octaves of interpolated noise around a colour of each picture's own."""
    rng = np.random.default_rng([seed, pixels])
    pictures = np.empty((count, pixels, pixels, 3), np.uint8)
    for index in range(count):
        colour = rng.uniform(40, 215, 3)
        contrast = rng.uniform(60, 200)
        noise = np.zeros((pixels, pixels, 3))
        for octave, cells in enumerate(_CELLS):
            grid = rng.uniform(-1, 1, (cells + 1, cells + 1, 3))
            noise += _interpolate(grid, pixels) / 2**octave
        pictures[index] = np.clip(np.rint(colour + contrast * noise), 0, 255).astype(np.uint8)
    return pictures


def _interpolate(grid: NDArray[np.float64], pixels: int) -> NDArray[np.float64]:
    """Bilinear enlargement to ``pixels`` a side, element by element so that every machine gives the same."""
    cells = grid.shape[0] - 1
    position = (np.arange(pixels) + 0.5) * cells / pixels
    low = position.astype(np.int64)
    weight = position - low
    rows = grid[low] * (1 - weight)[:, None, None] + grid[low + 1] * weight[:, None, None]
    enlarged: NDArray[np.float64] = rows[:, low] * (1 - weight)[:, None] + rows[:, low + 1] * weight[:, None]
    return enlarged
