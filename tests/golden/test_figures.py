"""The exact figures of the real models and the demo's network, reviewed: they change only with a reason.

After a change that is meant to move them: ``pytest tests/golden --update-golden`` (in one process), and review the
difference.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mcupatch.model_file import load_model_file
from mcupatch.model_inputs import random_inputs
from mcupatch.options import CompileOptions, LeastSram, PerLayer
from mcupatch.pipeline import compile_model, measure_model
from tests.support.real_models import MODELS
from tests.support.shared import shared_path

FIGURES = Path(__file__).parent / "figures.json"
DEMO = "zoo:mbv2_w0.35_r144"
OPTIONS = {
    "per_layer": CompileOptions("stm32h743", mode=PerLayer()),
    "streamed": CompileOptions("stm32h743", mode=LeastSram(0.0), io="int8", stream_input=True),
}


def figures_of(name: str, mode: str) -> dict[str, object]:
    source = load_model_file(name if name.startswith("zoo:") else shared_path(f"models/{name}.tflite"))
    compiled = compile_model(source, OPTIONS[mode])
    run = measure_model(compiled, random_inputs(compiled.graph))
    assert run.matches_reference
    measured = run.measurement
    return {
        "stages": len(compiled.schedule.stages),
        "arena_bytes": compiled.plan.arena_bytes,
        "lower_bound_bytes": compiled.plan.lower_bound_bytes,
        "arena_touched_bytes": measured.arena_touched_bytes,
        "sram_bytes": measured.sram_bytes,
        "flash_bytes": measured.flash_bytes,
        "instructions": measured.instructions,
    }


@pytest.mark.parametrize("mode", OPTIONS)
@pytest.mark.parametrize("name", [*MODELS, DEMO])
def test_figures(name: str, mode: str, request: pytest.FixtureRequest) -> None:
    key = f"{name.removeprefix('zoo:')} {mode}"
    found = figures_of(name, mode)
    if request.config.getoption("--update-golden"):
        known = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
        known[key] = found
        FIGURES.write_text(json.dumps(dict(sorted(known.items())), indent=1) + "\n")
    assert found == json.loads(FIGURES.read_text())[key], f"{key} moved; see the docstring of this file"
