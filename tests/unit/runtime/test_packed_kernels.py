"""Kernels with packed weights against the oracle: on this computer, under sanitizers, on emulated chips."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mcupatch.ir import ops, reference
from tests.support.kernel_blob import Blob
from tests.support.kernel_cases import Case, add_calls, finish, make_case, make_tiled_case
from tests.support.kernel_examples import pick
from tests.support.kernel_overlap import dense_window, row_case
from tests.support.kernels_host import EMULATED_DSP, Machine, SanitizedKernels, find_compiler
from tests.support.packed_layers import PACKED_EXAMPLES

NAMES = sorted(PACKED_EXAMPLES)


def packed_case(name: str, seed: int, number: int, split: bool = False) -> Case:
    rng = np.random.default_rng([seed, number])
    example = PACKED_EXAMPLES[name](rng)
    split = split and not isinstance(example.op, ops.Dense)  # it has no windows
    return make_case(rng, example, f"{name}, seed {seed}, number {number}", split)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("split", [False, True])
def test_windows_equal_the_oracle(machine: Machine, name: str, split: bool) -> None:
    for i in range(250):
        case = packed_case(name, 20, i, split)
        assert machine.run(case.before) == case.after, case.label


@pytest.mark.parametrize("name", NAMES)
def test_chip_equals_the_oracle(chip: Machine, name: str) -> None:
    for i in range(60):
        case = packed_case(name, 21, i, split=i % 2 == 1)
        assert chip.run(case.before) == case.after, case.label


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("single_columns", [False, True])
def test_tiles_make_up_the_whole(machine: Machine, name: str, single_columns: bool) -> None:
    """Tiles of one column need the scratch of one column."""
    for i in range(30):
        rng = np.random.default_rng([22, i])
        example = PACKED_EXAMPLES[name](rng)
        if isinstance(example.op, ops.Dense):
            continue
        width = example.graph.output_tensor(example.op).hwc[1]
        grid = (1, width) if single_columns else (pick(rng, 1, 4), pick(rng, 1, 4))
        case = make_tiled_case(rng, example, grid, f"{name}, number {i}, grid {grid}")
        assert machine.run(case.before) == case.after, case.label


@pytest.mark.parametrize("name", NAMES)
def test_output_may_trail_the_input(machine: Machine, name: str) -> None:
    for i in range(40):
        rng = np.random.default_rng([23, i])
        example = PACKED_EXAMPLES[name](rng)
        if isinstance(example.op, ops.Dense):
            continue
        case = row_case(rng, example, f"{name} in place, number {i}")
        assert machine.run(case.before) == case.after, case.label


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("pads", [(1 << 28, 0), (0, 1 << 28), (-(1 << 28), -(1 << 28)), (1 << 28, 1 << 28)])
def test_windows_far_outside_the_tensor(machine: Machine, name: str, pads: tuple[int, int]) -> None:
    """Every tap lies outside: the same as an input that is its zero point everywhere."""
    for i in range(10):
        example = PACKED_EXAMPLES[name](np.random.default_rng([24, i]))
        if isinstance(example.op, ops.Dense):
            continue
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


@pytest.mark.skipif("ziglang" in find_compiler(), reason="the sanitizers need gcc or clang")
@pytest.mark.parametrize("form", [pytest.param("portable", marks=pytest.mark.heavy), "dsp"])
def test_sanitizers_are_silent(form: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    cases = [packed_case(name, 25, i, split=i % 2 == 1) for name in NAMES for i in range(80)]
    machine = SanitizedKernels(tmp_path_factory.mktemp(form), [EMULATED_DSP] if form == "dsp" else [])
    for case, after in zip(cases, machine.run_all([case.before for case in cases])):
        assert after == case.after, case.label
