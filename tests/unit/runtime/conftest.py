"""The kernels on this computer, in both forms, and on emulated chips: built once a session."""

from __future__ import annotations

import pytest

from tests.support.kernels_chip import ChipKernels
from tests.support.kernels_host import EMULATED_DSP, HostKernels, Machine


@pytest.fixture(scope="session", params=["portable", "dsp"])
def machine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    defines = [EMULATED_DSP] if request.param == "dsp" else []
    return HostKernels(tmp_path_factory.mktemp(request.param), defines)


@pytest.fixture(scope="session", params=["cortex-m7", "cortex-m4", "cortex-m3"])
def chip(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    return ChipKernels(tmp_path_factory.mktemp(request.param), request.param)
