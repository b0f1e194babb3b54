"""Every kernel on random windows against the oracle on whole tensors, byte for byte, guard bytes included."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mcupatch.ir import ops, reference
from tests.support.kernel_blob import Blob
from tests.support.kernel_cases import Case, add_calls, finish, make_case, make_tiled_case
from tests.support.kernel_examples import pick
from tests.support.kernel_operators import RANDOM_EXAMPLES
from tests.support.kernel_overlap import dense_window, row_case
from tests.support.kernels_host import EMULATED_DSP, Machine, SanitizedKernels, find_compiler

CASES = {ops.Conv2D: 250, ops.DepthwiseConv2D: 250}


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


WINDOWED = [ops.Conv2D, ops.DepthwiseConv2D, ops.AvgPool2D, ops.MaxPool2D, ops.Pad]


@pytest.mark.parametrize("kind", WINDOWED, ids=lambda kind: kind.kind)
def test_tiles_make_up_the_whole(machine: Machine, kind: type[ops.Operator]) -> None:
    for i in range(30):
        rng = np.random.default_rng([2, i])
        example = RANDOM_EXAMPLES[kind](rng)
        grid = (pick(rng, 1, 4), pick(rng, 1, 4))
        case = make_tiled_case(rng, example, grid, f"{kind.__name__}, number {i}, grid {grid}")
        assert machine.run(case.before) == case.after, case.label


@pytest.mark.parametrize("kind", [ops.Conv2D, ops.DepthwiseConv2D])
def test_tiles_of_one_column_stay_in_their_scratch(machine: Machine, kind: type[ops.Operator]) -> None:
    for i in range(30):
        rng = np.random.default_rng([8, i])
        example = RANDOM_EXAMPLES[kind](rng)
        width = example.graph.output_tensor(example.op).hwc[1]
        case = make_tiled_case(rng, example, (1, width), f"{kind.__name__}, number {i}")
        assert machine.run(case.before) == case.after, case.label


@pytest.mark.parametrize("kind", [ops.Conv2D, ops.DepthwiseConv2D])
@pytest.mark.parametrize("pads", [(1 << 28, 0), (0, 1 << 28), (-(1 << 28), -(1 << 28)), (1 << 28, 1 << 28)])
def test_windows_far_outside_the_tensor(
    machine: Machine, kind: type[ops.Operator], pads: tuple[int, int]
) -> None:
    """Every tap lies outside: the same as an input that is its zero point everywhere."""
    for i in range(10):
        example = RANDOM_EXAMPLES[kind](np.random.default_rng([3, i]))
        zero = example.op.input_zero_point  # type: ignore[attr-defined]
        zeros = replace(example, inputs=(np.full_like(example.inputs[0], zero),))
        shape = example.graph.output_tensor(example.op).hwc
        blob = Blob()
        source = dense_window(blob.add_array(example.inputs[0]), 0, example.inputs[0].shape[1:], 1)
        target = dense_window(blob.add_array(np.zeros(shape, np.int8)), 0, shape, 1)
        add_calls(blob, example, [source.window], target.window, pads)
        expected = reference.apply(zeros.graph, zeros.op, zeros.inputs).reshape(shape)
        case = finish("far outside", blob, target, expected)
        assert machine.run(case.before) == case.after


def overlapping(kind: type[ops.Operator], seed: int) -> Case:
    rng = np.random.default_rng([4, seed])
    return row_case(rng, RANDOM_EXAMPLES[kind](rng), f"{kind.__name__} in place, number {seed}")


@pytest.mark.skipif("ziglang" in find_compiler(), reason="the sanitizers need gcc or clang")
@pytest.mark.parametrize("form", [pytest.param("portable", marks=pytest.mark.heavy), "dsp"])
def test_sanitizers_are_silent(form: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    cases = [case for kind in RANDOM_EXAMPLES for case in make_cases(kind, 40, seed=1)]
    cases += [overlapping(kind, i) for kind in WINDOWED for i in range(20)]
    machine = SanitizedKernels(tmp_path_factory.mktemp(form), [EMULATED_DSP] if form == "dsp" else [])
    for case, after in zip(cases, machine.run_all([case.before for case in cases])):
        assert after == case.after, case.label
