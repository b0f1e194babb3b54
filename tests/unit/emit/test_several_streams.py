"""Two streamed inputs and a held one, read at different rates by one stage: the bytes of the reference."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mcupatch.decide import Request, decide_schedule
from mcupatch.emit.emit_model import emit_model
from mcupatch.firmware.bare_metal import build_firmware
from mcupatch.ir import reference
from mcupatch.ir.graph import Graph
from mcupatch.ir.quant import Rounding, make_requant
from mcupatch.measure.host_backend import run_on_host
from mcupatch.measure.unicorn_backend import run_on_unicorn
from mcupatch.options import ByHand, LeastSram, Mode, PerLayer
from mcupatch.program.build_module import build_module
from mcupatch.schedule.streaming import find_streamed_inputs
from mcupatch.target.board import load_board
from mcupatch.transform import FusePatches
from tests.support.graphs import GraphBuilder


def two_cameras() -> Graph:
    """16x16 pooled to 8x8, plus 8x8 whose rows come half as often, times a gate of one position."""
    b = GraphBuilder("cameras")
    near, far, gate = b.input(16, 16, 4), b.input(8, 8, 4), b.input(1, 1, 4)
    pooled = b.max_pool(b.pad(near, (1, 0, 0, 1)), kernel=3, stride=2, pad=0)
    graph = b.build(b.max_pool(b.mul(b.add(pooled, far), gate), kernel=2, stride=1))
    pad, pool, add, mul, last = graph.ops
    add = replace(add, output_requant=make_requant(Rounding.FIXED, np.array([2.0**-20])))
    mul = replace(mul, requant=make_requant(Rounding.FIXED, np.array([1 / 100])))
    return replace(graph, ops=(pad, pool, add, mul, last))


@pytest.mark.parametrize(
    "mode", [PerLayer(), ByHand(5, (7, 2), "keep"), ByHand(5, (3, 3)), LeastSram()], ids=str
)
def test_each_stream_at_its_own_pace(mode: Mode, tmp_path: Path) -> None:
    graph = two_cameras()
    streamed = find_streamed_inputs(graph)
    assert streamed == graph.inputs[:2]
    decision = decide_schedule(graph, Request(mode, None, streamed))
    module = FusePatches(schedule=decision.schedule)(build_module(graph))
    sources = emit_model(module, graph, decision.plan, graph.name)
    assert [port.streamed for port in sources.inputs] == [True, True, False]
    random = np.random.default_rng(1)
    values = [random.integers(-128, 128, graph.tensors[n].shape).astype(np.int8) for n in graph.inputs]
    (expected,) = reference.run(graph, values)
    assert len(np.unique(expected)) > 20
    (host,) = run_on_host(sources, [values], sanitize=True)
    (chip,) = run_on_unicorn(build_firmware(sources, load_board("stm32f746"), tmp_path), [values])
    assert np.array_equal(host.outputs[0], expected)
    assert np.array_equal(chip.outputs[0], expected)
