"""The pass: same bytes as whole-tensor execution, through TVM on the host, alone and inside a pipeline."""

from __future__ import annotations

import numpy as np
import pytest

from mcupatch.ir.quant import Rounding
from mcupatch.ir.reference import run
from mcupatch.program.build_module import build_module
from mcupatch.program.extract_graph import extract_graph
from mcupatch.schedule.stage import Schedule, Segment, Stage
from mcupatch.schedule.whole import whole_operator
from mcupatch.transform.fuse_patches import FusePatches, is_fused
from mcupatch.tvm_api import IRModule, relax, tvm
from tests.support.small_graph import patched, small_graph


def run_on_host(module: IRModule, x: np.ndarray, **options: object) -> np.ndarray:
    machine = relax.VirtualMachine(tvm.compile(module, target="llvm", **options), tvm.cpu())
    return machine["main"](tvm.runtime.tensor(x)).numpy()


@pytest.fixture
def picture() -> np.ndarray:
    return np.random.default_rng(1).integers(-128, 128, (1, 17, 19, 3)).astype(np.int8)


@pytest.mark.parametrize("rounding", [Rounding.FIXED, Rounding.FLOAT])
def test_module_keeps_every_operator(rounding: Rounding, picture: np.ndarray) -> None:
    graph = small_graph(rounding)
    view = extract_graph(build_module(graph))
    assert [op.name for op in view.ops] == [op.name for op in graph.ops]
    assert view.tensors == graph.tensors
    np.testing.assert_array_equal(run(view, [picture])[0], run(graph, [picture])[0])


@pytest.mark.parametrize("rounding", [Rounding.FIXED, Rounding.FLOAT])
@pytest.mark.parametrize(
    ("last", "grid", "halo"),
    [(0, (2, 3), "keep"), (3, (3, 4), "recompute"), (4, (2, 2), "keep"), (4, (5, 1), "recompute")],
)
def test_fused_module_gives_the_same_bytes(
    rounding: Rounding, last: int, grid: tuple[int, int], halo: str, picture: np.ndarray
) -> None:
    graph = small_graph(rounding)
    fuse = FusePatches(schedule=patched(graph, last, grid, halo))
    module = tvm.transform.Sequential([fuse])(build_module(graph))
    assert is_fused(module)
    np.testing.assert_array_equal(run_on_host(module, picture), run(graph, [picture])[0])


def test_fused_stage_is_one_function() -> None:
    graph = small_graph()
    module = FusePatches(schedule=patched(graph, 4, (2, 2)))(build_module(graph))
    names = [gv.name_hint for gv, _ in module.functions_items()]
    assert sorted(names) == ["main", "patches_conv1_to_conv2"]


def test_fusing_twice_changes_nothing() -> None:
    graph = small_graph()
    fuse = FusePatches(schedule=patched(graph, 4, (2, 2)))
    module = fuse(build_module(graph))
    assert fuse(module).script() == module.script()


def test_stages_of_a_schedule_are_functions_of_their_own(picture: np.ndarray) -> None:
    """Two stages, of which the first has two outputs: the skip's source and what the second goes on with."""
    graph = small_graph()
    stages = (
        Stage((Segment(0, 0, (1, 3)), Segment(1, 2, (2, 2)))),
        Stage((Segment(3, 4, (1, 2)), Segment(5, 5, (1, 5)))),
        whole_operator(graph, 6),
    )
    module = FusePatches(schedule=Schedule(stages, ("x",)))(build_module(graph))
    names = [gv.name_hint for gv, _ in module.functions_items()]
    assert sorted(names) == ["main", "patches_add1_to_mean", "patches_conv1_to_pw1"]
    np.testing.assert_array_equal(run_on_host(module, picture), run(graph, [picture])[0])


def test_a_streamed_operator_is_fused_even_alone(picture: np.ndarray) -> None:
    """Whole operators stay operators, but for one whose input comes row by row."""
    graph = small_graph()
    whole = tuple(whole_operator(graph, i) for i in range(len(graph.ops)))
    assert not is_fused(FusePatches(schedule=Schedule(whole))(build_module(graph)))
    module = FusePatches(schedule=Schedule(whole, ("x",)))(build_module(graph))
    names = [gv.name_hint for gv, _ in module.functions_items()]
    assert sorted(names) == ["main", "patches_conv1_to_conv1"]
    np.testing.assert_array_equal(run_on_host(module, picture), run(graph, [picture])[0])
