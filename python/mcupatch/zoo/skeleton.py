"""A network without weights of its own: for questions of memory and work, which weights do not change."""

from __future__ import annotations

import numpy as np

from mcupatch.ir.quant import QuantParams
from mcupatch.zoo.blocks import Network
from mcupatch.zoo.expand import expand_layers
from mcupatch.zoo.layers import INPUT, Gate
from mcupatch.zoo.quantize import GATE_QUANT, QuantizedNetwork, QuantizedWeights
from mcupatch.zoo.write_tflite import write_tflite

_ANY_QUANT = QuantParams(1 / 16, 0)
_ANY_SCALE = np.array([1 / 128], np.float32)


def build_skeleton(network: Network) -> bytes:
    """The .tflite file of ``network`` with all weights zero; quick, since nothing is drawn or calibrated."""
    layers = expand_layers(network)
    weights = {
        layer.name: QuantizedWeights(
            np.zeros(layer.weight_shape, np.int8),
            _ANY_SCALE,
            np.zeros(layer.out_shape[2], np.int32),
            _ANY_SCALE * np.float32(_ANY_QUANT.scale),
        )
        for layer in layers
        if layer.weight_shape
    }
    quants = {layer.name: GATE_QUANT if isinstance(layer, Gate) else _ANY_QUANT for layer in layers}
    return write_tflite(QuantizedNetwork(network.file_stem, layers, {INPUT: _ANY_QUANT, **quants}, weights))
