"""A zoo network as ONNX: in float, and as QDQ in the shape in which onnxruntime's ``quantize_static`` writes it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
from numpy.typing import ArrayLike, DTypeLike
from onnx import helper, numpy_helper

from mcupatch.zoo.blocks import Network
from mcupatch.zoo.float_network import RELU6_TOP
from mcupatch.zoo.layers import INPUT, Activation, GlobalMean, Layer, Upsample2x, find_outputs
from mcupatch.zoo.onnx_graph import FLAT_SUFFIX, make_flatten, make_model, make_node, to_onnx_layout
from mcupatch.zoo.quantize import QuantizedNetwork, build_float_network, quantize_network

_RESIZE_INPUTS = ["", "resize_scales"]  # no region of interest


def build_float_onnx(network: Network, seed: int = 0) -> bytes:
    """Draw weights from ``seed`` and write them in float32, relu as Relu, relu6 as Clip."""
    floats = build_float_network(network, seed)
    nodes: list[onnx.NodeProto] = []
    initializers = [*_relu6_constants(floats.layers), *_resize_constants(floats.layers)]
    renamed: dict[str, str] = {}  # layer name to the tensor that its readers take
    for layer in floats.layers:
        inputs = [renamed.get(name, name) for name in layer.inputs]
        if layer.weight_shape:
            weights = floats.weights[layer.name]
            stored = np.ascontiguousarray(to_onnx_layout(layer, weights.weights))
            initializers.append(numpy_helper.from_array(stored, f"{layer.name}_weights"))
            initializers.append(numpy_helper.from_array(weights.bias, f"{layer.name}_bias"))
            inputs += [f"{layer.name}_weights", f"{layer.name}_bias"]
        if isinstance(layer, Upsample2x):
            inputs += _RESIZE_INPUTS
        if layer.fused is not Activation.NONE:
            linear = f"{layer.name}_linear"
            nodes += [make_node(layer, inputs, linear), _make_activation(layer, linear)]
            continue
        nodes.append(make_node(layer, inputs, layer.name))
        if isinstance(layer, GlobalMean) and layer.is_flat:
            renamed[layer.name] = layer.name + FLAT_SUFFIX
            nodes.append(make_flatten(layer.name, renamed[layer.name]))
    return make_model(floats.name, floats.layers, nodes, initializers)


def _make_activation(layer: Layer, source: str) -> onnx.NodeProto:
    if layer.fused is Activation.RELU:
        return helper.make_node("Relu", [source], [layer.name], name=f"{layer.name}_relu")
    bounds = ["relu6_low", "relu6_high"]
    return helper.make_node("Clip", [source, *bounds], [layer.name], name=f"{layer.name}_relu6")


def _relu6_constants(layers: Sequence[Layer]) -> list[onnx.TensorProto]:
    if not any(layer.fused is Activation.RELU6 for layer in layers):
        return []
    return [
        numpy_helper.from_array(np.float32(0), "relu6_low"),
        numpy_helper.from_array(np.float32(RELU6_TOP), "relu6_high"),
    ]


def _resize_constants(layers: Sequence[Layer]) -> list[onnx.TensorProto]:
    if not any(isinstance(layer, Upsample2x) for layer in layers):
        return []
    return [numpy_helper.from_array(np.array([1, 1, 2, 2], np.float32), _RESIZE_INPUTS[-1])]


def build_onnx_qdq(network: Network, seed: int = 0) -> bytes:
    """Draw weights from ``seed``, calibrate, quantise (dense per channel as well), write with float ends."""
    return write_onnx_qdq(quantize_network(network, seed, per_channel_dense=True))


def write_onnx_qdq(network: QuantizedNetwork) -> bytes:
    """Every activation goes through QuantizeLinear and DequantizeLinear; relu and relu6 are the ranges' own ends.

    A Clip in front of a QuantizeLinear whose range is [0, 6] or less changes nothing, so it is left out, as
    ``quantize_static`` does.
    """
    return _QdqWriter(network).write()


class _QdqWriter:
    def __init__(self, network: QuantizedNetwork) -> None:
        self._network = network
        self._constant_nodes: list[onnx.NodeProto] = []
        self._nodes: list[onnx.NodeProto] = []
        self._initializers: list[onnx.TensorProto] = _resize_constants(network.layers)
        self._dequantized: dict[str, str] = {}  # activation to the float tensor behind its DequantizeLinear

    def write(self) -> bytes:
        layers = self._network.layers
        outputs = find_outputs(layers)
        self._add_activation_params(INPUT)
        self._quantize(INPUT, INPUT, INPUT)
        for layer in layers:
            self._write_layer(layer, is_last=layer in outputs)
        return make_model(self._network.name, layers, self._constant_nodes + self._nodes, self._initializers)

    def _write_layer(self, layer: Layer, is_last: bool) -> None:
        inputs = [self._dequantized[name] for name in layer.inputs]
        if layer.weight_shape:
            inputs += self._add_weights(layer)
        if isinstance(layer, Upsample2x):
            inputs += _RESIZE_INPUTS
        self._add_activation_params(layer.name)
        # The graph's output keeps the layer's name, so the float tensor in front of it takes another.
        result = f"{layer.name}_QuantizeLinear_Input" if is_last else layer.name
        self._nodes.append(make_node(layer, inputs, result))
        self._quantize(layer.name, layer.name, result, layer.name if is_last else None)
        if isinstance(layer, GlobalMean) and layer.is_flat:
            flat = layer.name + FLAT_SUFFIX
            self._nodes.append(make_flatten(self._dequantized[layer.name], flat))
            self._quantize(layer.name, flat, flat)

    def _quantize(self, activation: str, prefix: str, source: str, output: str | None = None) -> None:
        """QuantizeLinear and DequantizeLinear of ``source`` with the parameters of ``activation``."""
        quantized = f"{prefix}_QuantizeLinear_Output"
        output = output or f"{prefix}_DequantizeLinear_Output"
        params = [f"{activation}_scale", f"{activation}_zero_point"]
        self._nodes += [
            helper.make_node(
                "QuantizeLinear", [source, *params], [quantized], name=f"{prefix}_QuantizeLinear"
            ),
            helper.make_node(
                "DequantizeLinear", [quantized, *params], [output], name=f"{prefix}_DequantizeLinear"
            ),
        ]
        self._dequantized[activation] = output

    def _add_weights(self, layer: Layer) -> list[str]:
        """Constants of ``layer`` behind DequantizeLinear; the names of the float weights and bias."""
        stored = self._network.weights[layer.name]
        weights, bias = f"{layer.name}_weights", f"{layer.name}_bias"
        self._add_array(f"{weights}_quantized", to_onnx_layout(layer, stored.weights), np.int8)
        self._add_array(f"{weights}_scale", stored.scale, np.float32)
        self._add_array(f"{weights}_zero_point", np.zeros(stored.scale.shape), np.int8)
        self._add_array(f"{bias}_quantized", stored.bias, np.int32)
        self._add_array(f"{bias}_quantized_scale", stored.bias_scale, np.float32)
        self._add_array(f"{bias}_quantized_zero_point", np.zeros(stored.bias_scale.shape), np.int32)
        bias_inputs = [f"{bias}_quantized", f"{bias}_quantized_scale", f"{bias}_quantized_zero_point"]
        weight_inputs = [f"{weights}_quantized", f"{weights}_scale", f"{weights}_zero_point"]
        outputs = [f"{weights}_DequantizeLinear_Output", bias]
        for prefix, inputs, output in zip((weights, bias), (weight_inputs, bias_inputs), outputs):
            name = f"{prefix}_DequantizeLinear"
            node = helper.make_node("DequantizeLinear", inputs, [output], name=name, axis=0)
            self._constant_nodes.append(node)
        return outputs

    def _add_activation_params(self, name: str) -> None:
        params = self._network.activations[name]
        self._add_array(f"{name}_scale", params.scale, np.float32)
        self._add_array(f"{name}_zero_point", params.zero_point, np.int8)

    def _add_array(self, name: str, values: ArrayLike, dtype: DTypeLike) -> None:
        self._initializers.append(numpy_helper.from_array(np.asarray(values, dtype, order="C"), name))
