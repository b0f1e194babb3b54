"""The mirror of the parameter structs, and the scratch sizes that go through it."""

from __future__ import annotations

import ctypes
import subprocess
from pathlib import Path

import numpy as np

from mcupatch.kernel_params import C_NAMES
from mcupatch.kernels import scratch_bytes
from mcupatch.schedule.search_problem import SCRATCH_COLS
from mcupatch.scratch import find_scratch_by_width
from tests.support.kernel_layers import random_conv2d, random_dense, random_depthwise
from tests.support.kernel_operators import random_lut
from tests.support.kernels_host import FLAGS, find_compiler


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
    assert 2 * scratch_bytes(conv.op, 1) <= scratch_bytes(conv.op, 2) < scratch_bytes(conv.op)
    depthwise = [random_depthwise(rng).op for _ in range(40)]
    assert any(scratch_bytes(op) > 0 for op in depthwise) and any(scratch_bytes(op) == 0 for op in depthwise)
    assert scratch_bytes(random_dense(rng).op) == scratch_bytes(random_lut(rng).op) == 0


def test_scratch_by_width_is_enough_for_every_narrower_call() -> None:
    found = set()
    for i in range(60):
        example = random_conv2d(np.random.default_rng([6, i]))
        cols = example.graph.output_tensor(example.op).hwc[1]
        by_width = find_scratch_by_width(example.graph)[example.op.name]
        assert by_width[-1] == scratch_bytes(example.op, cols)
        for width in range(1, cols + 1):
            least = next((b for c, b in zip(SCRATCH_COLS, by_width) if width <= c), by_width[-1])
            assert scratch_bytes(example.op, width) <= least <= by_width[-1]
        found.add(len(set(by_width)))
    assert {1, 2} < found
