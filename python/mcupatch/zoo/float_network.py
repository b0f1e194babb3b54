"""Runs layers in float32 with NumPy: pictures ``[N, H, W, C]`` in, one such array per layer out.

Sums are the machine's matrix product, so the last bits of a value differ from machine to machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcupatch.zoo.layers import INPUT, Add, Conv, Dense, Depthwise, GlobalMean, Layer

FloatArray = NDArray[np.float32]
RELU6_TOP = 6.0


@dataclass(frozen=True, eq=False)
class LayerWeights:
    """``weights`` in the layer's ``weight_shape``, ``bias`` ``[O]``."""

    weights: FloatArray
    bias: FloatArray


@dataclass(frozen=True, eq=False)
class FloatNetwork:
    """Layers in execution order, and the weights of those that have any, by layer name."""

    name: str
    layers: tuple[Layer, ...]
    weights: Mapping[str, LayerWeights]


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
        return inputs[0] + inputs[1]
    if isinstance(layer, GlobalMean):
        mean: FloatArray = inputs[0].mean(axis=(1, 2), keepdims=True, dtype=np.float64).astype(np.float32)
        return mean
    assert weights is not None, f"layer {layer.name} has no weights"
    return activate(layer, apply_weights(layer, inputs[0], weights.weights) + weights.bias)


def activate(layer: Layer, values: FloatArray) -> FloatArray:
    """ReLU6 where the layer has it."""
    if isinstance(layer, Conv | Depthwise) and layer.relu6:
        clipped: FloatArray = np.clip(values, np.float32(0), np.float32(RELU6_TOP))
        return clipped
    return values


def apply_weights(layer: Layer, x: FloatArray, weights: FloatArray) -> FloatArray:
    """The weighted sums of a convolution, depthwise convolution or dense layer, without bias."""
    if isinstance(layer, Conv):
        return _convolve(x, weights, layer.stride)
    if isinstance(layer, Depthwise):
        return _convolve_depthwise(x, weights, layer.stride)
    assert isinstance(layer, Dense)
    return _multiply(x, weights.T)


def _multiply(x: FloatArray, matrix: FloatArray) -> FloatArray:
    """The last axis times ``matrix``, as one product over all positions."""
    product: FloatArray = x.reshape(-1, x.shape[-1]) @ matrix
    return product.reshape(*x.shape[:-1], -1)


def _convolve(x: FloatArray, weights: FloatArray, stride: int) -> FloatArray:
    out_channels, kernel = weights.shape[:2]
    matrix = weights.reshape(out_channels, -1).T
    if kernel == 1:
        return _multiply(x[:, ::stride, ::stride], matrix)
    windows = np.lib.stride_tricks.sliding_window_view(_pad(x, kernel // 2), (kernel, kernel), axis=(1, 2))
    patches = windows[:, ::stride, ::stride].transpose(0, 1, 2, 4, 5, 3)  # [N, OH, OW, K, K, C]
    return _multiply(patches.reshape(*patches.shape[:3], -1), matrix)


def _convolve_depthwise(x: FloatArray, weights: FloatArray, stride: int) -> FloatArray:
    kernel, padding = weights.shape[0], weights.shape[0] // 2
    count, height, width, channels = x.shape
    out_height, out_width = -(-height // stride), -(-width // stride)
    total = np.zeros((count, out_height, out_width, channels), np.float32)
    product = np.empty(total.shape[1:], np.float32)
    for picture, padded in zip(total, _pad(x, padding)):  # picture by picture stays in the cache
        for row in range(kernel):
            for col in range(kernel):
                taps = padded[row : row + (out_height - 1) * stride + 1 : stride]
                taps = taps[:, col : col + (out_width - 1) * stride + 1 : stride]
                np.multiply(taps, weights[row, col], out=product)
                picture += product
    return total


def _pad(x: FloatArray, padding: int) -> FloatArray:
    return np.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
