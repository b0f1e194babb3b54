"""Stages as C: the bytes of whole-tensor execution under the host's sanitizers, in code that is short."""

from __future__ import annotations

import re

import pytest

from mcupatch.emit.csources import CSources
from mcupatch.emit.emit_model import emit_model
from mcupatch.ir.graph import Graph
from mcupatch.ir.reference import run
from mcupatch.measure.host_backend import run_on_host
from mcupatch.memory.planner import plan_memory
from mcupatch.model_inputs import random_inputs
from mcupatch.program.build_module import build_module
from mcupatch.schedule.stage import Schedule, Segment
from mcupatch.scratch import find_schedule_scratch
from mcupatch.transform import FusePatches
from tests.support.small_graph import small_graph
from tests.support.stages import CASES, branched_network, make_case, staged


def emit(graph: Graph, schedule: Schedule) -> CSources:
    plan = plan_memory(graph, schedule, find_schedule_scratch(graph, schedule), quick=True)
    return emit_model(FusePatches(schedule=schedule)(build_module(graph)), graph, plan, "net")


def stage_text(sources: CSources) -> str:
    """The stage functions, all in one line."""
    return " ".join(sources.sources["tvmgen_net.c"].split())


@pytest.mark.parametrize("streamed", [False, True], ids=["held", "streamed"])
@pytest.mark.parametrize("name", CASES)
def test_any_stage_gives_the_same_bytes(name: str, streamed: bool) -> None:
    graph, schedule = make_case(name, streamed and CASES[name][1][0].first == 0)
    inputs = list(random_inputs(graph, 3).values())
    (measured,) = run_on_host(emit(graph, schedule), [inputs], sanitize=True)
    assert [v.tobytes() for v in measured.outputs] == [v.tobytes() for v in run(graph, inputs)]


def test_halo_rows_are_read_from_the_cache() -> None:
    """Only where an operator's window reaches above the tile is its input split."""
    graph = small_graph()
    text = stage_text(emit(graph, staged(graph, Segment(0, 4, (1, 1)))))
    makers = re.findall(r"in0 = (\w+)\([^;]*\); out = [^;]*; tvmgen_net_(\w+)\(&in0, &out", text)
    split = {name: maker == "mcup_split_window" for maker, name in makers}
    assert split == {"conv1": False, "dw1": True, "pw1": False, "conv2": True}


def test_full_width_tiles_need_no_columns() -> None:
    graph = small_graph()
    text = stage_text(emit(graph, staged(graph, Segment(0, 4, (1, 5)))))
    assert "mcup_split_window" not in text and "tile" not in text


def test_steps_that_compute_nothing_call_nothing() -> None:
    """The kernels get no empty windows: their calls are behind an ``if`` wherever a side may be empty."""
    graph = small_graph()
    text = stage_text(emit(graph, staged(graph, Segment(0, 3, (1, 10)), Segment(4, 4, (1, 5)))))
    guards = re.findall(r"\bif \(([^{]*)\) \{ in0 = [^{}]* tvmgen_net_(\w+)\(", text)
    assert ("b_rows > 0", "dw1") in guards  # the first step computes rows of conv1 alone
    assert "tvmgen_net_conv2(" in text and "conv2" not in [name for _, name in guards]


def test_one_operator_function_for_each_call() -> None:
    """A mean that accumulates has an ``add`` and a ``finish``, and not the function of the whole mean."""
    graph = small_graph()
    segments = Segment(0, 3, (1, 10)), Segment(4, 5, (1, 2))
    header = emit(graph, staged(graph, *segments)).headers["tvmgen_net_operators.h"]
    functions = re.findall(r"void (tvmgen_net_\w+)\(", header)
    assert [f.removeprefix("tvmgen_net_") for f in functions] == [
        *("conv1", "dw1", "pw1", "add1", "conv2", "mean_add", "mean_finish", "fc")
    ]


def test_fetching_ends_the_stage_when_it_fails() -> None:
    graph = branched_network()
    schedule = staged(graph, Segment(0, 3, (1, 1)), streamed=graph.inputs)
    text = stage_text(emit(graph, schedule))
    assert re.search(r"if \(tvmgen_net_fetch_\w+\([^;{}]*\) != 0\) { return; }", text)
