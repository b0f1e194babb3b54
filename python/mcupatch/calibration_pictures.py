"""Pictures of a folder as samples for calibration: scaled as the network was trained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mcupatch.errors import BadInput
from mcupatch.model_inputs import PICTURE_SUFFIXES, load_pixels
from mcupatch.quantize_onnx import FloatInput

_PIXEL_TOP = 255


@dataclass(frozen=True)
class Normalisation:
    """A pixel p of 0..255 is worth ``(p / 255 - mean) / std``; one number, or one for each channel."""

    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)

    def __post_init__(self) -> None:
        if not all(0 < value < float("inf") for value in self.std):
            raise BadInput(f"A standard deviation is above 0, not {min(self.std):g}.")
        if {len(self.mean), len(self.std)} - {1, 3}:
            raise BadInput("Mean and standard deviation are one number, or three with commas between them.")

    @property
    def is_uniform(self) -> bool:
        """Whether a picture's bytes are the model's int8 input, 128 lower."""
        return len(set(self.mean)) == len(set(self.std)) == 1

    @property
    def value_range(self) -> tuple[float, float]:
        """What pixels 0 and 255 are worth, the widest of the channels."""
        bounds = [(p - m) / s for p in (0, 1) for m, s in self._pairs()]
        return min(bounds), max(bounds)

    def apply(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """``[..., C]`` pixels as values."""
        mean, std = np.array(self.mean), np.array(self.std)
        return ((pixels / _PIXEL_TOP - mean) / std).astype(np.float32)

    def _pairs(self) -> Iterator[tuple[float, float]]:
        count = max(len(self.mean), len(self.std))
        for index in range(count):
            yield self.mean[index % len(self.mean)], self.std[index % len(self.std)]


def find_pictures(folder: Path, most: int) -> Sequence[Path]:
    """Pictures below ``folder``, at most so many, evenly taken from all of them. Raises BadInput if there is none."""
    if not folder.is_dir():
        raise BadInput(
            f"{str(folder)!r} is no folder: --images names the folder of pictures to calibrate with."
        )
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in PICTURE_SUFFIXES)
    if not found:
        raise BadInput(f"{str(folder)!r} holds no picture ({', '.join(PICTURE_SUFFIXES)}) to calibrate with.")
    stride = max(1, len(found) / most)
    return [found[int(index * stride)] for index in range(min(most, len(found)))]


def picture_samples(
    source: FloatInput, pictures: Sequence[Path], normalisation: Normalisation
) -> Iterator[NDArray[np.float32]]:
    """Each picture resized to the input and normalised. Raises BadInput for one that cannot be read."""
    height, width, channels = source.picture_size
    for path in pictures:
        values = normalisation.apply(load_pixels(path, height, width, channels))
        yield values.transpose(0, 3, 1, 2) if source.is_channels_first else values
