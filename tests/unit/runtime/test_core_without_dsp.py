"""A board whose core has neither DSP extension nor FPU: whole networks, byte for byte, with both compilers."""

from __future__ import annotations

import shutil

import pytest

from mcupatch.model_inputs import random_inputs
from mcupatch.pipeline import compile, measure_model


@pytest.mark.parametrize("toolchain", ["zig", "gcc"])
@pytest.mark.parametrize("network", ["zoo:mcunet_vww0@32", "zoo:mlperf_resnet8"])
def test_networks_run_on_it(network: str, toolchain: str) -> None:
    if toolchain == "gcc" and shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("arm-none-eabi-gcc is not installed")
    compiled = compile(network, board="stm32f207", toolchain=toolchain)
    assert compiled.board.cpu == "cortex-m3"
    run = measure_model(compiled, random_inputs(compiled.graph))
    assert run.matches_reference
    assert run.measurement.cpu == "cortex-m3"
