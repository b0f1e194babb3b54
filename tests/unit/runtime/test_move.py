"""Rows that move inside one buffer, overlapping where they came from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.support import kernel_blob
from tests.support.kernel_blob import Blob, Window
from tests.support.kernel_cases import Case, Placed, finish
from tests.support.kernel_examples import Rng, pick
from tests.support.kernels_chip import ChipKernels
from tests.support.kernels_host import Machine


def move_case(rng: Rng, label: str) -> Case:
    """Upwards, leftwards or both; to rows as far apart or closer together; or not at all."""
    rows, row_bytes = pick(rng, 0, 5), pick(rng, 1, 90)
    step = 4 if rng.random() < 0.5 else 1  # whole words
    row_bytes = row_bytes // step * step + step
    stride = row_bytes + step * pick(rng, 0, 3)
    target_stride = stride if rng.random() < 0.5 else row_bytes + pick(rng, 0, stride - row_bytes)
    start = step * pick(rng, 0, 3)
    distance = step * int(rng.choice([0, 1, 4, 8, stride, pick(rng, 0, 300)]))
    blob = Blob()
    array = blob.add_array(rng.integers(0, 256, start + distance + rows * stride + 9, dtype=np.uint8))
    source = Window(array, start + distance, rows, row_bytes, stride)
    target = Placed(Window(array, start, rows, row_bytes, target_stride), 1)
    places = source.offset + stride * np.arange(rows)[:, None] + np.arange(row_bytes)
    moved = blob.arrays[array][places].reshape(rows, row_bytes, 1)
    kernel_blob.move(blob, row_bytes, source, target.window)
    return finish(label, blob, target, moved)


def test_rows_arrive(machine: Machine) -> None:
    for i in range(300):
        case = move_case(np.random.default_rng([15, i]), f"number {i}")
        assert machine.run(case.before) == case.after, case.label


def test_rows_arrive_on_chip(chip: Machine) -> None:
    for i in range(80):
        case = move_case(np.random.default_rng([16, i]), f"number {i}")
        assert chip.run(case.before) == case.after, case.label


@pytest.mark.parametrize("distance", [16, 640])
def test_whole_words_take_less_than_a_fifth_of_an_instruction_a_byte(tmp_path: Path, distance: int) -> None:
    """Every step of a stage moves its windows."""
    chip = ChipKernels(tmp_path, "cortex-m7", counting=True)
    counts = []
    for rows in (8, 16):
        blob = Blob()
        array = blob.add_array(np.zeros(distance + 16 * 640, np.uint8))
        kernel_blob.move(blob, 320, Window(array, distance, rows, 320, 640), Window(array, 0, rows, 320, 640))
        chip.run(blob.encode())
        counts.append(chip.instructions)
    assert counts[1] - counts[0] < 8 * 320 / 5


@pytest.mark.parametrize(("row_bytes", "most"), [(16, 7), (28, 7), (64, 20)])
def test_short_rows_take_few_instructions(tmp_path: Path, row_bytes: int, most: int) -> None:
    """As the columns that a narrow tile keeps: no call of a copy for each row."""
    chip = ChipKernels(tmp_path, "cortex-m7", counting=True)
    counts = []
    for rows in (2, 4):
        blob = Blob()
        array = blob.add_array(np.zeros(1024, np.uint8))
        kernel_blob.move(
            blob, row_bytes, Window(array, 256, rows, row_bytes, 96), Window(array, 0, rows, row_bytes, 96)
        )
        chip.run(blob.encode())
        counts.append(chip.instructions)
    assert counts[1] - counts[0] <= 2 * most
