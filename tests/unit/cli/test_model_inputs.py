"""Input files become input values, or an error that says what does not fit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mcupatch.errors import BadInput
from mcupatch.ir.graph import Graph
from mcupatch.ir.ops import Quantize, Reshape
from mcupatch.ir.quant import QuantParams
from mcupatch.ir.tensor import Tensor
from mcupatch.model_inputs import random_inputs, read_inputs


def graph_of(*inputs: Tensor) -> Graph:
    """A graph that reads each input once: floats through a Quantize, the others through a Reshape."""
    tensors = {t.name: t for t in inputs}
    operators = []
    for t in inputs:
        out = Tensor(
            f"{t.name}_out", t.shape, "int8" if t.dtype == "float32" else t.dtype, QuantParams(0.5, 3)
        )
        tensors[out.name] = out
        operators.append(
            Quantize(f"{t.name}_op", (t.name,), out.name, 0.5, 3, False)
            if t.dtype == "float32"
            else Reshape(f"{t.name}_op", (t.name,), out.name)
        )
    return Graph(
        "g", tuple(t.name for t in inputs), tuple(o.output for o in operators), tuple(operators), tensors
    )


IMAGE = graph_of(Tensor("x", (1, 4, 6, 3), "int8", QuantParams(1 / 255, -128)))
TWO = graph_of(
    Tensor("a", (1, 2), "int8", QuantParams(1.0, 0)), Tensor("b", (1, 3), "uint8", QuantParams(1.0, 0))
)


def test_random_inputs_repeat_and_cover_the_type() -> None:
    first, again, other = random_inputs(IMAGE), random_inputs(IMAGE), random_inputs(IMAGE, 1)
    assert np.array_equal(first["x"], again["x"])
    assert not np.array_equal(first["x"], other["x"])
    wide = graph_of(Tensor("x", (1, 64, 64, 3), "int8", QuantParams(1.0, 0)))
    values = random_inputs(wide)["x"]
    assert (values.min(), values.max()) == (-128, 127)


def test_random_float_input_spans_the_quantised_range() -> None:
    values = random_inputs(graph_of(Tensor("x", (1, 64, 64, 3), "float32")))["x"]
    assert values.dtype == np.float32
    assert -65.5 <= values.min() < -64 and 61 < values.max() <= 62


def test_npy_with_and_without_batch(tmp_path: Path) -> None:
    value = np.arange(72, dtype=np.int8).reshape(4, 6, 3)
    np.save(tmp_path / "x.npy", value)
    np.save(tmp_path / "batch.npy", value[None])
    for name in ("x.npy", "batch.npy"):
        found = read_inputs(IMAGE, [tmp_path / name])["x"]
        assert found.shape == (1, 4, 6, 3) and np.array_equal(found[0], value)


def test_npz_by_name_and_raw_bytes_in_order(tmp_path: Path) -> None:
    a, b = np.array([[1, -2]], np.int8), np.array([[200, 5, 6]], np.uint8)
    np.savez(tmp_path / "both.npz", b=b, a=a)
    (tmp_path / "both.bin").write_bytes(a.tobytes() + b.tobytes())
    for name in ("both.npz", "both.bin"):
        found = read_inputs(TWO, [tmp_path / name])
        assert np.array_equal(found["a"], a) and np.array_equal(found["b"], b)


@pytest.mark.parametrize("suffix", [".png", ".bmp"])
def test_picture_is_resized_and_shifted(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"p{suffix}"
    Image.new("RGB", (60, 40), (0, 128, 255)).save(path)
    found = read_inputs(IMAGE, [path])["x"]
    assert found.dtype == np.int8 and found.shape == (1, 4, 6, 3)
    assert found[0, 0, 0].tolist() == [-128, 0, 127]
    as_uint8 = graph_of(Tensor("x", (1, 4, 6, 3), "uint8", QuantParams(1.0, 128)))
    assert read_inputs(as_uint8, [path])["x"][0, 0, 0].tolist() == [0, 128, 255]
    as_float = graph_of(Tensor("x", (1, 4, 6, 3), "float32"))
    assert read_inputs(as_float, [path])["x"][0, 0, 0].tolist() == [-65.5, -1.5, 62.0]


def test_what_does_not_fit_is_told(tmp_path: Path) -> None:
    np.save(tmp_path / "float.npy", np.zeros((4, 6, 3), np.float32))
    np.save(tmp_path / "shape.npy", np.zeros((6, 4, 3), np.int8))
    np.savez(tmp_path / "names.npz", y=np.zeros(3, np.int8))
    (tmp_path / "short.bin").write_bytes(b"123")
    (tmp_path / "broken.png").write_bytes(b"no picture")
    (tmp_path / "broken.npy").write_bytes(b"no array")
    (tmp_path / "broken.npz").write_bytes(b"no archive")
    (tmp_path / "x.csv").write_text("1,2")
    for name, message in (
        ("float.npy", "takes int8, not float32"),
        ("shape.npy", "has shape"),
        ("names.npz", "lacks the inputs 'x'"),
        ("short.bin", "holds 3 bytes, but the input takes 72"),
        ("broken.png", "cannot read the picture"),
        ("broken.npy", "cannot read"),
        ("broken.npz", "cannot read"),
        ("absent.npy", "cannot read"),
        ("absent.bin", "cannot read"),
        ("x.csv", "an input is a .npy"),
    ):
        with pytest.raises(BadInput, match=message):
            read_inputs(IMAGE, [tmp_path / name])
    with pytest.raises(BadInput, match="give 2 files, not 1"):
        read_inputs(TWO, [tmp_path / "float.npy"])
