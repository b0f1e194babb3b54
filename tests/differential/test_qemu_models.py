"""Real models boot in QEMU: the reference's bytes, and Unicorn's count within 1 %. All of them: benchmarks/qemu.md."""

from __future__ import annotations

import shutil

import pytest

from mcupatch.model_inputs import random_inputs
from mcupatch.options import CompileOptions, FitBudget, LeastSram, Mode
from mcupatch.pipeline import compile_model, measure_model
from tests.support.qemu import needs_qemu
from tests.support.real_models import load_model

WITHIN = 0.01


@needs_qemu
@pytest.mark.parametrize(
    ("board", "toolchain", "mode", "stream"),
    [
        ("stm32f412", "zig", FitBudget(), False),
        ("stm32f746", "gcc", LeastSram(), True),
        ("stm32h743", "zig", LeastSram(), True),
    ],
)
def test_a_real_model_boots(board: str, toolchain: str, mode: Mode, stream: bool) -> None:
    if toolchain == "gcc" and shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("arm-none-eabi-gcc is not installed")
    options = CompileOptions(board, mode=mode, toolchain=toolchain, stream_input=stream)
    compiled = compile_model(load_model("mlperf_vww96"), options)
    inputs = random_inputs(compiled.graph)
    qemu, unicorn = (measure_model(compiled, inputs, on) for on in ("qemu", "unicorn"))
    assert qemu.matches_reference and unicorn.matches_reference
    counts = qemu.measurement.instructions, unicorn.measurement.instructions
    assert counts[0] is not None and counts[1] is not None
    assert abs(counts[0] / counts[1] - 1) < WITHIN
    assert qemu.measurement.sram_bytes == unicorn.measurement.sram_bytes
