"""What both ONNX forms of a zoo network have in common: the nodes of its layers (NCHW) and the model around them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from mcupatch.zoo.layers import (
    INPUT,
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
    Upsample2x,
    find_outputs,
)

FLAT_SUFFIX = "_flat"  # what follows a global mean's name where [1, C, 1, 1] has become [1, C]
_OPSET, _IR_VERSION = 17, 8  # read by every onnxruntime since 1.12


def make_node(layer: Layer, inputs: Sequence[str], output: str) -> onnx.NodeProto:
    """The float node of ``layer``, without its activation; ``inputs`` include its constants where it has any."""
    kind, attributes = _node_kind(layer)
    return helper.make_node(kind, inputs, [output], name=layer.name, **attributes)


def _node_kind(layer: Layer) -> tuple[str, dict[str, Any]]:
    """The ONNX operator and its attributes."""
    if isinstance(layer, Conv | Depthwise):
        (top, bottom), (left, right) = layer.pads
        return "Conv", {
            "group": layer.in_shape[2] if isinstance(layer, Depthwise) else layer.groups,
            "kernel_shape": list(layer.kernel),
            "pads": [top, left, bottom, right],
            "strides": [layer.stride] * 2,
        }
    if isinstance(layer, Dense):
        return "Gemm", {"transB": 1}
    if isinstance(layer, Gate):
        if layer.function is GateFunction.SIGMOID:
            return "Sigmoid", {}
        return "HardSigmoid", {"alpha": 1 / 6, "beta": 0.5}
    if isinstance(layer, MaxPool2x2):
        return "MaxPool", {"kernel_shape": [2, 2], "strides": [2, 2]}
    if isinstance(layer, Upsample2x):
        return "Resize", {
            "mode": "nearest",
            "coordinate_transformation_mode": "asymmetric",
            "nearest_mode": "floor",
        }
    return {Add: "Add", Scale: "Mul", GlobalMean: "GlobalAveragePool"}[type(layer)], {}


def make_flatten(source: str, output: str) -> onnx.NodeProto:
    """``[1, C, 1, 1]`` to ``[1, C]``."""
    return helper.make_node("Flatten", [source], [output], name=output, axis=1)


def make_model(
    name: str,
    layers: Sequence[Layer],
    nodes: Sequence[onnx.NodeProto],
    initializers: Sequence[onnx.TensorProto],
) -> bytes:
    """The file: float input ``[1, C, H, W]`` named ``INPUT``, float outputs named as their layers.

    An output is ``[1, classes]`` or ``[1, C, H, W]``.
    """
    height, width, channels = layers[0].in_shape
    picture = helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, [1, channels, height, width])
    outputs = [
        helper.make_tensor_value_info(layer.name, TensorProto.FLOAT, _output_shape(layer))
        for layer in find_outputs(layers)
    ]
    graph = helper.make_graph(nodes, name, [picture], outputs, initializers)
    model = helper.make_model(
        graph,
        producer_name="mcupatch",
        ir_version=_IR_VERSION,
        opset_imports=[helper.make_opsetid("", _OPSET)],
    )
    data: bytes = model.SerializeToString(deterministic=True)
    return data


def _output_shape(layer: Layer) -> list[int]:
    height, width, channels = layer.out_shape
    return [1, channels] if isinstance(layer, Dense) else [1, channels, height, width]


def to_onnx_layout(layer: Layer, weights: NDArray[np.generic]) -> NDArray[np.generic]:
    """Weights in ONNX's order: ``[O, I, K, K]``, depthwise ``[C, 1, K, K]``, dense ``[O, I]``."""
    if isinstance(layer, Conv):
        return np.moveaxis(weights, 3, 1)
    if isinstance(layer, Depthwise):
        return np.moveaxis(weights, 2, 0)[:, np.newaxis]
    return weights
