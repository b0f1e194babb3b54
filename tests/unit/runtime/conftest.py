"""The kernels on this computer, built once a session in both forms."""

from __future__ import annotations

import pytest

from tests.support.kernels_host import EMULATED_DSP, HostKernels, Machine


@pytest.fixture(scope="session", params=["portable", "dsp"])
def machine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    defines = [EMULATED_DSP] if request.param == "dsp" else []
    return HostKernels(tmp_path_factory.mktemp(request.param), defines)
