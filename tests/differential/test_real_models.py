"""Trained models on the emulated chip, whole and in patches: every output byte is LiteRT's reference.

The same C runs on this computer under the address and undefined-behaviour sanitizers, with an arena of exactly
``arena_bytes``, poisoned at both ends.
"""

from __future__ import annotations

import numpy as np
import pytest

from mcupatch.measure.host_backend import run_on_host
from mcupatch.measure.measurement import Measurement
from mcupatch.measure.unicorn_backend import run_on_unicorn
from mcupatch.options import ByHand, CompileOptions, LeastSram, Mode, PerLayer
from mcupatch.pipeline import CompiledModel, compile_model
from tests.support.real_models import (
    DEPTHS,
    GRIDS,
    MODELS,
    input_sets,
    litert_outputs,
    load_graph,
    load_model,
    patch_ops,
    picture_input,
)

SCHEDULES = ["per_layer"] + [f"{r}x{c}-{depth}" for r, c in GRIDS for depth in DEPTHS]
QUICK = ("per_layer", "2x2-shallow", "3x3-middle", "4x4-deep")  # the others in `make heavy`
EGYPTIAN_CAT = 286  # in 1001 classes, background first
PERSON = 1


def mode_of(name: str, schedule: str) -> Mode:
    if schedule == "per_layer":
        return PerLayer()
    grid_text, depth = schedule.split("-")
    grid = int(grid_text[0]), int(grid_text[2])
    return ByHand(patch_ops(load_graph(name), depth, grid), grid)


def compile_real(name: str, mode: Mode) -> CompiledModel:
    # person_det's float input and first layers need more than the 320 KiB of an STM32F746
    return compile_model(load_model(name), CompileOptions("stm32h743", mode=mode))


def assert_equal_to_litert(name: str, inputs: list[list[np.ndarray]], runs: list[Measurement]) -> None:
    for values, run in zip(inputs, runs, strict=True):
        expected = litert_outputs(name, values[0])
        assert len(expected) == len(run.outputs)
        for got, want in zip(run.outputs, expected):
            assert got.dtype == want.dtype and got.shape == want.shape
            assert got.tobytes() == want.tobytes()


@pytest.mark.parametrize("schedule", QUICK)
@pytest.mark.parametrize("name", MODELS)
def test_output_equals_litert(name: str, schedule: str) -> None:
    assert_runs_equal(name, schedule)


@pytest.mark.heavy
@pytest.mark.parametrize("schedule", [s for s in SCHEDULES if s not in QUICK])
@pytest.mark.parametrize("name", MODELS)
def test_more_outputs_equal_litert(name: str, schedule: str) -> None:
    assert_runs_equal(name, schedule)


def assert_runs_equal(name: str, schedule: str) -> None:
    mode = mode_of(name, schedule)
    compiled = compile_real(name, mode)
    if isinstance(mode, ByHand):
        assert compiled.schedule.stages[0].last == mode.ops - 1
    inputs = input_sets(name, SCHEDULES.index(schedule))
    # Profiling every write costs most of the time; one schedule a model, and the golden figures, do it.
    profile = schedule == "3x3-middle"
    assert_equal_to_litert(name, inputs, run_on_unicorn(compiled.firmware, inputs, profile))
    assert_equal_to_litert(name, inputs, run_on_host(compiled.sources, inputs, sanitize=True))


def test_classes_of_the_pictures() -> None:
    cases = [("mobilenet_v1_0.25_128_quant", "cat.bmp", EGYPTIAN_CAT), ("mcunet_vww1", "person.jpg", PERSON)]
    for name, picture, expected in cases:
        compiled = compile_real(name, LeastSram(0.05))
        (run,) = run_on_unicorn(compiled.firmware, [[picture_input(name, picture)]])
        assert int(run.outputs[0].argmax()) == expected, name
