"""Small QDQ models, operator by operator, with parameters drawn to make ties and saturation common."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Array = NDArray[Any]
Generator = np.random.Generator

ELEMENT_TYPES = {"float32": TensorProto.FLOAT, "int8": TensorProto.INT8, "uint8": TensorProto.UINT8}


@dataclass(frozen=True)
class Params:
    scale: np.float32
    zero_point: Any  # an np.int8 or np.uint8


def draw_params(rng: Generator, dtype: type, spread: float = 0.1) -> Params:
    """A random scale, every third time a small multiple of 0.1: ratios of such scales make ties."""
    info = np.iinfo(dtype)
    scale = rng.random() * spread + 0.01
    if rng.integers(3) == 0:
        scale = 0.1 * rng.integers(1, 9)
    return Params(np.float32(scale), dtype(rng.integers(info.min, info.max + 1)))


def draw_values(rng: Generator, dtype: type, shape: tuple[int, ...]) -> Array:
    info = np.iinfo(dtype)
    return rng.integers(info.min, info.max + 1, shape).astype(dtype)


@dataclass
class QdqModel:
    """Builds one model node by node; every method returns the name of the value it made."""

    opset: int = 17
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[onnx.TensorProto] = field(default_factory=list)
    inputs: list[onnx.ValueInfoProto] = field(default_factory=list)
    outputs: list[onnx.ValueInfoProto] = field(default_factory=list)

    def _fresh(self, stem: str) -> str:
        return f"{stem}_{len(self.nodes) + len(self.constants)}"

    def constant(self, array: Any) -> str:
        name = self._fresh("constant")
        self.constants.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def node(self, op_type: str, inputs: list[str], **attributes: Any) -> str:
        output = self._fresh("value")
        self.nodes.append(
            helper.make_node(
                op_type, inputs, [output], name=f"{op_type.lower()}_{len(self.nodes)}", **attributes
            )
        )
        return output

    def input(self, name: str, shape: tuple[Any, ...], dtype: str) -> str:
        self.inputs.append(helper.make_tensor_value_info(name, ELEMENT_TYPES[dtype], shape))
        return name

    def output(self, name: str, dtype: str) -> None:
        self.outputs.append(helper.make_tensor_value_info(name, ELEMENT_TYPES[dtype], None))

    def quantize(self, value: str, params: Params) -> str:
        return self.node(
            "QuantizeLinear", [value, self.constant(params.scale), self.constant(params.zero_point)]
        )

    def dequantize(self, value: str, params: Params) -> str:
        return self.node(
            "DequantizeLinear", [value, self.constant(params.scale), self.constant(params.zero_point)]
        )

    def requantize(self, value: str, params: Params) -> str:
        return self.dequantize(self.quantize(value, params), params)

    def activation(self, name: str, shape: tuple[int, ...], params: Params) -> str:
        """A model input of integers, dequantised."""
        return self.dequantize(self.input(name, shape, params.zero_point.dtype.name), params)

    def finish(self, value: str, params: Params) -> bytes:
        """The model whose one output is ``value``, quantised."""
        self.output(self.quantize(value, params), params.zero_point.dtype.name)
        return self.build()

    def build(self) -> bytes:
        graph = helper.make_graph(self.nodes, "case", self.inputs, self.outputs, self.constants)
        opset = helper.make_opsetid("", self.opset)
        data: bytes = helper.make_model(graph, opset_imports=[opset], ir_version=8).SerializeToString()
        return data


@dataclass(frozen=True)
class Weights:
    """How a layer's weights are drawn: their type, whether per channel, and whether there is a bias."""

    dtype: type = np.int8
    per_channel: bool = True
    bias: bool = True


def add_weights(
    model: QdqModel,
    rng: Generator,
    shape: tuple[int, ...],
    input_scale: np.float32,
    how: Weights,
    axis: int = 0,
) -> list[str]:
    """Dequantised weights of ``shape``, output channels along ``axis``, and an int32 bias; their names."""
    outputs = shape[axis]
    count = outputs if how.per_channel else 1
    scale = (rng.random(count) * 0.01 + 0.001).astype(np.float32)
    zero = np.zeros(count, how.dtype) if how.dtype == np.int8 else np.full(count, 131, how.dtype)
    values = draw_values(rng, how.dtype, shape)
    if not how.per_channel:
        scale, zero = scale.reshape(()), zero.reshape(())
    inputs = [model.constant(values), model.constant(scale), model.constant(zero)]
    names = [model.node("DequantizeLinear", inputs, axis=axis)]
    if how.bias:
        bias = rng.integers(-20000, 20000, outputs).astype(np.int32)
        bias_scale = np.asarray(input_scale * scale, np.float32)
        inputs = [
            model.constant(bias),
            model.constant(bias_scale),
            model.constant(np.zeros(scale.shape, np.int32)),
        ]
        names.append(model.node("DequantizeLinear", inputs, axis=0))
    return names
