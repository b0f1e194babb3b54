"""A network as a list of blocks and a head: plain data."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mcupatch.zoo.layers import Activation, GateFunction, Padding, Shape

_SIZE_SUFFIX = re.compile(r"_r[0-9]+$")


@dataclass(frozen=True)
class ConvBlock:
    """One full convolution; ``kernel`` is one number or (rows, columns)."""

    kernel: int | tuple[int, int]
    stride: int
    out_channels: int
    linear: bool = False


@dataclass(frozen=True)
class InvertedResidual:
    """1x1 expansion (absent where ``expand`` is 1), depthwise, squeeze-and-excite, linear 1x1 projection.

    The block's input is added where ``skip`` holds, the stride is 1 and the channels are equal. ``squeeze`` divides
    the block's input channels to give those of the squeezed vector; 0 is a block without squeeze-and-excite.
    ``groups`` splits both 1x1 convolutions; ``expand_always`` keeps the expansion where ``expand`` is 1.
    """

    kernel: int
    stride: int
    expand: int
    out_channels: int
    skip: bool = True
    squeeze: int = 0
    groups: int = 1
    expand_always: bool = False


@dataclass(frozen=True)
class Separable:
    """Depthwise 3x3, then a 1x1 convolution, with an activation unless ``linear``."""

    stride: int
    out_channels: int
    linear: bool = False


@dataclass(frozen=True)
class BasicResidual:
    """Two 3x3 convolutions, the second linear; plus the input, through a strided 1x1 one where it shrinks; activation."""

    stride: int
    out_channels: int


@dataclass(frozen=True)
class MergeUp:
    """1x1 convolution, twice the size, plus the output of block number ``other``."""

    out_channels: int
    other: int


@dataclass(frozen=True)
class MergeDown:
    """Half the size by a maximum, 1x1 convolution, plus the output of block number ``other``."""

    out_channels: int
    other: int


Block = ConvBlock | InvertedResidual | Separable | BasicResidual | MergeUp | MergeDown


@dataclass(frozen=True)
class Classifier:
    """A 1x1 convolution to ``feature_channels`` (None: without), global mean, dense."""

    feature_channels: int | None = None
    classes: int = 1000


@dataclass(frozen=True)
class Prediction:
    """On the output of block number ``source``: 1x1 to ``mid_channels``, depthwise 3x3, 1x1 to ``channels``, linear 1x1."""

    source: int
    mid_channels: int
    channels: int
    out_channels: int


@dataclass(frozen=True)
class Detector:
    """One output per prediction."""

    predictions: tuple[Prediction, ...]


@dataclass(frozen=True)
class Network:
    """Blocks in execution order, each on the output of the one before, and a head on the last (or where it says).

    ``activation`` follows every convolution that is not linear; ``gate`` ends every squeeze-and-excite.
    """

    name: str
    input_shape: Shape
    blocks: tuple[Block, ...]
    head: Classifier | Detector
    activation: Activation = Activation.RELU6
    padding: Padding = Padding.SYMMETRIC
    gate: GateFunction = GateFunction.SIGMOID

    @property
    def takes_pictures(self) -> bool:
        """Whether the input is a square picture of three channels, which may then have any size."""
        return self.input_shape[0] == self.input_shape[1] and self.input_shape[2] == 3

    @property
    def size_text(self) -> str:
        """``224`` for a square input, ``128x160`` for another."""
        height, width, _ = self.input_shape
        return str(height) if height == width else f"{height}x{width}"

    @property
    def file_stem(self) -> str:
        """Name of a file for this network: letters, digits, ``_`` and ``.``."""
        return f"{_SIZE_SUFFIX.sub('', self.name)}_r{self.size_text}"
