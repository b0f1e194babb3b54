"""A network's expansion into primitive layers, and what they add up to."""

from __future__ import annotations

import math
from collections.abc import Callable

from mcupatch.zoo.blocks import (
    BasicResidual,
    Block,
    Classifier,
    ConvBlock,
    InvertedResidual,
    MergeDown,
    MergeUp,
    Network,
    Prediction,
    Separable,
)
from mcupatch.zoo.layers import (
    INPUT,
    Activation,
    Add,
    Conv,
    Dense,
    Depthwise,
    Gate,
    GlobalMean,
    Layer,
    MaxPool2x2,
    Scale,
    Shape,
    Upsample2x,
)


def expand_layers(network: Network) -> tuple[Layer, ...]:
    """The layers in execution order.

    Layers of block i are ``b{i}_…``; a classifier ends in ``logits``, prediction i of a detector in ``p{i}_predict``.
    """
    return _Expansion(network).expand()


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


class _Expansion:
    """Appends layers; every method takes the layers it reads and returns the layer it ends in."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._layers: list[Layer] = []

    def expand(self) -> tuple[Layer, ...]:
        network = self._network
        x = Layer(INPUT, (), network.input_shape, network.input_shape)
        ends: list[Layer] = []
        for index, block in enumerate(network.blocks):
            x = self._add_block(f"b{index}", block, x, ends)
            ends.append(x)
        if isinstance(network.head, Classifier):
            self._add_classifier(network.head, x)
        else:
            for index, prediction in enumerate(network.head.predictions):
                self._add_prediction(f"p{index}", prediction, ends[prediction.source])
        return tuple(self._layers)

    def _add_block(self, prefix: str, block: Block, x: Layer, ends: list[Layer]) -> Layer:
        """``ends`` are the last layers of the blocks so far."""
        if isinstance(block, ConvBlock):
            kernel = block.kernel if isinstance(block.kernel, tuple) else (block.kernel, block.kernel)
            return self._conv(f"{prefix}_conv", x, block.out_channels, kernel, block.stride, block.linear)
        if isinstance(block, InvertedResidual):
            return self._add_inverted_residual(prefix, block, x)
        if isinstance(block, Separable):
            x = self._depthwise(f"{prefix}_depthwise", x, 3, block.stride)
            return self._conv(f"{prefix}_pointwise", x, block.out_channels, linear=block.linear)
        if isinstance(block, BasicResidual):
            return self._add_basic_residual(prefix, block, x)
        return self._add_merge(prefix, block, x, ends[block.other])

    def _add_inverted_residual(self, prefix: str, block: InvertedResidual, x: Layer) -> Layer:
        channels, inner = x.out_shape[2], x
        if block.expand != 1 or block.expand_always:
            wide = block.expand * channels
            inner = self._conv(f"{prefix}_expand", x, wide, groups=block.groups)
        inner = self._depthwise(f"{prefix}_depthwise", inner, block.kernel, block.stride)
        if block.squeeze:
            inner = self._squeeze_excite(prefix, inner, channels // block.squeeze)
        project = self._conv(f"{prefix}_project", inner, block.out_channels, linear=True, groups=block.groups)
        if block.skip and block.stride == 1 and block.out_channels == channels:
            return self._add(f"{prefix}_add", x, project)
        return project

    def _squeeze_excite(self, prefix: str, x: Layer, squeezed_channels: int) -> Layer:
        squeezed = self._mean(f"{prefix}_squeeze", x, is_flat=False)
        squeezed = self._conv(f"{prefix}_reduce", squeezed, squeezed_channels)
        excited = self._conv(f"{prefix}_excite", squeezed, x.out_shape[2], linear=True)
        shape = excited.out_shape
        gate = self._append(Gate(f"{prefix}_gate", (excited.name,), shape, shape, self._network.gate))
        return self._append(Scale(f"{prefix}_scale", (x.name, gate.name), x.out_shape, x.out_shape))

    def _add_basic_residual(self, prefix: str, block: BasicResidual, x: Layer) -> Layer:
        inner = self._conv(f"{prefix}_conv1", x, block.out_channels, (3, 3), block.stride)
        inner = self._conv(f"{prefix}_conv2", inner, block.out_channels, (3, 3), linear=True)
        if inner.out_shape != x.out_shape:
            x = self._conv(f"{prefix}_shortcut", x, block.out_channels, stride=block.stride, linear=True)
        return self._add(f"{prefix}_add", inner, x, self._network.activation)

    def _add_merge(self, prefix: str, block: MergeUp | MergeDown, x: Layer, other: Layer) -> Layer:
        def resized(kind: Callable[..., Layer], name: str, source: Layer) -> Layer:
            shape: Shape = (*other.out_shape[:2], source.out_shape[2])
            return self._append(kind(f"{prefix}_{name}", (source.name,), source.out_shape, shape))

        if isinstance(block, MergeUp):
            x = self._conv(f"{prefix}_conv", x, block.out_channels)
            x = resized(Upsample2x, "up", x)
        else:
            x = resized(MaxPool2x2, "pool", x)
            x = self._conv(f"{prefix}_conv", x, block.out_channels)
        return self._add(f"{prefix}_add", x, other)

    def _add_classifier(self, head: Classifier, x: Layer) -> None:
        if head.feature_channels is not None:
            x = self._conv("features", x, head.feature_channels)
        pooled = self._mean("pooled", x, is_flat=True)
        self._append(Dense("logits", (pooled.name,), pooled.out_shape, (1, 1, head.classes)))

    def _add_prediction(self, prefix: str, prediction: Prediction, x: Layer) -> None:
        x = self._conv(f"{prefix}_expand", x, prediction.mid_channels)
        x = self._depthwise(f"{prefix}_depthwise", x, 3, 1)
        x = self._conv(f"{prefix}_pointwise", x, prediction.channels)
        self._conv(f"{prefix}_predict", x, prediction.out_channels, linear=True)

    def _conv(
        self,
        name: str,
        x: Layer,
        channels: int,
        kernel: tuple[int, int] = (1, 1),
        stride: int = 1,
        linear: bool = False,
        groups: int = 1,
    ) -> Layer:
        activation = Activation.NONE if linear else self._network.activation
        shape = _strided(x.out_shape, stride, channels)
        padding = self._network.padding
        return self._append(
            Conv(name, (x.name,), x.out_shape, shape, kernel, stride, activation, padding, groups)
        )

    def _depthwise(self, name: str, x: Layer, kernel: int, stride: int) -> Layer:
        shape = _strided(x.out_shape, stride, x.out_shape[2])
        network = self._network
        return self._append(
            Depthwise(
                name,
                (x.name,),
                x.out_shape,
                shape,
                (kernel, kernel),
                stride,
                network.activation,
                network.padding,
            )
        )

    def _add(self, name: str, a: Layer, b: Layer, activation: Activation = Activation.NONE) -> Layer:
        return self._append(Add(name, (a.name, b.name), a.out_shape, a.out_shape, activation))

    def _mean(self, name: str, x: Layer, is_flat: bool) -> Layer:
        return self._append(GlobalMean(name, (x.name,), x.out_shape, (1, 1, x.out_shape[2]), is_flat))

    def _append(self, layer: Layer) -> Layer:
        self._layers.append(layer)
        return layer


def _strided(shape: Shape, stride: int, channels: int) -> Shape:
    return -(-shape[0] // stride), -(-shape[1] // stride), channels
