"""Means and pools of maps that arrive in windows, against the oracle on the whole map."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mcupatch.ir import ops, reference
from mcupatch.ir.region import Interval, Region
from tests.support import kernel_blob
from tests.support.kernel_blob import Blob, Window
from tests.support.kernel_cases import Case, crop, finish, mean_extents, place, place_input
from tests.support.kernel_examples import Example, Rng, make_example, pick
from tests.support.kernel_operators import random_avg_pool, random_mean
from tests.support.kernels_host import Machine


def random_cuts(rng: Rng, size: int) -> list[Interval]:
    """Neighbouring intervals that make up ``[0, size)``."""
    inner = sorted({pick(rng, 1, size) for _ in range(pick(rng, 0, 3))} - {size})
    return [Interval(a, b) for a, b in zip([0, *inner], [*inner, size])]


def random_parts(rng: Rng, blob: Blob, example: Example, in_order: bool) -> list[Window]:
    """The input in windows, some of them split: rows from the top at full width, or tiles in any order."""
    height, width, _ = example.graph.input_tensors(example.op)[0].hwc
    cols = [Interval(0, width)] if in_order else random_cuts(rng, width)
    regions = [Region(r, c) for r in random_cuts(rng, height) for c in cols]
    if not in_order:
        regions = [regions[i] for i in rng.permutation(len(regions))]
    values = example.inputs[0][0]
    return [
        place_input(rng, blob, crop(values, part), 1, dense=False, split=rng.random() < 0.4)
        for part in regions
    ]


def part_case(rng: Rng, example: Example, label: str) -> Case:
    graph, op = example.graph, example.op
    channels = graph.output_tensor(op).elements
    expected = reference.apply(graph, op, example.inputs).reshape(1, 1, channels)
    blob = Blob()
    target = place(rng, blob, 1, 1, channels, 1, dense=False)
    if isinstance(op, ops.Mean):
        parts = random_parts(rng, blob, example, in_order=False)
        kernel_blob.mean_parts(blob, op, mean_extents(op, example.inputs[0].shape), parts, target.window)
    else:
        assert isinstance(op, ops.AvgPool2D)
        parts = random_parts(rng, blob, example, in_order=op.requant is not None)
        rows, cols, _ = graph.input_tensors(op)[0].hwc
        count = op.kernel[0] * op.kernel[1] if op.count_include_pad else rows * cols
        kernel_blob.avg_pool_parts(blob, op, channels, count, parts, target.window)
    return finish(label, blob, target, expected)


def global_mean(rng: Rng) -> Example:
    example = random_mean(rng)
    while not (isinstance(example.op, ops.Mean) and example.op.axes == (1, 2)):
        example = random_mean(rng)
    return example


def global_avg_pool(rng: Rng) -> Example:
    """A pool of one output position, padded or not, whose kernel covers its map."""
    example = random_avg_pool(rng)
    op, values = example.op, example.inputs[0]
    assert isinstance(op, ops.AvgPool2D)
    pads = [pick(rng, 0, 2) for _ in range(4)]
    padding = ops.Padding(pads[0], pads[1], pads[2], pads[3])
    _, height, width, channels = values.shape
    kernel = (height + padding.top + padding.bottom, width + padding.left + padding.right)
    return make_example(replace(op, kernel=kernel, padding=padding), (values,), (1, 1, 1, channels))


@pytest.mark.parametrize("make", [global_mean, global_avg_pool])
def test_windows_make_up_the_whole(machine: Machine, make: object) -> None:
    assert callable(make)
    for i in range(120):
        rng = np.random.default_rng([13, i])
        case = part_case(rng, make(rng), f"number {i}")
        assert machine.run(case.before) == case.after, case.label


@pytest.mark.parametrize("make", [global_mean, global_avg_pool])
def test_windows_make_up_the_whole_on_chip(chip: Machine, make: object) -> None:
    assert callable(make)
    for i in range(12):
        rng = np.random.default_rng([14, i])
        case = part_case(rng, make(rng), f"number {i}")
        assert chip.run(case.before) == case.after, case.label
