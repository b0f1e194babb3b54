"""A network as a list of blocks, and its expansion into primitive layers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from mcupatch.zoo.layers import INPUT, Add, Conv, Dense, Depthwise, GlobalMean, Layer, Shape


@dataclass(frozen=True)
class ConvBlock:
    """One full convolution; ``relu6`` False makes it linear."""

    kernel: int
    stride: int
    out_channels: int
    relu6: bool = True


@dataclass(frozen=True)
class InvertedResidual:
    """1x1 expansion (absent where ``expand`` is 1), depthwise, linear 1x1 projection.

    The block's input is added where the stride is 1 and the channels are equal.
    """

    kernel: int
    stride: int
    expand: int
    out_channels: int


Block = ConvBlock | InvertedResidual


@dataclass(frozen=True)
class Network:
    """A classifier of ``[pixels, pixels, 3]`` pictures: blocks, a 1x1 convolution, global mean, dense.

    ``feature_channels`` are those of the last 1x1 convolution.
    """

    name: str
    pixels: int
    blocks: tuple[Block, ...]
    feature_channels: int
    classes: int = 1000

    @property
    def file_stem(self) -> str:
        """Name of a file for this network: letters, digits, ``_`` and ``.``."""
        return self.name if self.name.endswith(f"_r{self.pixels}") else f"{self.name}_r{self.pixels}"


def expand_layers(network: Network) -> tuple[Layer, ...]:
    """The layers in execution order. Layers of block i are ``b{i}_…``; the last is ``logits``."""
    return tuple(_expand(network))


def count_macs(network: Network) -> int:
    """Multiply-accumulates of one picture."""
    return sum(layer.macs for layer in expand_layers(network))


def count_weights(network: Network) -> int:
    """Weights without biases."""
    return sum(math.prod(layer.weight_shape) for layer in expand_layers(network) if layer.weight_shape)


def count_parameters(network: Network) -> int:
    """Weights, and one bias per output channel: batch normalisation is folded away."""
    biases = sum(layer.out_shape[2] for layer in expand_layers(network) if layer.weight_shape)
    return count_weights(network) + biases


def _expand(network: Network) -> Iterator[Layer]:
    source, shape = INPUT, (network.pixels, network.pixels, 3)
    for index, block in enumerate(network.blocks):
        for layer in _expand_block(f"b{index}", block, source, shape):
            yield layer
            source, shape = layer.name, layer.out_shape
    features = _conv("features", source, shape, 1, 1, network.feature_channels, relu6=True)
    yield features
    pooled: Shape = (1, 1, network.feature_channels)
    yield GlobalMean("pooled", ("features",), features.out_shape, pooled)
    yield Dense("logits", ("pooled",), pooled, (1, 1, network.classes))


def _expand_block(prefix: str, block: Block, source: str, shape: Shape) -> Iterator[Layer]:
    if isinstance(block, ConvBlock):
        yield _conv(
            f"{prefix}_conv", source, shape, block.kernel, block.stride, block.out_channels, block.relu6
        )
        return
    inner, inner_shape = source, shape
    if block.expand != 1:
        wide = _conv(f"{prefix}_expand", source, shape, 1, 1, block.expand * shape[2], relu6=True)
        yield wide
        inner, inner_shape = wide.name, wide.out_shape
    depthwise = Depthwise(
        f"{prefix}_depthwise",
        (inner,),
        inner_shape,
        _strided(inner_shape, block.stride, inner_shape[2]),
        block.kernel,
        block.stride,
        relu6=True,
    )
    yield depthwise
    project = _conv(
        f"{prefix}_project", depthwise.name, depthwise.out_shape, 1, 1, block.out_channels, relu6=False
    )
    yield project
    if block.stride == 1 and block.out_channels == shape[2]:
        yield Add(f"{prefix}_add", (source, project.name), shape, shape)


def _conv(
    name: str, source: str, shape: Shape, kernel: int, stride: int, out_channels: int, relu6: bool
) -> Conv:
    return Conv(name, (source,), shape, _strided(shape, stride, out_channels), kernel, stride, relu6)


def _strided(shape: Shape, stride: int, channels: int) -> Shape:
    return -(-shape[0] // stride), -(-shape[1] // stride), channels
