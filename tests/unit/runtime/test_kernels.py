"""Every kernel on random windows against the oracle on whole tensors, byte for byte, guard bytes included."""

from __future__ import annotations

import numpy as np
import pytest

from mcupatch.ir import ops
from tests.support.kernel_cases import Case, make_case
from tests.support.kernel_operators import RANDOM_EXAMPLES
from tests.support.kernels_host import EMULATED_DSP, HostKernels, Machine, SanitizedKernels, find_compiler

CASES = {ops.Conv2D: 250, ops.DepthwiseConv2D: 250}


@pytest.fixture(scope="session", params=["portable", "dsp"])
def machine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    defines = [EMULATED_DSP] if request.param == "dsp" else []
    return HostKernels(tmp_path_factory.mktemp(request.param), defines)


def make_cases(kind: type[ops.Operator], count: int, seed: int = 0) -> list[Case]:
    cases = []
    for i in range(count):
        rng = np.random.default_rng([seed, i])
        example = RANDOM_EXAMPLES[kind](rng)
        cases.append(make_case(rng, example, f"{kind.__name__}, seed {seed}, number {i}"))
    return cases


@pytest.mark.parametrize("kind", RANDOM_EXAMPLES, ids=lambda kind: kind.kind)
def test_windows_equal_the_oracle(machine: Machine, kind: type[ops.Operator]) -> None:
    for case in make_cases(kind, CASES.get(kind, 80)):
        assert machine.run(case.before) == case.after, case.label


@pytest.mark.skipif("ziglang" in find_compiler(), reason="the sanitizers need gcc or clang")
@pytest.mark.parametrize("form", ["portable", "dsp"])
def test_sanitizers_are_silent(form: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    cases = [case for kind in RANDOM_EXAMPLES for case in make_cases(kind, 40, seed=1)]
    machine = SanitizedKernels(tmp_path_factory.mktemp(form), [EMULATED_DSP] if form == "dsp" else [])
    for case, after in zip(cases, machine.run_all([case.before for case in cases])):
        assert after == case.after, case.label
