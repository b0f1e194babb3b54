"""Random networks under random schedules: the generated C, TVM on the host and LiteRT all give the same bytes."""

from __future__ import annotations

import numpy as np
import pytest

from mcupatch.decide import SchedulePlanner
from mcupatch.emit.csources import CSources
from mcupatch.emit.emit_model import emit_model
from mcupatch.importer.tflite import import_tflite
from mcupatch.ir.graph import Graph
from mcupatch.ir.reference import run
from mcupatch.measure.host_backend import run_on_host
from mcupatch.memory.check import check_plan
from mcupatch.model_inputs import random_inputs
from mcupatch.program.build_module import build_module
from mcupatch.schedule.candidates import enumerate_candidates, plan_layer_by_layer, schedule_with_stage
from mcupatch.schedule.check import check_schedule
from mcupatch.schedule.stage import Schedule
from mcupatch.transform import FusePatches
from mcupatch.tvm_api import relax, tvm
from tests.support.litert import LiteRt
from tests.support.random_networks import random_patchable_tflite, random_tflite


def random_schedule(graph: Graph, seed: int) -> Schedule:
    """Any cut, any grid up to a tile a pixel; layer by layer if nothing can be cut."""
    candidates = enumerate_candidates(graph)
    if not candidates:
        return plan_layer_by_layer(graph)
    return schedule_with_stage(graph, candidates[np.random.default_rng(seed).integers(len(candidates))].stage)


def compile_checked(graph: Graph, schedule: Schedule) -> CSources:
    check_schedule(graph, schedule)
    plan = SchedulePlanner(graph).plan(schedule)
    check_plan(graph, schedule, plan)
    module = FusePatches(schedule=schedule)(build_module(graph))
    return emit_model(module, graph, plan, graph.name)


def assert_same_bytes(got: list[np.ndarray], want: list[np.ndarray]) -> None:
    assert [g.tobytes() for g in got] == [w.tobytes() for w in want]


@pytest.mark.parametrize("seed", range(24))
def test_patches_give_the_bytes_of_the_whole(seed: int) -> None:
    """In C on this host, under sanitizers, with an arena of exactly the planned bytes; against LiteRT."""
    data = random_patchable_tflite(seed)
    graph = import_tflite(data, f"random_{seed}")
    values = list(random_inputs(graph, seed).values())
    expected = run(graph, values)
    assert_same_bytes(LiteRt(data).run(values).outputs, expected)
    sources = compile_checked(graph, random_schedule(graph, seed))
    (measured,) = run_on_host(sources, [values], sanitize=True)
    assert_same_bytes(list(measured.outputs), expected)


@pytest.mark.parametrize("seed", range(100, 112))
def test_every_operator_layer_by_layer(seed: int) -> None:
    data = random_tflite(seed)
    graph = import_tflite(data, f"random_{seed}")
    values = list(random_inputs(graph, seed).values())
    expected = run(graph, values)
    assert_same_bytes(LiteRt(data).run(values).outputs, expected)
    (measured,) = run_on_host(compile_checked(graph, plan_layer_by_layer(graph)), [values], sanitize=True)
    assert_same_bytes(list(measured.outputs), expected)


@pytest.mark.parametrize("seed", range(200, 206))
@pytest.mark.parametrize("make", [random_tflite, random_patchable_tflite])
def test_tvm_on_the_host(make: object, seed: int) -> None:
    """The same program without any C of ours: TIR through TVM's LLVM, whole and in patches."""
    graph = import_tflite(make(seed), f"random_{seed}")  # type: ignore[operator]
    values = list(random_inputs(graph, seed).values())
    expected = run(graph, values)
    module = FusePatches(schedule=random_schedule(graph, seed))(build_module(graph))
    executable = tvm.compile(module, target="llvm", relax_pipeline="mcupatch")
    result = relax.VirtualMachine(executable, tvm.cpu())["main"](*[tvm.runtime.tensor(v) for v in values])
    outputs = [result] if len(graph.outputs) == 1 else list(result)
    assert_same_bytes([o.numpy() for o in outputs], expected)
