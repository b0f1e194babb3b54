"""Damaged files: whatever the bytes, the importer gives a graph or an error for the user, in bounded time."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest

from mcupatch.errors import BadInput, McupatchError
from mcupatch.importer.tflite import import_tflite
from mcupatch.zoo import tflite_options as options
from tests.support import tflite_cases as cases
from tests.support.tflite_case_writer import LOWEST, CaseWriter

pytestmark = pytest.mark.filterwarnings("error")
MUTATIONS = 3000
Rng = np.random.Generator


def chain(seed: int, dtype: str) -> bytes:
    """A pad, a convolution, an addition, a mean, a dense layer and a softmax."""
    w = CaseWriter(np.random.default_rng(seed), dtype)
    x = w.input((1, 6, 6, 3), 0.1, 3)
    p = w.activation("padded", (1, 8, 8, 3), 0.1, 3)
    w.operator(
        "PAD", [x, w.integers([[0, 0], [1, 1], [1, 1], [0, 0]])], p, options.empty_options("PadOptions")
    )
    weights, scales = w.weights((4, 3, 3, 3), 4, 0)
    conv = w.activation("conv", (1, 6, 6, 4), 0.3, 7)
    table = options.conv2d_options("VALID", activation="RELU6")
    w.operator("CONV_2D", [p, weights, *w.bias(4, scales * 0.1, False)], conv, table)
    total = w.activation("sum", (1, 6, 6, 4), 0.4, 1)
    w.operator("ADD", [conv, conv], total, options.add_options())
    mean = w.activation("mean", (1, 4), 0.4, 1)
    w.operator("MEAN", [total, w.integers([1, 2])], mean, options.reducer_options())
    weights, scales = w.weights((5, 4), 5, 0)
    logits = w.activation("logits", (1, 5), 0.2, 2)
    bias = w.bias(5, scales * 0.4, False)
    w.operator("FULLY_CONNECTED", [mean, weights, *bias], logits, options.fully_connected_options())
    y = w.activation("y", (1, 5), 1 / 256, LOWEST[dtype])
    w.operator("SOFTMAX", [logits], y, options.softmax_options())
    return w.finish(y).data


@cache
def base_files() -> tuple[bytes, ...]:
    rng = np.random.default_rng(2)
    makers = (
        cases.depthwise_case,
        cases.concat_case,
        cases.transpose_case,
        cases.mean_case,
        cases.softmax_case,
    )
    small = [make(CaseWriter(rng, dtype)).data for make in makers for dtype in ("int8", "uint8")]
    small.append(cases.resize_case(CaseWriter(rng), "RESIZE_BILINEAR").data)
    small.append(cases.byte_function_case(CaseWriter(rng), "HARD_SWISH").data)
    return (chain(0, "int8"), chain(1, "uint8"), *small)


def mutate(rng: Rng, files: tuple[bytes, ...]) -> bytes:
    """Flipped bytes, numbers set to extremes, a cut, a stretch of another file, a stretch doubled or removed."""
    data = bytearray(files[int(rng.integers(len(files)))])
    for _ in range(int(rng.integers(1, 5))):
        at = int(rng.integers(8, len(data))) if len(data) > 8 else 0
        kind = int(rng.integers(6))
        if kind == 0:
            data[at : at + 1] = rng.bytes(1)
        elif kind == 1:
            word = rng.choice([0, 1, 2, 127, 128, 255, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x10000])
            start = at & ~3
            data[start : start + 4] = int(word).to_bytes(4, "little")
        elif kind == 2 and rng.random() < 0.3:
            del data[at:]
        elif kind == 3:
            other = files[int(rng.integers(len(files)))]
            start, length = int(rng.integers(len(other))), int(rng.integers(1, 64))
            data[at : at + length] = other[start : start + length]
        elif kind == 4:
            data[at:at] = data[at : at + int(rng.integers(1, 16))]
        else:
            data[at] ^= 1 << int(rng.integers(8))
    return bytes(data)


def import_quietly(data: bytes) -> str:
    """The outcome: "graph", or the kind of error for the user; anything else fails the test."""
    try:
        import_tflite(data, "net.tflite")
    except McupatchError as error:
        text = str(error)
        assert text.startswith("net.tflite ") and len(text) < 4000
        return type(error).__name__
    return "graph"


def test_mutated_files() -> None:
    rng, files = np.random.default_rng(11), base_files()
    seen: dict[str, int] = {}
    for number in range(MUTATIONS):
        data = mutate(rng, files)
        start = time.perf_counter()
        outcome = import_quietly(data)
        assert time.perf_counter() - start < 5, f"mutation {number} took too long"
        seen[outcome] = seen.get(outcome, 0) + 1
    assert min(seen.get(k, 0) for k in ("graph", "BadInput", "UnsupportedModel")) > MUTATIONS // 100, seen


def truncations(data: bytes) -> Iterator[bytes]:
    for length in range(0, len(data), max(1, len(data) // 400)):
        yield data[:length]


@pytest.mark.parametrize("index", [0, 1])
def test_truncated_files(index: int) -> None:
    data = base_files()[index]
    for cut in truncations(data):
        with pytest.raises(BadInput):
            import_tflite(cut, "net.tflite")


def test_random_bytes() -> None:
    rng = np.random.default_rng(5)
    for length in (8, 16, 17, 64, 1000, 5000):
        for _ in range(30):
            data = rng.bytes(length)
            assert import_quietly(data) == "BadInput"
            assert import_quietly(data[:4] + b"TFL3" + data[8:]) == "BadInput"


def test_small_files_do_not_make_large_allocations() -> None:
    """Shapes of gigabytes and vectors that all point to one place."""
    rng, files = np.random.default_rng(12), base_files()
    tracemalloc.start()
    try:
        for _ in range(300):
            import_quietly(mutate(rng, files))
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()


def test_absurd_shapes() -> None:
    for shape in ((1, 1 << 15, 1 << 15, 3), (1 << 30, 1 << 30, 1 << 30, 1 << 30), (1, 0, 4, 3), (1,) * 9):
        w = CaseWriter(np.random.default_rng(0))
        x = w.builder.tensor("x", shape, "int8", 0.1, 0)
        y = w.builder.tensor("y", shape, "int8", 0.1, 0)
        w.operator("RELU", [x], y)
        assert import_quietly(w.builder.finish([x], [y])) == "BadInput"
