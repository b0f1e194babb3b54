"""The primitive layers of a zoo network: shapes and arithmetic cost, no weights.

A layer is named after the one tensor it makes. Shapes are ``[H, W, C]``; the tensor ``INPUT`` is the picture.
A side of n becomes ceil(n / stride) under a window of any size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

INPUT = "input"
Shape = tuple[int, int, int]
Sides = tuple[tuple[int, int], tuple[int, int]]  # (top, bottom), (left, right)


class Activation(Enum):
    """What follows a layer's sums; the values are the names in a .tflite file."""

    NONE = "NONE"
    RELU = "RELU"
    RELU6 = "RELU6"


class Padding(Enum):
    """A window's zeros: ``kernel // 2`` on every side, or TensorFlow's SAME, no more than needed, half in front."""

    SYMMETRIC = "symmetric"
    SAME = "same"


class GateFunction(Enum):
    """What brings a value into [0, 1]; ``HARD`` is ``relu6(x + 3) / 6``."""

    SIGMOID = "sigmoid"
    HARD = "hard"


@dataclass(frozen=True)
class Layer:
    """``inputs`` are names of earlier layers or ``INPUT``."""

    name: str
    inputs: tuple[str, ...]
    in_shape: Shape
    out_shape: Shape

    @property
    def weight_shape(self) -> tuple[int, ...]:
        """Shape of the weights; empty for a layer without any."""
        return ()

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one picture; only convolutions and dense layers count."""
        return 0

    @property
    def fused(self) -> Activation:
        """The activation that is part of the layer."""
        return Activation.NONE


@dataclass(frozen=True)
class Window(Layer):
    """What a convolution and a depthwise convolution have in common; ``kernel`` is (rows, columns)."""

    kernel: tuple[int, int]
    stride: int
    activation: Activation
    padding: Padding

    @property
    def fused(self) -> Activation:
        return self.activation

    @property
    def pads(self) -> Sides:
        """Zeros before and after the rows and the columns."""
        rows, cols = (self._pads(*sizes) for sizes in zip(self.in_shape[:2], self.out_shape[:2], self.kernel))
        return rows, cols

    def _pads(self, size: int, out: int, kernel: int) -> tuple[int, int]:
        if self.padding is Padding.SYMMETRIC:
            return kernel // 2, kernel // 2
        total = max(0, (out - 1) * self.stride + kernel - size)
        return total // 2, total - total // 2


@dataclass(frozen=True)
class Conv(Window):
    """Convolution in ``groups`` of channels, weights ``[O, K, K, I / groups]``."""

    groups: int = 1

    @property
    def weight_shape(self) -> tuple[int, ...]:
        return (self.out_shape[2], *self.kernel, self.in_shape[2] // self.groups)

    @property
    def macs(self) -> int:
        height, width, channels = self.out_shape
        return height * width * channels * self.kernel[0] * self.kernel[1] * self.in_shape[2] // self.groups


@dataclass(frozen=True)
class Depthwise(Window):
    """One filter a channel, weights ``[K, K, C]``."""

    @property
    def weight_shape(self) -> tuple[int, ...]:
        return (*self.kernel, self.out_shape[2])

    @property
    def macs(self) -> int:
        height, width, channels = self.out_shape
        return height * width * channels * self.kernel[0] * self.kernel[1]


@dataclass(frozen=True)
class Add(Layer):
    """Sum of two tensors of one shape."""

    activation: Activation = Activation.NONE

    @property
    def fused(self) -> Activation:
        return self.activation


@dataclass(frozen=True)
class Gate(Layer):
    """``function`` of every element."""

    function: GateFunction


@dataclass(frozen=True)
class Scale(Layer):
    """``[H, W, C]`` times ``[1, 1, C]``."""


@dataclass(frozen=True)
class MaxPool2x2(Layer):
    """Largest of every 2x2 elements; sides are even."""


@dataclass(frozen=True)
class Upsample2x(Layer):
    """Every element twice in both directions."""


@dataclass(frozen=True)
class GlobalMean(Layer):
    """Mean over H and W: ``[H, W, C]`` to ``[1, 1, C]``; ``is_flat`` where a dense layer follows."""

    is_flat: bool


@dataclass(frozen=True)
class Dense(Layer):
    """Fully connected: ``[1, 1, I]`` to ``[1, 1, O]``, weights ``[O, I]``."""

    @property
    def weight_shape(self) -> tuple[int, ...]:
        return (self.out_shape[2], self.in_shape[2])

    @property
    def macs(self) -> int:
        return self.out_shape[2] * self.in_shape[2]


def find_outputs(layers: Sequence[Layer]) -> tuple[Layer, ...]:
    """The layers that no other reads, in execution order."""
    read = {name for layer in layers for name in layer.inputs}
    return tuple(layer for layer in layers if layer.name not in read)
