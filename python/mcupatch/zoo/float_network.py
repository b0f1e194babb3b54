"""Runs layers in float32 with NumPy: pictures ``[N, H, W, C]`` in, one such array per layer out.

Sums are the machine's matrix product, so the last bits of a value differ from machine to machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcupatch.zoo.layers import (
    INPUT,
    Activation,
    Add,
    Conv,
    Dense,
    Depthwise,
    Gate,
    GateFunction,
    GlobalMean,
    Layer,
    MaxPool2x2,
    Scale,
    Sides,
    Upsample2x,
)

FloatArray = NDArray[np.float32]
RELU6_TOP = 6.0


@dataclass(frozen=True, eq=False)
class LayerWeights:
    """``weights`` in the layer's ``weight_shape``, ``bias`` ``[O]``."""

    weights: FloatArray
    bias: FloatArray


@dataclass(frozen=True, eq=False)
class FloatNetwork:
    """Layers in execution order, and the weights of those that have any, by layer name.

    ``ranges`` are the lowest and highest value of every layer on the pictures that the weights were drawn for.
    """

    name: str
    layers: tuple[Layer, ...]
    weights: Mapping[str, LayerWeights]
    ranges: Mapping[str, tuple[float, float]]


def forward(network: FloatNetwork, pictures: FloatArray) -> dict[str, FloatArray]:
    """Every activation by layer name, ``INPUT`` included."""
    activations = {INPUT: pictures}
    for layer in network.layers:
        inputs = [activations[name] for name in layer.inputs]
        activations[layer.name] = apply_layer(layer, inputs, network.weights.get(layer.name))
    return activations


def apply_layer(layer: Layer, inputs: list[FloatArray], weights: LayerWeights | None) -> FloatArray:
    """One layer with its bias and activation function."""
    if isinstance(layer, Add):
        return activate(layer, inputs[0] + inputs[1])
    if isinstance(layer, Scale):
        return inputs[0] * inputs[1]
    if isinstance(layer, Gate):
        return _apply_gate(inputs[0], layer.function)
    if isinstance(layer, GlobalMean):
        mean: FloatArray = inputs[0].mean(axis=(1, 2), keepdims=True, dtype=np.float64).astype(np.float32)
        return mean
    if isinstance(layer, MaxPool2x2):
        count, height, width, channels = inputs[0].shape
        pooled: FloatArray = (
            inputs[0].reshape(count, height // 2, 2, width // 2, 2, channels).max(axis=(2, 4))
        )
        return pooled
    if isinstance(layer, Upsample2x):
        return inputs[0].repeat(2, axis=1).repeat(2, axis=2)
    assert weights is not None, f"layer {layer.name} has no weights"
    return activate(layer, apply_weights(layer, inputs[0], weights.weights) + weights.bias)


def activate(layer: Layer, values: FloatArray) -> FloatArray:
    """The activation that the layer fuses."""
    if layer.fused is Activation.NONE:
        return values
    top = RELU6_TOP if layer.fused is Activation.RELU6 else np.inf
    clipped: FloatArray = np.clip(values, np.float32(0), np.float32(top))
    return clipped


def _apply_gate(x: FloatArray, function: GateFunction) -> FloatArray:
    if function is GateFunction.HARD:
        hard: FloatArray = np.clip(x + np.float32(3), np.float32(0), np.float32(6)) / np.float32(6)
        return hard
    sigmoid: FloatArray = np.float32(1) / (np.float32(1) + np.exp(-x))
    return sigmoid


def apply_weights(layer: Layer, x: FloatArray, weights: FloatArray) -> FloatArray:
    """The weighted sums of a convolution, depthwise convolution or dense layer, without bias."""
    if isinstance(layer, Conv):
        parts = zip(np.split(x, layer.groups, axis=3), np.split(weights, layer.groups))
        return np.concatenate([_convolve(layer, part, filters) for part, filters in parts], axis=3)
    if isinstance(layer, Depthwise):
        return _convolve_depthwise(layer, x, weights)
    assert isinstance(layer, Dense)
    return _multiply(x, weights.T)


def _multiply(x: FloatArray, matrix: FloatArray) -> FloatArray:
    """The last axis times ``matrix``, as one product over all positions."""
    product: FloatArray = x.reshape(-1, x.shape[-1]) @ matrix
    return product.reshape(*x.shape[:-1], -1)


def _convolve(layer: Conv, x: FloatArray, weights: FloatArray) -> FloatArray:
    """One group of channels."""
    matrix, stride = weights.reshape(weights.shape[0], -1).T, layer.stride
    if layer.kernel == (1, 1):
        return _multiply(x[:, ::stride, ::stride], matrix)
    windows = np.lib.stride_tricks.sliding_window_view(_pad(x, layer.pads), layer.kernel, axis=(1, 2))
    patches = windows[:, ::stride, ::stride].transpose(0, 1, 2, 4, 5, 3)  # [N, OH, OW, K, K, C]
    return _multiply(patches.reshape(*patches.shape[:3], -1), matrix)


def _convolve_depthwise(layer: Depthwise, x: FloatArray, weights: FloatArray) -> FloatArray:
    stride, (out_height, out_width, channels) = layer.stride, layer.out_shape
    total = np.zeros((x.shape[0], out_height, out_width, channels), np.float32)
    product = np.empty(total.shape[1:], np.float32)
    for picture, padded in zip(total, _pad(x, layer.pads)):  # picture by picture stays in the cache
        for row, col in np.ndindex(layer.kernel):
            taps = padded[row : row + (out_height - 1) * stride + 1 : stride]
            taps = taps[:, col : col + (out_width - 1) * stride + 1 : stride]
            np.multiply(taps, weights[row, col], out=product)
            picture += product
    return total


def _pad(x: FloatArray, pads: Sides) -> FloatArray:
    return np.pad(x, ((0, 0), *pads, (0, 0)))
