"""Small float CNNs, drawn at random, quantised by onnxruntime's own ``quantize_static``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Array = NDArray[Any]


class FloatCnn:
    """Layers appended one by one; ``shape`` is that of the last value, ``[C, H, W]``."""

    def __init__(self, rng: np.random.Generator, shape: tuple[int, int, int]) -> None:
        self.rng, self.shape, self.value = rng, shape, "x"
        self.input_shape = shape
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def _name(self, stem: str) -> str:
        return f"{stem}_{len(self.nodes)}_{len(self.constants)}"

    def _constant(self, stem: str, array: Any) -> str:
        name = self._name(stem)
        self.constants.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def node(self, op_type: str, inputs: list[str], **attributes: Any) -> str:
        output = self._name(op_type.lower())
        self.nodes.append(helper.make_node(op_type, inputs, [output], name=f"{output}_node", **attributes))
        self.value = output
        return output

    def conv(self, outputs: int, kernel: int, stride: int, groups: int = 1, act: str = "") -> str:
        channels, height, width = self.shape
        weights = self.rng.standard_normal((outputs, channels // groups, kernel, kernel))
        weights *= np.sqrt(2 / weights[0].size)
        pad = kernel // 2
        inputs = [
            self.value,
            self._constant("w", weights.astype(np.float32)),
            self._constant("b", (self.rng.standard_normal(outputs) * 0.2).astype(np.float32)),
        ]
        self.node(
            "Conv", inputs, kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=[pad] * 4, group=groups
        )
        size = [(n + 2 * pad - kernel) // stride + 1 for n in (height, width)]
        self.shape = (outputs, size[0], size[1])
        return self.activate(act)

    def activate(self, act: str) -> str:
        if act == "relu6":
            bounds = [self._constant("low", np.float32(0)), self._constant("high", np.float32(6))]
            return self.node("Clip", [self.value, *bounds])
        if act == "silu":
            source = self.value
            return self.node("Mul", [source, self.node("Sigmoid", [source])])
        return self.node(act, [self.value]) if act else self.value

    def squeeze_excite(self) -> str:
        channels, height, width = self.shape
        source = self.value
        self.node("GlobalAveragePool", [source])
        self.shape = (channels, 1, 1)
        self.conv(max(channels // 4, 1), 1, 1, act="Relu")
        gate = self.conv(channels, 1, 1, act="HardSigmoid")
        self.shape = (channels, height, width)
        return self.node("Mul", [source, gate])

    def flatten_dense(self, outputs: int) -> str:
        inputs = int(np.prod(self.shape))
        flat = self.node("Flatten", [self.value])
        weights = (self.rng.standard_normal((outputs, inputs)) / np.sqrt(inputs)).astype(np.float32)
        bias = (self.rng.standard_normal(outputs) * 0.2).astype(np.float32)
        return self.node("Gemm", [flat, self._constant("w", weights), self._constant("b", bias)], transB=1)

    def build(self) -> onnx.ModelProto:
        end = helper.make_tensor_value_info(self.value, TensorProto.FLOAT, None)
        start = helper.make_tensor_value_info("x", TensorProto.FLOAT, ("N", *self.input_shape))
        graph = helper.make_graph(self.nodes, "cnn", [start], [end], self.constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def draw_cnn(seed: int) -> FloatCnn:
    """A stem, then blocks of several kinds, then a head."""
    rng = np.random.default_rng(seed)
    net = FloatCnn(rng, (int(rng.integers(1, 4)), int(rng.integers(12, 20)), int(rng.integers(12, 20))))
    acts = ["Relu", "relu6", "HardSwish", "silu", "LeakyRelu", ""]
    net.conv(int(rng.integers(2, 5)) * 2, 3, 2, act=str(rng.choice(acts)))
    for _ in range(int(rng.integers(1, 4))):
        kind = rng.choice(["residual", "squeeze", "branches", "pool", "resize", "grouped"])
        channels, act = net.shape[0], str(rng.choice(acts))
        source, shape = net.value, net.shape
        if kind == "residual":
            net.conv(channels * 2, 1, 1, act=act)
            net.conv(channels * 2, int(rng.choice([3, 5])), 1, channels * 2, act)
            net.node("Add", [source, net.conv(channels, 1, 1)])
        elif kind == "squeeze":
            net.squeeze_excite()
        elif kind == "branches":
            first = net.conv(channels, 1, 1, act=act)
            net.value, net.shape = source, shape
            net.node("Concat", [first, net.conv(4, 3, 1, act=act)], axis=1)
            net.shape = (channels + 4, *shape[1:])
        elif kind == "pool":
            net.node(
                str(rng.choice(["MaxPool", "AveragePool"])), [source], kernel_shape=[3, 2], pads=[1, 1, 1, 0]
            )
        elif kind == "resize":
            scales = net._constant("scales", np.array([1, 1, 2, 2], np.float32))
            mode = str(rng.choice(["nearest", "linear"]))
            net.node("Resize", [source, "", scales], mode=mode)
            net.shape = (channels, shape[1] * 2, shape[2] * 2)
        else:
            net.conv(channels, 3, 1, 2, act)
    head = rng.integers(3)
    if head == 0:
        net.node("GlobalAveragePool", [net.value])
        net.shape = (net.shape[0], 1, 1)
    if head < 2:
        net.flatten_dense(5)
        if rng.integers(2):
            net.node("Softmax", [net.value], axis=1)
    return net


def quantize_cnn(net: FloatCnn, folder: Path, unsigned: bool, per_channel: bool) -> bytes:
    """The QDQ form of ``net``, calibrated on random images."""
    quantization = pytest.importorskip("onnxruntime.quantization", reason="onnxruntime is not installed")
    images = iter([draw_image(net.rng, net) for _ in range(6)])

    class Images(quantization.CalibrationDataReader):  # type: ignore[misc, name-defined]
        def get_next(self) -> dict[str, Array] | None:
            image = next(images, None)
            return None if image is None else {"x": image}

    source, target = folder / "float.onnx", folder / "qdq.onnx"
    onnx.save(net.build(), source)
    kind = quantization.QuantType.QUInt8 if unsigned else quantization.QuantType.QInt8
    quantization.quantize_static(
        source,
        target,
        Images(),
        quant_format=quantization.QuantFormat.QDQ,
        per_channel=per_channel,
        activation_type=kind,
        weight_type=quantization.QuantType.QInt8,
    )
    return target.read_bytes()


def draw_image(rng: np.random.Generator, net: FloatCnn) -> Array:
    return rng.standard_normal((1, *net.input_shape)).astype(np.float32)
