"""Kernels that go element by element: every pair of bytes, every shift, ties, and operands that repeat for long."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from mcupatch.ir import ops
from mcupatch.ir.quant import Requant, Rounding, make_requant
from tests.support.kernel_cases import make_case
from tests.support.kernel_examples import Example, Rng, make_example, pick
from tests.support.kernel_operators import RANDOM_EXAMPLES
from tests.support.kernel_overlap import element_case
from tests.support.kernels_host import Machine

BYTES = np.arange(-128, 128).astype(np.int8)
LARGEST = (1 << 31) - 1


def all_pairs(op: ops.Operator) -> Example:
    a = np.repeat(BYTES, 256).reshape(1, 16, 16, 256)
    b = np.tile(BYTES, 256).reshape(1, 16, 16, 256)
    return make_example(op, (a, b), a.shape)


def fixed(*pairs: tuple[int, int]) -> Requant:
    """Of multipliers and shifts."""
    multiplier, shift = (np.array(values, np.int32) for values in zip(*pairs))
    return Requant(Rounding.FIXED, multiplier, shift)


HALF = (1 << 30, 0)
OUTPUT = (1518500250, -18)
SUMS = {
    "first halved": ((HALF, (1234567890, -1)), OUTPUT),
    "second halved": (((1987654321, -2), HALF), OUTPUT),
    "both halved": ((HALF, HALF), OUTPUT),
    "second nearly nothing": ((HALF, (LARGEST, -31)), (LARGEST, -17)),
    "none halved": (((1234567890, 0), (1987654321, -1)), OUTPUT),
    "second nothing": ((HALF, (0, 0)), OUTPUT),
    "second as large": ((HALF, (LARGEST, 0)), OUTPUT),
    "output by one": ((HALF, (1 << 30, -1)), (1 << 30, -1)),
    "output nearly nothing": ((HALF, (1 << 30, -1)), (LARGEST, -31)),
    "output nothing": ((HALF, (1 << 30, -1)), (0, 0)),
    "output not shifted": ((HALF, (1 << 30, -1)), (LARGEST, 0)),
}


def fixed_add(inputs: tuple[tuple[int, int], ...], output: tuple[int, int], **more: object) -> ops.Add:
    op = ops.Add(
        name="op",
        inputs=("a", "b"),
        output="y",
        input_requant=fixed(*inputs),
        output_requant=fixed(output),
        left_shift=20,
        input_zero_points=(-128, 127),
        output_zero_point=3,
        clamp=ops.Clamp(),
        offset=0.0,
    )
    return replace(op, **more)


ADDS = {
    **{name: fixed_add(*scales) for name, scales in SUMS.items()},
    "clamped": fixed_add(*SUMS["first halved"], clamp=ops.Clamp(-5, 100)),
    "both halved, clamped": fixed_add(*SUMS["both halved"], clamp=ops.Clamp(7, 7)),
    "zero points": fixed_add(*SUMS["second halved"], input_zero_points=(127, -128), output_zero_point=-128),
    "other left shift": fixed_add(*SUMS["first halved"], left_shift=15),
    "float": fixed_add(
        *SUMS["first halved"],
        input_requant=make_requant(Rounding.FLOAT, np.array([0.5, 0.25])),
        output_requant=make_requant(Rounding.FLOAT, np.ones(1)),
        offset=0.25,
    ),
    "float, saturated": fixed_add(
        *SUMS["first halved"],
        input_requant=make_requant(Rounding.FLOAT, np.array([3.0e30, -1.5])),
        output_requant=make_requant(Rounding.FLOAT, np.ones(1)),
        clamp=ops.Clamp(-100, 127),
    ),
}


def mul(requant: Requant, low: int = -128, high: int = 127, offset: float = 0.0) -> ops.Mul:
    return ops.Mul(
        name="op",
        inputs=("a", "b"),
        output="y",
        requant=requant,
        input_zero_points=(127, -128),
        output_zero_point=-3,
        clamp=ops.Clamp(low, high),
        offset=offset,
    )


MULS = {
    **{
        f"shift {shift}": mul(fixed((1518500250, shift)))
        for shift in (-31, -30, -17, -9, -8, -2, -1, 0, 1, 3)
    },
    "smallest multiplier": mul(fixed((1 << 30, -8))),
    "largest multiplier": mul(fixed((LARGEST, -8)), -100, 5),
    "nothing": mul(fixed((0, 0))),
    "float": mul(make_requant(Rounding.FLOAT, np.array([2.0**-9])), offset=0.5),
    "float, saturated": mul(make_requant(Rounding.FLOAT, np.array([3.0e30])), high=90),
}


@pytest.mark.parametrize("op", [*ADDS.values(), *MULS.values()], ids=[*ADDS, *MULS])
def test_every_pair_of_bytes(machine: Machine, op: ops.Operator) -> None:
    for over in (0, 1):  # in place too
        case = element_case(np.random.default_rng(0), all_pairs(op), over, f"over {over}")
        assert machine.run(case.before) == case.after, case.label


@pytest.mark.parametrize("name", [n for n in ADDS if "nearly" not in n])
def test_every_pair_of_bytes_added_on_chip(chip: Machine, name: str) -> None:
    case = element_case(np.random.default_rng(0), all_pairs(ADDS[name]), 0, name)
    assert chip.run(case.before) == case.after


@pytest.mark.parametrize(
    "name", ["shift -31", "shift -9", "shift -1", "shift 1", "float", "float, saturated"]
)
def test_every_pair_of_bytes_multiplied_on_chip(chip: Machine, name: str) -> None:
    case = element_case(np.random.default_rng(0), all_pairs(MULS[name]), 1, name)
    assert chip.run(case.before) == case.after


def long_operands(rng: Rng, kind: type[ops.Operator]) -> Example:
    """One operand repeats along some sides, for longer than the kernels' array of repeated values."""
    example = RANDOM_EXAMPLES[kind](rng)
    out = (1, pick(rng, 1, 3), pick(rng, 1, 9), pick(rng, 1, 80))
    small = tuple(1 if rng.random() < 0.7 else side for side in out)
    shapes = [out, small] if rng.random() < 0.5 else [small, out]
    inputs = tuple(rng.integers(-128, 128, shape).astype(np.int8) for shape in shapes)
    return make_example(example.op, inputs, out)


