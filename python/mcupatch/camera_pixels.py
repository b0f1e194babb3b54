"""Pictures as camera sensors send them: the opposite of ``src/runtime/rows``, as far as their fewer bits go."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mcupatch.row_formats import RowSource

Pixels = NDArray[np.uint8]


def encode_camera(source: RowSource, rgb: Pixels) -> Pixels:
    """The bytes, 1-D, of the picture ``rgb`` [H, W, 3] in a camera's format."""
    return _rgb565(source, rgb) if source.format.startswith("rgb565") else _yuv422(source, rgb)


def _rgb565(source: RowSource, rgb: Pixels) -> Pixels:
    red, green, blue = (rgb[..., i].astype(np.uint16) for i in range(3))
    words = red >> 3 << 11 | green >> 2 << 5 | blue >> 3
    order = ">u2" if source.format.endswith("-be") else "<u2"
    return np.frombuffer(words.astype(order).tobytes(), np.uint8)


def _yuv422(source: RowSource, rgb: Pixels) -> Pixels:
    if rgb.shape[1] % 2:
        rgb = np.concatenate([rgb, rgb[:, -1:]], axis=1)
    red, green, blue = (rgb[..., i].astype(np.float64) for i in range(3))
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    pairs = [_mean_of_pairs((blue - luma) / 1.772 + 128), _mean_of_pairs((red - luma) / 1.402 + 128)]
    sent = np.empty((*rgb.shape[:2], 2))
    at = 1 if source.format.endswith("-uyvy") else 0
    sent[..., at] = luma
    sent[:, 0::2, 1 - at], sent[:, 1::2, 1 - at] = pairs
    return np.clip(np.rint(sent), 0, 255).astype(np.uint8).reshape(-1)


def _mean_of_pairs(values: NDArray[np.float64]) -> NDArray[np.float64]:
    means: NDArray[np.float64] = values.reshape(len(values), -1, 2).mean(axis=-1)
    return means
