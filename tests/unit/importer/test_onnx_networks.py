"""Whole ONNX networks: the oracle equals onnxruntime byte for byte."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mcupatch.importer.onnx_qdq import import_onnx
from mcupatch.ir import reference
from mcupatch.ir.quant import Rounding
from mcupatch.ir.verify import verify_graph
from mcupatch.zoo.networks import find_network
from mcupatch.zoo.write_onnx import build_onnx_qdq
from tests.support.onnx_cases import Params, QdqModel, Weights, add_weights
from tests.support.onnx_networks import draw_cnn, draw_image, quantize_cnn
from tests.support.onnxruntime_reference import OnnxRuntime

FLOAT_LAYERS = {"Conv", "FusedConv", "Gemm", "MatMul", "Add", "AveragePool"}


@pytest.mark.parametrize("name,pixels", [("mobilenet_v2_w0.35", 64), ("mbv2_rd", 48)])
def test_zoo_network(name: str, pixels: int) -> None:
    data = build_onnx_qdq(find_network(name, pixels))
    graph = import_onnx(data, name)
    runtime = OnnxRuntime(data)
    assert not FLOAT_LAYERS.intersection(runtime.operators)
    rng = np.random.default_rng(0)
    for _ in range(3):
        image = rng.standard_normal((1, 3, pixels, pixels)).astype(np.float32)
        (ours,), (theirs,) = reference.run(graph, [image]), runtime.run([image])
        np.testing.assert_array_equal(ours, theirs)
        assert len(np.unique(ours)) > 10


@pytest.mark.parametrize("unsigned", [False, True], ids=["int8", "uint8"])
@pytest.mark.parametrize("seed", range(16))
def test_random_network(seed: int, unsigned: bool, tmp_path: Path) -> None:
    net = draw_cnn(seed)
    data = quantize_cnn(net, tmp_path, unsigned, per_channel=seed % 2 == 0)
    graph = import_onnx(data, "cnn.onnx")
    runtime = OnnxRuntime(data)
    assert not FLOAT_LAYERS.intersection(runtime.operators), runtime.operators
    rng = np.random.default_rng(seed)
    for _ in range(5):
        image = draw_image(rng, net)
        (ours,), (theirs,) = reference.run(graph, [image]), runtime.run([image])
        np.testing.assert_array_equal(ours, theirs)


def test_model_that_begins_and_ends_channels_last() -> None:
    """Exporters from TensorFlow leave transpositions at the ends; they cost nothing inside."""
    rng = np.random.default_rng(0)
    model, params = QdqModel(), Params(np.float32(0.04), np.int8(5))
    x = model.node("Transpose", [model.input("x", (1, 8, 9, 3), "float32")], perm=[0, 3, 1, 2])
    weights = add_weights(model, rng, (4, 3, 3, 3), params.scale, Weights())
    value = model.requantize(model.node("Conv", [model.requantize(x, params), *weights]), params)
    value = model.node("Transpose", [value], perm=[0, 2, 3, 1])
    model.output(model.requantize(value, params), "float32")
    data = model.build()
    runtime = OnnxRuntime(data)
    image = rng.standard_normal((1, 8, 9, 3)).astype(np.float32)
    for channels_last_ends in (False, True):
        graph = import_onnx(data, "net", channels_last_ends=channels_last_ends)
        assert [op.kind for op in graph.ops] == ["quantize", "conv2d", "dequantize"]
        np.testing.assert_array_equal(reference.run(graph, [image])[0], runtime.run([image])[0])


@pytest.mark.parametrize("dtype", ["float32", "int8", "uint8"])
def test_channels_last_ends(dtype: str) -> None:
    """The same values in another order, without transpositions."""
    rng = np.random.default_rng(1)
    model = QdqModel()
    integer = np.uint8 if dtype == "uint8" else np.int8
    params = Params(np.float32(0.04), integer(100))
    x = model.input("x", (1, 3, 8, 9), dtype)
    x = model.requantize(x, params) if dtype == "float32" else model.dequantize(x, params)
    weights = add_weights(model, rng, (4, 3, 3, 3), params.scale, Weights())
    stored = model.quantize(model.node("Conv", [x, *weights]), params)
    model.output(model.dequantize(stored, params) if dtype == "float32" else stored, dtype)
    data = model.build()
    image = rng.integers(0, 100, (1, 3, 8, 9)).astype(dtype)
    (expected,) = reference.run(import_onnx(data, "net"), [image])
    graph = import_onnx(data, "net", channels_last_ends=True)
    verify_graph(graph)
    assert "transpose" not in {op.kind for op in graph.ops}
    (turned,) = reference.run(graph, [np.ascontiguousarray(image.transpose(0, 2, 3, 1))])
    np.testing.assert_array_equal(turned.transpose(0, 3, 1, 2), expected)


def test_fixed_rounding_is_near() -> None:
    data = build_onnx_qdq(find_network("mobilenet_v2_w0.35", 48))
    image = np.random.default_rng(0).standard_normal((1, 3, 48, 48)).astype(np.float32)
    results = [
        reference.run(import_onnx(data, "net", r), [image])[0] for r in (Rounding.FLOAT, Rounding.FIXED)
    ]
    assert np.abs(results[0] - results[1]).max() < 0.15 * np.ptp(results[0])
