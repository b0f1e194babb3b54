"""Depthwise kernels on windows of few columns: every loop there is, with padding at either side, in one place or two."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
import pytest

from mcupatch.ir import ops, reference
from mcupatch.ir.quant import Requant, Rounding
from mcupatch.packing.depthwise import choose_depthwise
from tests.support.kernel_blob import Blob
from tests.support.kernel_cases import Case, add_calls, finish, place, place_input
from tests.support.kernel_examples import Example, Rng, int8_values, make_example, make_requant
from tests.support.kernels_host import Machine

MOST_COLS = 4  # one more than are narrow
OUT_ROWS = 2
SIDES = [(0, 0), (1, 0), (0, 1), (2, 2)]  # columns of padding left and right
CHANNELS = [4, 7, 16]


def cases(size: int, stride: int, rounding: Rounding, seed: int) -> Iterator[Case]:
    for cols, (left, right), channels in product(range(1, MOST_COLS + 1), SIDES, CHANNELS):
        width = (cols - 1) * stride + size - left - right
        if width < 1:
            continue
        rng = np.random.default_rng([seed, size, stride, cols, left, right, channels])
        padding = ops.Padding(1, left, 1, right)
        rows = (OUT_ROWS - 1) * stride + size - 2
        op = make_layer(rng, size, stride, padding, channels, rounding)
        example = make_example(
            op, (int8_values(rng, (1, rows, width, channels)),), (1, OUT_ROWS, cols, channels)
        )
        for split in (False, True):
            label = f"{size}x{size} stride {stride}, {cols} columns of {channels}, {padding}, split {split}"
            yield make_case(rng, example, op, split, label)


def make_layer(
    rng: Rng, size: int, stride: int, padding: ops.Padding, channels: int, rounding: Rounding
) -> ops.DepthwiseConv2D:
    return ops.DepthwiseConv2D(
        name="op",
        inputs=("x",),
        output="y",
        weights=int8_values(rng, (size, size, channels)),
        bias=rng.integers(-4096, 4096, channels).astype(np.int32),
        requant=make_scaling(rng, rounding, channels, 5000.0 * size),
        stride=(stride, stride),
        dilation=(1, 1),
        padding=padding,
        multiplier=1,
        input_zero_point=int(rng.integers(-128, 128)),
        weight_zero_point=0,
        output_zero_point=int(rng.integers(-128, 128)),
        clamp=ops.Clamp(),
    )


def make_scaling(rng: Rng, rounding: Rounding, channels: int, spread: float) -> Requant:
    scales = 60.0 / spread * np.exp2(rng.uniform(-1, 1, channels))
    if rounding is not Rounding.SINGLE:
        return make_requant(rounding, scales)
    fixed = make_requant(Rounding.FIXED, scales)
    return Requant(rounding, fixed.multiplier, fixed.shift)


def make_case(rng: Rng, example: Example, op: ops.DepthwiseConv2D, split: bool, label: str) -> Case:
    """The whole output from the whole input, which lie among rubbish at odd addresses."""
    choice = choose_depthwise(op)
    assert choice is not None and choice.params.corrects_halves == 0  # those are not narrow
    example = Example(example.graph, example.inputs, choice)
    shape = example.graph.output_tensor(op).hwc
    blob = Blob()
    source = place_input(rng, blob, example.inputs[0][0], 1, dense=False, split=split)
    target = place(rng, blob, *shape, 1, dense=False)
    add_calls(blob, example, [source], target.window, (op.padding.top, op.padding.left))
    return finish(label, blob, target, reference.apply(example.graph, op, example.inputs).reshape(shape))


@pytest.mark.parametrize("size", [3, 5, 7])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("rounding", [Rounding.FIXED, Rounding.FLOAT, Rounding.SINGLE])
def test_few_columns_equal_the_oracle(machine: Machine, size: int, stride: int, rounding: Rounding) -> None:
    for case in cases(size, stride, rounding, 30):
        assert machine.run(case.before) == case.after, case.label


@pytest.mark.parametrize("size", [3, 5, 7])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("rounding", [Rounding.FIXED, Rounding.FLOAT, Rounding.SINGLE])
def test_chip_equals_the_oracle(chip: Machine, size: int, stride: int, rounding: Rounding) -> None:
    for case in cases(size, stride, rounding, 31):
        assert chip.run(case.before) == case.after, case.label
