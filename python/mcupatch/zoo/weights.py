"""Seeded float weights that keep every layer alive, without training.

Each channel of each layer is brought to a mean and spread of its own choice on the calibration pictures, as batch
normalisation would. The factors are powers of two and the biases multiples of 1/8: then the weights, and the
quantised model made from them, do not depend on the last bits of sums, which differ from machine to machine.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mcupatch.zoo.blocks import Network
from mcupatch.zoo.expand import expand_layers
from mcupatch.zoo.float_network import (
    FloatArray,
    FloatNetwork,
    LayerWeights,
    activate,
    apply_layer,
    apply_weights,
)
from mcupatch.zoo.layers import INPUT, Activation, Dense, Depthwise, Layer

_BIAS_STEP = 1 / 8
# Means well inside (0, 6) keep relu and relu6 close to linear, so that quantisation noise is not amplified layer by layer.
_RELU_MEANS, _RELU_SPREAD = (1.5, 3.0), 1.2
_LINEAR_MEANS, _LINEAR_SPREAD = (-0.5, 0.5), 1.0
_LOGIT_SPREAD = 2.0


def draw_weights(network: Network, pictures: FloatArray, seed: int) -> FloatNetwork:
    """Draw all weights; ``pictures`` ``[N, H, W, C]`` are what the layers are normalised on."""
    layers = expand_layers(network)
    rng = np.random.default_rng(seed)
    last_use = {name: index for index, layer in enumerate(layers) for name in layer.inputs}
    activations = {INPUT: pictures}
    weights: dict[str, LayerWeights] = {}
    ranges: dict[str, tuple[float, float]] = {}
    for index, layer in enumerate(layers):
        inputs = [activations[name] for name in layer.inputs]
        if layer.weight_shape:
            raw = _draw_uniform(layer, rng)
            sums = apply_weights(layer, inputs[0], raw)
            factor, bias = _normalise(layer, sums, rng)
            scaled = raw * (factor if isinstance(layer, Depthwise) else _per_output(factor, raw.ndim))
            weights[layer.name] = LayerWeights(scaled, bias)
            values = activate(layer, sums * factor + bias)
        else:
            values = apply_layer(layer, inputs, None)
        activations[layer.name] = values
        ranges[layer.name] = float(values.min()), float(values.max())
        for name in layer.inputs:
            if last_use[name] == index:
                activations.pop(name, None)
    return FloatNetwork(network.file_stem, layers, weights, ranges)


def _draw_uniform(layer: Layer, rng: np.random.Generator) -> FloatArray:
    """Uniform weights: their only arithmetic is exact everywhere, and they fill the int8 range well."""
    shape = layer.weight_shape
    fan_in = np.prod(shape[:2]) if isinstance(layer, Depthwise) else np.prod(shape[1:])
    limit = np.float32(np.sqrt(6.0 / fan_in))
    weights: FloatArray = (rng.random(shape, np.float32) * 2 - 1) * limit
    return weights


def _normalise(layer: Layer, sums: FloatArray, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Per-channel factor and bias that bring ``sums`` ``[N, H, W, O]`` to the wanted mean and spread."""
    channels = sums.shape[-1]
    flat = sums.reshape(-1, channels).astype(np.float64)
    mean, spread = flat.mean(axis=0), np.maximum(flat.std(axis=0), 1e-6)
    if isinstance(layer, Dense):
        # One factor for all classes, so that per-tensor weights lose nothing.
        wanted: NDArray[np.float64] = np.zeros(channels)
        factor = _round_to_power_of_two(np.full(channels, _LOGIT_SPREAD / spread.mean()))
    elif layer.fused is not Activation.NONE:
        wanted = rng.uniform(*_RELU_MEANS, (channels,))
        factor = _round_to_power_of_two(_RELU_SPREAD / spread)
    else:
        wanted = rng.uniform(*_LINEAR_MEANS, (channels,))
        factor = _round_to_power_of_two(_LINEAR_SPREAD / spread)
    bias = np.rint((wanted - factor * mean) / _BIAS_STEP) * _BIAS_STEP
    return factor.astype(np.float32), bias.astype(np.float32)


def _round_to_power_of_two(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.ldexp(1.0, np.rint(np.log2(values)).astype(np.int64))


def _per_output(factor: FloatArray, rank: int) -> FloatArray:
    return factor.reshape(-1, *[1] * (rank - 1))
