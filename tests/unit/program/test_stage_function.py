"""Stages in pure TIR: through TVM on the host they give the bytes of whole-tensor execution, whatever they keep."""

from __future__ import annotations

import numpy as np
import pytest

from mcupatch.importer.tflite import import_tflite
from mcupatch.ir.quant import Rounding
from mcupatch.ir.reference import run
from mcupatch.model_inputs import random_inputs
from mcupatch.program import series
from mcupatch.program.build_module import build_module
from mcupatch.program.stage_function import build_stage_function
from mcupatch.schedule.stage import Segment, Stage
from mcupatch.transform.fuse_patches import FusePatches
from mcupatch.tvm_api import IRModule, relax, tvm
from tests.support.graphs import GraphBuilder
from tests.support.random_model import RandomModel
from tests.support.small_graph import small_graph
from tests.support.stages import CASES, make_case, pooled_network


def run_on_host(module: IRModule, inputs: list[np.ndarray]) -> list[bytes]:
    machine = relax.VirtualMachine(tvm.compile(module, target="llvm"), tvm.cpu())
    result = machine["main"](*map(tvm.runtime.tensor, inputs))
    outputs = [result] if isinstance(result, tvm.runtime.Tensor) else list(result)
    return [output.numpy().tobytes() for output in outputs]


@pytest.mark.parametrize("name", CASES)
def test_any_stage_gives_the_same_bytes(name: str) -> None:
    graph, schedule = make_case(name)
    inputs = list(random_inputs(graph, 3).values())
    module = FusePatches(schedule=schedule)(build_module(graph))
    assert run_on_host(module, inputs) == [value.tobytes() for value in run(graph, inputs)]


@pytest.mark.parametrize("name", ["kept, tiles of one position", "branches and two outputs"])
def test_streamed_rows_are_copied_from_the_whole_input(name: str) -> None:
    graph, schedule = make_case(name, streamed=True)
    inputs = list(random_inputs(graph, 4).values())
    module = FusePatches(schedule=schedule)(build_module(graph))
    assert run_on_host(module, inputs) == [value.tobytes() for value in run(graph, inputs)]


def test_tiles_that_divide_the_map_evenly() -> None:
    """A pointwise convolution last: addresses held terms that cancel, and TVM divided by their factor."""
    model = RandomModel(3)
    x = model.conv(model.add_input((1, 16, 16, 3)), 4, (3, 3))
    graph = import_tflite(model.finish(model.conv(x, 5, (1, 1))), "even")
    inputs = list(random_inputs(graph, 5).values())
    module = FusePatches(grid=(2, 2), ops=2)(build_module(graph))
    assert run_on_host(module, inputs) == [value.tobytes() for value in run(graph, inputs)]


def test_more_segments_than_a_byte_counts() -> None:
    b = GraphBuilder()
    x = b.input(2, 1, 1)
    for _ in range(300):
        x = b.lut(x)
    stage = Stage(tuple(Segment(i, i, (1, 1)) for i in range(300)))
    order = build_stage_function(b.build(x), stage, "long").tables[0]
    assert sorted(order.tolist()) == sorted([*range(300)] * 2)


def test_one_segment_needs_no_order() -> None:
    graph = small_graph()
    alone = build_stage_function(graph, Stage((Segment(0, 4, (1, 5)),)), "alone")
    assert alone.tables == ()
    both = build_stage_function(graph, Stage((Segment(0, 3, (1, 10)), Segment(4, 4, (1, 5)))), "both")
    (order,) = both.tables
    assert list(order) == [0, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 1]  # the first one is a warm-up step


def test_numbers_of_a_few_tiles_are_one_table() -> None:
    tables = build_stage_function(small_graph(), Stage((Segment(0, 4, (1, 2)),)), "narrow").tables
    assert (
        len(tables) == 1 and len(tables[0]) % 4 == 0
    )  # a row for each of three tiles, and for the one before them


def test_kept_halos_are_in_no_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """The numbers of steps and of many tiles are short expressions, for tiles of any size."""
    monkeypatch.setattr(series, "_MOST_BYTES", 0)
    graph = small_graph()
    for tile in [(1, 1), (1, 5), (2, 1), (2, 3), (3, 2), (4, 4)]:
        assert build_stage_function(graph, Stage((Segment(0, 4, tile),)), "kept").tables == ()


def test_float_sums_want_rows_of_full_width() -> None:
    graph = pooled_network(Rounding.FLOAT)
    with pytest.raises(ValueError, match="full width"):
        build_stage_function(graph, Stage((Segment(4, 5, (1, 2)),)), "pool")
    build_stage_function(pooled_network(Rounding.FIXED), Stage((Segment(4, 5, (1, 2)),)), "pool")