@pytest.mark.parametrize("kind", [ops.Add, ops.Mul])
def test_operands_that_repeat_for_long(machine: Machine, kind: type[ops.Operator]) -> None:
    for i in range(80):
        rng = np.random.default_rng([30, i])
        case = make_case(rng, long_operands(rng, kind), f"{kind.__name__}, number {i}", split=i % 2 == 1)
        assert machine.run(case.before) == case.after, case.label


def hard_floats(scale: float) -> NDArray[np.float32]:
    """Ties of ``x / scale`` and their neighbours, and what no int8 can hold; ``[1, 1, n, 1]``."""
    ties = (np.arange(-600, 601) / 2 * scale).astype(np.float32)
    large = np.array([np.inf, -np.inf, 1e30, -1e30, 1e20, -1e20, 2**31, -(2**31), 2**15, -(2**15), 0.0, -0.0])
    values = [ties, np.nextafter(ties, np.float32(9e9)), np.nextafter(ties, np.float32(-9e9)), large]
    return np.concatenate(values).astype(np.float32).reshape(1, 1, -1, 1)


def quantize(scale: float, zero_point: int, half_even: bool) -> ops.Quantize:
    return ops.Quantize(
        name="op", inputs=("x",), output="y", scale=scale, zero_point=zero_point, half_even=half_even
    )


QUANTIZERS = [
    quantize(float(np.float32(scale)), zero_point, half_even)
    for scale in (0.5, 0.007843138)
    for zero_point in (-128, 0, 127)
    for half_even in (False, True)
]


@pytest.mark.parametrize("op", QUANTIZERS, ids=lambda op: f"{op.scale}, {op.zero_point}, {op.half_even}")
def test_ties_and_ends_of_quantize(machine: Machine, chip: Machine, op: ops.Quantize) -> None:
    values = hard_floats(op.scale)
    case = element_case(np.random.default_rng(0), make_example(op, (values,), values.shape), 0, "floats")
    assert machine.run(case.before) == case.after
    assert chip.run(case.before) == case.after


@pytest.mark.parametrize("half_even", [False, True])
def test_not_a_number_is_the_zero_point(machine: Machine, chip: Machine, half_even: bool) -> None:
    """On every machine alike; the oracle has no answer."""
    shape = (1, 1, 5, 1)
    example = make_example(quantize(1.0, 9, half_even), (np.full(shape, 7.7, np.float32),), shape)
    case = element_case(np.random.default_rng(0), example, 0, "numbers")
    numbers, nans = (np.full(5, value, np.float32).tobytes() for value in (7.7, np.nan))
    start = case.before.index(numbers)
    for one in (machine, chip):
        after = one.run(case.before.replace(numbers, nans))
        assert after[start : start + 5] == bytes([9] * 5)
