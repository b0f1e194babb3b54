"""The mirror of the parameter structs, and the scratch sizes that go through it."""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mcupatch.ir.graph import Graph
from mcupatch.kernel_params import C_NAMES
from mcupatch.kernels import scratch_bytes
from mcupatch.schedule.search_problem import SCRATCH_COLS, SCRATCH_SIZES
from mcupatch.scratch import find_scratch_by_size
from tests.support.graphs import GraphBuilder
from tests.support.kernel_layers import random_conv2d, random_dense, random_depthwise
from tests.support.kernel_operators import random_lut
from tests.support.kernels_host import FLAGS, find_compiler
from tests.support.packed_layers import random_packed_depthwise


def test_sizes_and_offsets_agree_with_the_c_compiler(tmp_path: Path) -> None:
    entries, expected = [], []
    for struct, name in C_NAMES.items():
        entries.append(f"sizeof({name})")
        expected.append(ctypes.sizeof(struct))
        for field, *_ in struct._fields_:
            entries.append(f"offsetof({name}, {field})")
            expected.append(getattr(struct, field).offset)
    source, library = tmp_path / "layout.c", tmp_path / "layout.so"
    source.write_text(
        '#include "mcupatch/kernels.h"\nconst uint64_t layout[] = {' + ", ".join(entries) + "};\n"
    )
    command = [*find_compiler(), "-shared", "-fPIC", *FLAGS, str(source), "-o", str(library)]
    subprocess.run(command, check=True)
    layout = (ctypes.c_uint64 * len(entries)).in_dll(ctypes.CDLL(str(library)), "layout")
    assert list(layout) == expected


def test_scratch_bytes() -> None:
    rng = np.random.default_rng(3)
    conv = random_conv2d(rng)
    assert scratch_bytes(conv.op) >= 2 * conv.op.weights[0].size  # type: ignore[attr-defined]
    assert 2 * scratch_bytes(conv.op, 1, 1) <= scratch_bytes(conv.op, 1, 2) < scratch_bytes(conv.op)
    depthwise = [random_depthwise(rng).op for _ in range(40)]
    assert any(scratch_bytes(op) > 0 for op in depthwise) and any(scratch_bytes(op) == 0 for op in depthwise)
    assert scratch_bytes(random_dense(rng).op) == scratch_bytes(random_lut(rng).op) == 0


def convolution(rng: np.random.Generator) -> Graph:
    return random_conv2d(rng).graph


def packed_depthwise(rng: np.random.Generator) -> Graph:
    return random_packed_depthwise(rng).graph


def large_depthwise(rng: np.random.Generator) -> Graph:
    builder = GraphBuilder("depthwise")
    x = builder.input(*map(int, rng.integers(3, 40, 3)))
    stride = tuple(map(int, rng.integers(1, 3, 2)))
    return builder.build(builder.depthwise(x, int(rng.choice([3, 5, 7])), stride, pad=3))


@pytest.mark.parametrize("make", [convolution, packed_depthwise, large_depthwise])
def test_scratch_by_size_is_enough_for_every_smaller_call(make: Callable[..., Graph]) -> None:
    found = set()
    for i in range(60):
        graph = make(np.random.default_rng([6, i]))
        (op,) = graph.ops
        rows, cols, _ = graph.output_tensor(op).hwc
        by_size = find_scratch_by_size(graph)[op.name]
        assert len(by_size) == SCRATCH_SIZES
        single, several = by_size[: SCRATCH_SIZES // 2], by_size[SCRATCH_SIZES // 2 :]
        assert several[-1] == scratch_bytes(op, rows, cols)
        for height in range(1, rows + 1):
            by_width = single if height == 1 else several
            for width in range(1, cols + 1):
                least = next((b for c, b in zip(SCRATCH_COLS, by_width) if width <= c), by_width[-1])
                assert scratch_bytes(op, height, width) <= least <= several[-1]
        found.add(len(set(by_size)))
    assert {1, 2} < found


def test_a_single_row_of_three_taps_needs_no_room_for_a_second() -> None:
    builder = GraphBuilder("depthwise")
    (op,) = builder.build(builder.depthwise(builder.input(24, 24, 16), kernel=3)).ops
    single, several = scratch_bytes(op, 1, 24), scratch_bytes(op, 2, 24)
    assert several - single >= 24 * 16  # the row that waits
    assert several == scratch_bytes(op, 24, 24)
