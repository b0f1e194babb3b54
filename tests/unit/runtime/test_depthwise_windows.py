"""Depthwise windows of every width at every place of a row, against the oracle: groups, padding, what is left."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
import pytest

from mcupatch.ir import ops
from mcupatch.ir.access import input_access
from mcupatch.ir.region import Interval, Region
from tests.support.kernel_cases import Case, make_region_case, whole_region
from tests.support.kernel_examples import Example, pick
from tests.support.kernels_host import Machine
from tests.support.packed_layers import random_packed_depthwise

SHAPES = list(product([3, 5, 7], [1, 2]))  # taps a side, stride of the columns
WIDEST = 8


def wide_examples(size: int, stride: int, count: int) -> Iterator[Example]:
    """Layers whose outputs are at least as wide as the widest window, padded on both sides."""
    number = 0
    while count > 0:
        example = random_packed_depthwise(np.random.default_rng([26, size, stride, number]))
        number += 1
        op = example.op
        assert isinstance(op, ops.DepthwiseConv2D)
        if op.kernel != (size, size) or op.stride[1] != stride or not op.padding.left or not op.padding.right:
            continue
        if example.graph.output_tensor(op).hwc[1] >= WIDEST:
            count -= 1
            yield example


def windows(example: Example) -> Iterator[Region]:
    height, width, _ = example.graph.output_tensor(example.op).hwc
    yield whole_region(height, width)
    for i, length in enumerate(range(1, WIDEST + 1)):
        for start in {0, 1, (width - length) // 2, width - length}:
            if start + length <= width:
                row = i % height
                rows = Interval(row, min(row + 1 + i % 3, height))
                yield Region(rows, Interval(start, start + length))


def window_cases(size: int, stride: int, count: int) -> Iterator[Case]:
    rng = np.random.default_rng([27, size, stride])
    for example in wide_examples(size, stride, count):
        for region in windows(example):
            label = f"{size}x{size}, stride {stride}, {region}"
            yield make_region_case(rng, example, region, label, split=pick(rng, 0, 1) == 1)


@pytest.mark.parametrize(("size", "stride"), SHAPES)
def test_chip_equals_the_oracle(chip: Machine, size: int, stride: int) -> None:
    for case in window_cases(size, stride, 4):
        assert chip.run(case.before) == case.after, case.label


@pytest.mark.parametrize(("size", "stride"), SHAPES)
def test_windows_equal_the_oracle(machine: Machine, size: int, stride: int) -> None:
    for case in window_cases(size, stride, 6):
        assert machine.run(case.before) == case.after, case.label


@pytest.mark.parametrize(("size", "stride"), SHAPES)
def test_every_width_meets_padding_on_either_side(size: int, stride: int) -> None:
    """Of the cases above: padding before, behind, both or none, with one to four outputs in the last group."""
    seen = set()
    for example in wide_examples(size, stride, 4):
        (tensor,) = example.graph.input_tensors(example.op)
        access = input_access(example.graph, example.op, 0)
        assert access is not None
        for region in windows(example):
            first = region.cols.start * stride - access.cols.pad
            behind = (region.cols.stop - 1) * stride - access.cols.pad + size
            seen.add((first < 0, behind > tensor.hwc[1], region.cols.length % 4))
    sides = [(True, False), (False, True)]
    assert seen >= {(*side, left) for side in sides for left in range(4)}
    assert (True, True) in {(before, behind) for before, behind, _ in seen}


def test_inputs_narrower_than_a_group_between_padding(chip: Machine) -> None:
    """One column of input, or two, at each place of a group."""
    places, number = set(), 0
    while len(places) < 6:
        rng = np.random.default_rng([28, number])
        number += 1
        example = random_packed_depthwise(rng)
        width, padding = example.inputs[0].shape[2], example.op.padding  # type: ignore[attr-defined]
        height, cols, _ = example.graph.output_tensor(example.op).hwc
        if width < 3 <= cols and padding.left % 4 < 3:
            places.add((width, padding.left % 4))
            case = make_region_case(rng, example, whole_region(height, cols), f"number {number}")
            assert chip.run(case.before) == case.after, case.label
