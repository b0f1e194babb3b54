"""What a picture of ``jpeg_writer`` looks like: as the standard defines it, in reals, and as the decoder does, exactly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tests.support.jpeg_writer import Component, Picture

_U = np.arange(8)
_COSINES = np.cos(np.outer(2 * _U + 1, _U) * np.pi / 16)  # [x, u]
_COSINES[:, 0] *= np.sqrt(0.5)
_WHOLE_COSINES = np.rint(4096 * _COSINES).astype(np.int64)


def real_samples(component: Component) -> NDArray[np.float64]:
    """The samples of all blocks, in reals, limited to 0..255."""
    values = component.coefficients * component.steps
    samples = np.einsum("yv,xu,abvu->abyx", _COSINES, _COSINES, values) / 4 + 128
    return np.clip(_join(samples), 0, 255)


def exact_samples(component: Component) -> NDArray[np.int64]:
    """The same by the integers of ``src/runtime/rows/jpeg_block.c``."""
    values = np.clip(component.coefficients * component.steps, -(2**15), 2**15 - 1)
    across = np.clip((np.einsum("yv,abvu->abyu", _WHOLE_COSINES, values) + 512) >> 10, -(2**15), 2**15 - 1)
    samples = ((np.einsum("xu,abyu->abyx", _WHOLE_COSINES, across) + 32768) >> 16) + 128
    return np.clip(_join(samples), 0, 255)


def exact_pixels(picture: Picture, channels: int) -> NDArray[np.int64]:
    """[H, W, channels] as the decoder makes them: chroma repeated, colours by its constants."""
    planes = [_widen(picture, c, exact_samples(c)) for c in picture.components]
    if len(planes) == 1 or picture.transform == 0:
        colours = np.stack((planes * 3)[:3] if len(planes) == 1 else planes, axis=-1)
        return colours if channels == 3 else luma(colours)[..., None]
    if channels == 1:
        return planes[0][..., None]
    return exact_colours(*planes)


def exact_colours(y: NDArray[np.int64], cb: NDArray[np.int64], cr: NDArray[np.int64]) -> NDArray[np.int64]:
    """[..., 3] of luma and colour differences, by the constants of ``src/runtime/include/mcupatch/rows/pixels.h``."""
    cb, cr = cb - 128, cr - 128
    colours = (
        y + ((91881 * cr + 32768) >> 16),
        y + ((-22554 * cb - 46802 * cr + 32768) >> 16),
        y + ((116130 * cb + 32768) >> 16),
    )
    return np.clip(np.stack(colours, axis=-1), 0, 255)


def luma(rgb: NDArray[np.int64]) -> NDArray[np.int64]:
    """[...] of [..., 3]."""
    return (rgb @ np.array([19595, 38470, 7471]) + 32768) >> 16


def _join(blocks: NDArray[np.generic]) -> NDArray[np.generic]:
    rows, columns = blocks.shape[:2]
    return blocks.transpose(0, 2, 1, 3).reshape(8 * rows, 8 * columns)


def _widen(picture: Picture, component: Component, samples: NDArray[np.int64]) -> NDArray[np.int64]:
    down = max(c.down for c in picture.components) // component.down
    across = max(c.across for c in picture.components) // component.across
    wide = samples.repeat(down, axis=0).repeat(across, axis=1)
    return wide[: picture.rows, : picture.columns]
