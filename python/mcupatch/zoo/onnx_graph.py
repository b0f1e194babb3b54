"""What both ONNX forms of a zoo network have in common: the nodes of its layers (NCHW) and the model around them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from mcupatch.zoo.layers import INPUT, Add, Conv, Depthwise, GlobalMean, Layer

FLAT_SUFFIX = "_flat"  # what follows a global mean's name where [1, C, 1, 1] has become [1, C]
_OPSET, _IR_VERSION = 17, 8  # read by every onnxruntime since 1.12


def make_node(layer: Layer, inputs: Sequence[str], output: str) -> onnx.NodeProto:
    """The float node of ``layer``, without its relu6; ``inputs`` include weights and bias where it has them."""
    if isinstance(layer, Conv | Depthwise):
        return helper.make_node(
            "Conv",
            inputs,
            [output],
            name=layer.name,
            group=layer.in_shape[2] if isinstance(layer, Depthwise) else 1,
            kernel_shape=[layer.kernel] * 2,
            pads=[layer.padding] * 4,
            strides=[layer.stride] * 2,
        )
    if isinstance(layer, Add):
        return helper.make_node("Add", inputs, [output], name=layer.name)
    if isinstance(layer, GlobalMean):
        return helper.make_node("GlobalAveragePool", inputs, [output], name=layer.name)
    return helper.make_node("Gemm", inputs, [output], name=layer.name, transB=1)


def make_flatten(source: str, output: str) -> onnx.NodeProto:
    """``[1, C, 1, 1]`` to ``[1, C]``."""
    return helper.make_node("Flatten", [source], [output], name=output, axis=1)


def make_model(
    name: str,
    layers: Sequence[Layer],
    nodes: Sequence[onnx.NodeProto],
    initializers: Sequence[onnx.TensorProto],
) -> bytes:
    """The file: float input ``[1, 3, H, W]`` named ``INPUT``, float output ``[1, classes]`` named as the last layer."""
    height, width, channels = layers[0].in_shape
    picture = helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, [1, channels, height, width])
    logits = helper.make_tensor_value_info(layers[-1].name, TensorProto.FLOAT, [1, layers[-1].out_shape[2]])
    graph = helper.make_graph(nodes, name, [picture], [logits], initializers)
    model = helper.make_model(
        graph,
        producer_name="mcupatch",
        ir_version=_IR_VERSION,
        opset_imports=[helper.make_opsetid("", _OPSET)],
    )
    data: bytes = model.SerializeToString(deterministic=True)
    return data


def to_onnx_layout(layer: Layer, weights: NDArray[np.generic]) -> NDArray[np.generic]:
    """Weights in ONNX's order: ``[O, I, K, K]``, depthwise ``[C, 1, K, K]``, dense ``[O, I]``."""
    if isinstance(layer, Conv):
        return np.moveaxis(weights, 3, 1)
    if isinstance(layer, Depthwise):
        return np.moveaxis(weights, 2, 0)[:, np.newaxis]
    return weights
