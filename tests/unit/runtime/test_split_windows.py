"""Kernels whose input rows lie in two places, against the oracle: on this computer, under sanitizers, on chips."""

from __future__ import annotations

import numpy as np
import pytest

from mcupatch.ir import ops
from tests.support.kernel_cases import Case, make_case
from tests.support.kernel_examples import Example
from tests.support.kernel_operators import RANDOM_EXAMPLES
from tests.support.kernels_host import EMULATED_DSP, Machine, SanitizedKernels, find_compiler

KINDS = [
    *(ops.Conv2D, ops.DepthwiseConv2D, ops.AvgPool2D, ops.MaxPool2D, ops.Pad, ops.ResizeNearest),
    *(ops.ResizeBilinear, ops.Add, ops.Mul, ops.Lut, ops.Concat, ops.Quantize, ops.Dequantize),
]


def split_case(kind: type[ops.Operator], seed: int, number: int) -> Case:
    rng = np.random.default_rng([seed, number])
    example = RANDOM_EXAMPLES[kind](rng)
    while not takes_windows(example):
        example = RANDOM_EXAMPLES[kind](rng)
    return make_case(rng, example, f"{kind.__name__}, seed {seed}, number {number}", split=True)


def takes_windows(example: Example) -> bool:
    """A concatenation along another axis than the channels copies runs of bytes."""
    op = example.op
    return not isinstance(op, ops.Concat) or op.axis == 3


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_split_windows_equal_the_oracle(machine: Machine, kind: type[ops.Operator]) -> None:
    for i in range(120):
        case = split_case(kind, 10, i)
        assert machine.run(case.before) == case.after, case.label


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_split_windows_on_chip(chip: Machine, kind: type[ops.Operator]) -> None:
    for i in range(12):
        case = split_case(kind, 11, i)
        assert chip.run(case.before) == case.after, case.label


@pytest.mark.skipif("ziglang" in find_compiler(), reason="the sanitizers need gcc or clang")
@pytest.mark.parametrize("form", [pytest.param("portable", marks=pytest.mark.heavy), "dsp"])
def test_sanitizers_are_silent(form: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No row is read beside either of the two places."""
    cases = [split_case(kind, 12, i) for kind in KINDS for i in range(40)]
    machine = SanitizedKernels(tmp_path_factory.mktemp(form), [EMULATED_DSP] if form == "dsp" else [])
    for case, after in zip(cases, machine.run_all([case.before for case in cases])):
        assert after == case.after, case.label
