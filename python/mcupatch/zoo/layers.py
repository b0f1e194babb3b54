"""The primitive layers of a zoo network: shapes and arithmetic cost, no weights.

A layer is named after the one tensor it makes. Shapes are ``[H, W, C]``; the tensor ``INPUT`` is the picture.
Windows have symmetric zero padding of ``kernel // 2``, so a side of n becomes ceil(n / stride).
"""

from __future__ import annotations

from dataclasses import dataclass

INPUT = "input"
Shape = tuple[int, int, int]


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


@dataclass(frozen=True)
class Window(Layer):
    """What a convolution and a depthwise convolution have in common; ``relu6`` False is a linear layer."""

    kernel: int
    stride: int
    relu6: bool

    @property
    def padding(self) -> int:
        return self.kernel // 2


@dataclass(frozen=True)
class Conv(Window):
    """Full convolution, weights ``[O, K, K, I]``."""

    @property
    def weight_shape(self) -> tuple[int, ...]:
        return (self.out_shape[2], self.kernel, self.kernel, self.in_shape[2])

    @property
    def macs(self) -> int:
        height, width, channels = self.out_shape
        return height * width * channels * self.kernel**2 * self.in_shape[2]


@dataclass(frozen=True)
class Depthwise(Window):
    """One filter a channel, weights ``[K, K, C]``."""

    @property
    def weight_shape(self) -> tuple[int, ...]:
        return (self.kernel, self.kernel, self.out_shape[2])

    @property
    def macs(self) -> int:
        height, width, channels = self.out_shape
        return height * width * channels * self.kernel**2


@dataclass(frozen=True)
class Add(Layer):
    """Sum of two tensors of one shape."""


@dataclass(frozen=True)
class GlobalMean(Layer):
    """Mean over H and W: ``[H, W, C]`` to ``[1, 1, C]``."""


@dataclass(frozen=True)
class Dense(Layer):
    """Fully connected: ``[1, 1, I]`` to ``[1, 1, O]``, weights ``[O, I]``."""

    @property
    def weight_shape(self) -> tuple[int, ...]:
        return (self.out_shape[2], self.in_shape[2])

    @property
    def macs(self) -> int:
        return self.out_shape[2] * self.in_shape[2]
