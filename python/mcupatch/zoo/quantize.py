"""Post-training quantisation: int8 activations (asymmetric, one scale a tensor), int8 weights (symmetric), int32 biases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcupatch.ir.quant import INT8_MAX, INT8_MIN, QuantParams
from mcupatch.zoo.blocks import Network
from mcupatch.zoo.float_network import RELU6_TOP, FloatArray, FloatNetwork
from mcupatch.zoo.layers import INPUT, Activation, Dense, Depthwise, Gate, Layer, MaxPool2x2, Upsample2x
from mcupatch.zoo.pictures import make_pictures
from mcupatch.zoo.weights import draw_weights

_CALIBRATION_PICTURES = 8
_RANGE_STEP = 1 / 16  # ranges are rounded outwards to this, to be the same on every machine
_LOGIT_HEADROOM = 1.5  # a few calibration pictures do not show the widest logits
GATE_QUANT = QuantParams(1 / 256, INT8_MIN)  # the only one that LOGISTIC has
INPUT_QUANT = QuantParams(float(np.float32(1 / 127.5)), -1)  # pixel 0 is -0.996, pixel 255 is 1.004


@dataclass(frozen=True, eq=False)
class QuantizedWeights:
    """``weights`` int8 in the layer's ``weight_shape``; ``scale`` float32 ``[O]`` or ``[1]``; ``bias`` int32 ``[O]``.

    ``bias_scale`` float32, as many entries as ``scale``, is input scale times ``scale``.
    """

    weights: NDArray[np.int8]
    scale: NDArray[np.float32]
    bias: NDArray[np.int32]
    bias_scale: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class QuantizedNetwork:
    """What both writers write. ``activations`` holds every layer's quantisation and ``INPUT``'s, by name."""

    name: str
    layers: tuple[Layer, ...]
    activations: Mapping[str, QuantParams]
    weights: Mapping[str, QuantizedWeights]


def build_float_network(network: Network, seed: int = 0) -> FloatNetwork:
    """``network`` with the weights of ``seed``."""
    return draw_weights(network, _make_calibration_pictures(network, seed), seed)


def quantize_network(network: Network, seed: int = 0, per_channel_dense: bool = False) -> QuantizedNetwork:
    """Draw, calibrate and quantise. Convolution weights are per channel, dense ones only if asked."""
    floats = build_float_network(network, seed)
    activations = _calibrate(floats)
    weights = {}
    for layer in floats.layers:
        if layer.weight_shape:
            source = floats.weights[layer.name]
            per_channel = per_channel_dense or not isinstance(layer, Dense)
            input_scale = activations[layer.inputs[0]].scale
            weights[layer.name] = _quantize_weights(
                layer, source.weights, source.bias, input_scale, per_channel
            )
    return QuantizedNetwork(floats.name, floats.layers, activations, weights)


def _calibrate(floats: FloatNetwork) -> Mapping[str, QuantParams]:
    """The quantisation of every activation, from its range."""
    params = {INPUT: INPUT_QUANT}
    for layer in floats.layers:
        if isinstance(layer, Gate):
            params[layer.name] = GATE_QUANT
        elif isinstance(layer, MaxPool2x2 | Upsample2x):  # the same values, so the same stored ones
            params[layer.name] = params[layer.inputs[0]]
        else:
            params[layer.name] = choose_params(layer, *floats.ranges[layer.name])
    return params


def choose_params(layer: Layer, low: float, high: float) -> QuantParams:
    """Scale and zero point for values in [low, high]; zero is always representable."""
    widen = _LOGIT_HEADROOM if isinstance(layer, Dense) else 1.0
    low = min(0.0, float(np.floor(low * widen / _RANGE_STEP)) * _RANGE_STEP)
    high = max(_RANGE_STEP, float(np.ceil(high * widen / _RANGE_STEP)) * _RANGE_STEP)
    if layer.fused is Activation.RELU6:
        high = min(high, RELU6_TOP)
    scale = float(np.float32((high - low) / (INT8_MAX - INT8_MIN)))
    return QuantParams(scale, int(np.clip(np.rint(INT8_MIN - low / scale), INT8_MIN, INT8_MAX)))


def quantize_pictures(pictures: NDArray[np.uint8]) -> NDArray[np.int8]:
    """Pixels as the int8 input of a zoo model: 0 is -128."""
    return (pictures.astype(np.int16) - 128).astype(np.int8)


def dequantize_input(stored: NDArray[np.int8]) -> FloatArray:
    """The real values that the int8 input of a zoo model stands for, as the float network takes them."""
    real: FloatArray = (stored.astype(np.float32) - INPUT_QUANT.zero_point) * np.float32(INPUT_QUANT.scale)
    return real


def _make_calibration_pictures(network: Network, seed: int) -> FloatArray:
    stored = quantize_pictures(make_pictures(_CALIBRATION_PICTURES, network.input_shape, seed))
    return dequantize_input(stored)


def _quantize_weights(
    layer: Layer, weights: FloatArray, bias: FloatArray, input_scale: float, per_channel: bool
) -> QuantizedWeights:
    channel_axis = weights.ndim - 1 if isinstance(layer, Depthwise) else 0
    other_axes = tuple(i for i in range(weights.ndim) if i != channel_axis)
    largest = np.abs(weights).max(axis=other_axes if per_channel else None, keepdims=True)
    scale = (np.maximum(largest, np.float32(1e-6)) / np.float32(INT8_MAX)).astype(np.float32)
    stored = np.clip(np.rint(weights / scale), -INT8_MAX, INT8_MAX).astype(np.int8)
    bias_scale = np.float32(input_scale) * scale.ravel()
    stored_bias = np.rint(bias.astype(np.float64) / bias_scale.astype(np.float64)).astype(np.int32)
    return QuantizedWeights(stored, scale.ravel(), stored_bias, bias_scale)
