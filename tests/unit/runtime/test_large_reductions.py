"""Means and averages over more positions than a 16-bit sum of bytes can hold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mcupatch.ir import ops
from mcupatch.ir.quant import Rounding, make_requant
from tests.support.kernel_cases import make_case
from tests.support.kernel_examples import Example, make_example
from tests.support.kernel_operators import RANDOM_EXAMPLES
from tests.support.kernels_host import Machine

FILLS = {"lowest": -128, "highest": 127, "random": None}


def values(shape: tuple[int, ...], fill: int | None) -> np.ndarray:
    if fill is None:
        return np.random.default_rng(0).integers(-128, 128, shape).astype(np.int8)
    return np.full(shape, fill, np.int8)


def mean(shape: tuple[int, ...], axes: tuple[int, ...], fill: int | None) -> Example:
    count = int(np.prod([shape[axis] for axis in axes]))
    op = ops.Mean(
        name="op",
        inputs=("x",),
        output="y",
        axes=axes,
        requant=make_requant(Rounding.FIXED, np.array([1.0 / count])),
        input_zero_point=-128,
        output_zero_point=-128,
        clamp=ops.Clamp(),
    )
    out = tuple(side for axis, side in enumerate(shape) if axis not in axes)
    return make_example(op, (values(shape, fill),), out)


def average(size: int, kernel: int, channels: int, fill: int | None) -> Example:
    op = RANDOM_EXAMPLES[ops.AvgPool2D](np.random.default_rng(1)).op
    whole = replace(
        op, kernel=(kernel, kernel), stride=(1, 1), padding=ops.Padding(), requant=None, clamp=ops.Clamp()
    )
    side = size - kernel + 1
    return make_example(whole, (values((1, size, size, channels), fill),), (1, side, side, channels))


def examples(fill: int | None) -> dict[str, Example]:
    return {
        "mean of a map": mean((1, 17, 31, 9), (1, 2), fill),
        "mean of rows": mean((1, 3, 257, 6), (2,), fill),
        "mean of channels": mean((1, 3, 7, 1100), (3,), fill),
        "mean of few channels": mean((1, 9, 7, 13), (3,), fill),
        "mean of everything": mean((1, 9, 11, 13), (1, 2, 3), fill),
        "255 positions": replace_kernel(average(18, 17, 5, fill), (15, 17)),
        "more positions": average(18, 17, 5, fill),
        "average of rows": replace_kernel(average(18, 17, 5, fill), (17, 16)),
    }


def replace_kernel(example: Example, kernel: tuple[int, int]) -> Example:
    assert isinstance(example.op, ops.AvgPool2D)
    height, width, channels = example.inputs[0].shape[1:]
    shape = (1, height - kernel[0] + 1, width - kernel[1] + 1, channels)
    return make_example(replace(example.op, kernel=kernel), example.inputs, shape)


@pytest.mark.parametrize("fill", FILLS)
def test_on_this_computer(machine: Machine, fill: str) -> None:
    for name, example in examples(FILLS[fill]).items():
        case = make_case(np.random.default_rng(1), example, name)
        assert machine.run(case.before) == case.after, name


@pytest.mark.parametrize("fill", FILLS)
def test_on_chip(chip: Machine, fill: str) -> None:
    for name, example in examples(FILLS[fill]).items():
        case = make_case(np.random.default_rng(1), example, name)
        assert chip.run(case.before) == case.after, name
