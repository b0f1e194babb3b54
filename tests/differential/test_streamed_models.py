"""Trained models whose image comes row by row: every output byte is LiteRT's, on the emulated chip and on this computer.

A model with float input takes the raw bytes of a picture; LiteRT gets the floats that they stand for.
"""

from __future__ import annotations

import numpy as np
import pytest

from mcupatch.importer.raw_rows import is_quantised, own_scaling
from mcupatch.measure.host_backend import run_on_host
from mcupatch.measure.unicorn_backend import run_on_unicorn
from mcupatch.options import ByHand, CompileOptions, LeastSram, Mode, PerLayer
from mcupatch.pipeline import compile_model
from tests.support.real_models import MODELS, litert_outputs, load_graph, load_model, patch_ops

SCHEDULES = ["per_layer", "kept", "recomputed", "least"]


def mode_of(name: str, schedule: str) -> Mode:
    graph = load_graph(name)
    if schedule == "kept":  # one row of the result after the other
        ops = patch_ops(graph, "deep", (4, 1))
        return ByHand(ops, (graph.output_tensor(graph.ops[ops - 1]).hwc[0], 1), "keep")
    if schedule == "recomputed":
        return ByHand(patch_ops(graph, "middle", (3, 3)), (3, 3))
    return LeastSram() if schedule == "least" else PerLayer()


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("name", MODELS)
def test_streamed_equals_litert(name: str, schedule: str) -> None:
    graph = load_graph(name)
    (only,) = graph.inputs
    options = CompileOptions("stm32h743", mode=mode_of(name, schedule), stream_input=True)
    compiled = compile_model(load_model(name), options)
    assert compiled.schedule.streamed == (only,)
    tensor = compiled.graph.tensors[only]
    info = np.iinfo(tensor.dtype)
    random = np.random.default_rng(SCHEDULES.index(schedule))
    image = random.integers(info.min, info.max, tensor.shape, tensor.dtype, endpoint=True)
    value = own_scaling(graph, only).real(image) if is_quantised(graph, only) else image
    expected = [output.tobytes() for output in litert_outputs(name, value)]
    (chip,) = run_on_unicorn(compiled.firmware, [[image]], profile=schedule == "kept")
    (host,) = run_on_host(compiled.sources, [[image]], sanitize=True)
    for run in (chip, host):
        assert [output.tobytes() for output in run.outputs] == expected
    if schedule == "kept":  # a few rows, and nothing else of the image
        (held,) = (p.buffer.nbytes for p in compiled.plan.placed if p.buffer.name == only)
        assert held <= tensor.nbytes // 4
