"""ONNX QDQ networks on the emulated chip: every output byte is onnxruntime's.

The same C runs on this computer under the address and undefined-behaviour sanitizers.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from mcupatch.importer.onnx_qdq import import_onnx
from mcupatch.ir import reference
from mcupatch.measure.host_backend import run_on_host
from mcupatch.measure.unicorn_backend import run_on_unicorn
from mcupatch.model_file import ModelFile
from mcupatch.options import ByHand, CompileOptions, PerLayer
from mcupatch.pipeline import compile_model, read_graph
from mcupatch.schedule.cuts import find_cuts
from mcupatch.zoo.networks import find_network
from mcupatch.zoo.write_onnx import build_onnx_qdq
from tests.support.onnx_networks import draw_cnn, draw_image, quantize_cnn
from tests.support.onnxruntime_reference import OnnxRuntime

PIXELS = 64


@cache
def zoo_model() -> ModelFile:
    return ModelFile("zoo", ".onnx", build_onnx_qdq(find_network("mbv2_w0.3_r80", PIXELS)))


def test_zoo_network_layer_by_layer() -> None:
    """Float ends, in the model's own order of channels: what onnxruntime takes and gives."""
    model = zoo_model()
    compiled = compile_model(model, CompileOptions("stm32h743", mode=PerLayer()))
    image = np.random.default_rng(0).standard_normal((1, 3, PIXELS, PIXELS)).astype(np.float32)
    expected = OnnxRuntime(model.data).run([image])
    for run in (
        *run_on_unicorn(compiled.firmware, [[image]]),
        *run_on_host(compiled.sources, [[image]], sanitize=True),
    ):
        assert [o.tobytes() for o in run.outputs] == [o.tobytes() for o in expected]


@pytest.mark.parametrize("grid", [(2, 2), (3, 3)])
def test_zoo_network_in_patches(grid: tuple[int, int]) -> None:
    """int8 ends; onnxruntime's own float ends are put around the firmware here."""
    model = zoo_model()
    graph = read_graph(model, "int8")
    ops = find_cuts(graph)[7] + 1
    options = CompileOptions("stm32f746", mode=ByHand(ops, grid), io="int8")
    compiled = compile_model(model, options)
    assert compiled.schedule.stages[0].last == ops - 1
    image = np.random.default_rng(1).standard_normal((1, 3, PIXELS, PIXELS)).astype(np.float32)
    (expected,) = OnnxRuntime(model.data).run([image])
    whole = import_onnx(model.data, "zoo")
    quantize, dequantize = whole.ops[0], whole.ops[-1]
    stored = reference.apply(whole, quantize, [image]).transpose(0, 2, 3, 1)
    inputs = [[np.ascontiguousarray(stored)]]
    for run in (
        *run_on_unicorn(compiled.firmware, inputs),
        *run_on_host(compiled.sources, inputs, sanitize=True),
    ):
        real = reference.apply(whole, dequantize, [run.outputs[0]])
        assert real.tobytes() == expected.tobytes()


@pytest.mark.parametrize("seed,unsigned", [(0, False), (3, True), (4, False), (5, True)])
def test_random_network(seed: int, unsigned: bool, tmp_path: Path) -> None:
    net = draw_cnn(seed)
    data = quantize_cnn(net, tmp_path, unsigned, per_channel=True)
    compiled = compile_model(ModelFile("cnn", ".onnx", data), CompileOptions("stm32h743", mode=PerLayer()))
    inputs = [[draw_image(net.rng, net)] for _ in range(2)]
    runtime = OnnxRuntime(data)
    for values, run in zip(inputs, run_on_unicorn(compiled.firmware, inputs), strict=True):
        assert [o.tobytes() for o in run.outputs] == [o.tobytes() for o in runtime.run(values)]
