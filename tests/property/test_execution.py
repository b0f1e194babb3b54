"""Random networks under random schedules: the generated C, TVM on the host and LiteRT all give the same bytes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mcupatch.emit.csources import CSources
from mcupatch.emit.emit_model import emit_model
from mcupatch.firmware.bare_metal import build_firmware
from mcupatch.importer.tflite import import_tflite
from mcupatch.ir.graph import Graph
from mcupatch.ir.reference import run
from mcupatch.measure.host_backend import run_on_host
from mcupatch.measure.unicorn_backend import run_on_unicorn
from mcupatch.memory.check import check_plan
from mcupatch.model_inputs import random_inputs
from mcupatch.plan_schedules import SchedulePlanner
from mcupatch.program.build_module import build_module
from mcupatch.schedule.check import check_schedule
from mcupatch.schedule.stage import Schedule
from mcupatch.schedule.whole import plan_layer_by_layer
from mcupatch.scratch import find_schedule_scratch
from mcupatch.target.board import load_board
from mcupatch.transform import FusePatches
from mcupatch.tvm_api import relax, tvm
from tests.support.litert import LiteRt
from tests.support.random_networks import random_patchable_tflite, random_staged_tflite, random_tflite
from tests.support.random_schedules import random_schedule

MAKERS = (random_staged_tflite, random_patchable_tflite, random_staged_tflite, random_tflite)


def compile_checked(graph: Graph, schedule: Schedule) -> CSources:
    check_schedule(graph, schedule)
    plan = SchedulePlanner(graph, schedule.streamed).plan(schedule)
    check_plan(graph, schedule, plan, find_schedule_scratch(graph, schedule))
    module = FusePatches(schedule=schedule)(build_module(graph))
    return emit_model(module, graph, plan, graph.name)


def assert_random_case(seed: int, folder: Path) -> None:
    """A random network under a random schedule: LiteRT, NumPy, the C here under sanitizers, and the emulated chip.

    Both run in an arena of exactly the planned bytes with guards around it, and the chip tells what it touched.
    """
    data = MAKERS[seed % len(MAKERS)](seed)
    graph = import_tflite(data, f"random_{seed}")
    values = list(random_inputs(graph, seed).values())
    expected = run(graph, values)
    assert_same_bytes(LiteRt(data).run(values).outputs, expected)
    sources = compile_checked(graph, random_schedule(graph, seed))
    (here,) = run_on_host(sources, [values], sanitize=True)
    assert_same_bytes(list(here.outputs), expected)
    (chip,) = run_on_unicorn(build_firmware(sources, load_board("stm32h743"), folder), [values])
    assert_same_bytes(list(chip.outputs), expected)
    assert chip.arena_touched_bytes is not None and chip.arena_touched_bytes <= sources.arena_bytes


def assert_same_bytes(got: list[np.ndarray], want: list[np.ndarray]) -> None:
    assert [g.tobytes() for g in got] == [w.tobytes() for w in want]


@pytest.mark.parametrize("seed", range(40))
def test_any_schedule_gives_the_bytes_of_the_whole(seed: int, tmp_path: Path) -> None:
    assert_random_case(seed, tmp_path)


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
@pytest.mark.parametrize("make", [random_tflite, random_staged_tflite])
def test_tvm_on_the_host(make: object, seed: int) -> None:
    """The same program without any C of ours: TIR through TVM's LLVM. It has no callback for rows of an input."""
    graph = import_tflite(make(seed), f"random_{seed}")  # type: ignore[operator]
    values = list(random_inputs(graph, seed).values())
    expected = run(graph, values)
    module = FusePatches(schedule=random_schedule(graph, seed, stream=False))(build_module(graph))
    executable = tvm.compile(module, target="llvm", relax_pipeline="mcupatch")
    result = relax.VirtualMachine(executable, tvm.cpu())["main"](*[tvm.runtime.tensor(v) for v in values])
    outputs = [result] if len(graph.outputs) == 1 else list(result)
    assert_same_bytes([o.numpy() for o in outputs], expected)
