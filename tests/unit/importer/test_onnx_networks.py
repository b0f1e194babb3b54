"""Whole ONNX networks: the oracle equals onnxruntime byte for byte."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mcupatch.importer.onnx_qdq import import_onnx
from mcupatch.ir import reference
from mcupatch.zoo.networks import find_network
from mcupatch.zoo.write_onnx import build_onnx_qdq
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
