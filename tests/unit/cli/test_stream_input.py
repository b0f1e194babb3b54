"""``compile --stream-input`` and what ``run`` makes of it: the same bytes out, no buffer for the image."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mcupatch.cli.main import run_command_line
from mcupatch.importer.raw_rows import RawScaling
from tests.support.command_line import run_cli
from tests.support.odd_models import float_ends_model, small_model

KEEP_ROWS = ("--grid", "16x1", "--ops", "3", "--halo", "keep")
IMAGE = np.random.default_rng(5).integers(-128, 128, (1, 16, 16, 3)).astype(np.int8)
PIXELS = np.random.default_rng(6).integers(0, 256, (1, 8, 8, 3)).astype(np.uint8)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.tflite").write_bytes(small_model())
    (tmp_path / "ends.tflite").write_bytes(float_ends_model())
    np.save("image.npy", IMAGE)
    return tmp_path


def outputs_of(capsys: pytest.CaptureFixture[str], directory: str, file: str, backend: str) -> Any:
    """Runs and compares with the reference; the only output."""
    run_cli(capsys, "run", directory, "--input", file, "--on", backend, "--save", "out.npz")
    with np.load("out.npz") as archive:
        (name,) = archive.files
        return archive[name]


def test_layer_by_layer_is_said_to_come_in_rows(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = run_cli(capsys, "compile", "net.tflite", "--stream-input", "-o", "streamed")
    assert "operator 0 row by row, the other" in text and "--least-sram looks for the smallest" in text
    text = run_cli(capsys, "compile", "net.tflite", "--stream-input", "--per-layer", "-o", "streamed")
    assert "operator 0 row by row" in text and "--least-sram" not in text


@pytest.mark.parametrize("schedule", [("--per-layer",), KEEP_ROWS, ("--least-sram",)], ids=lambda s: s[0])
def test_a_streamed_model_runs_like_a_held_one(
    here: Path, capsys: pytest.CaptureFixture[str], schedule: tuple[str, ...]
) -> None:
    run_cli(capsys, "compile", "net.tflite", *schedule, "-o", "held")
    text = run_cli(capsys, "compile", "net.tflite", *schedule, "--stream-input", "-o", "streamed")
    assert "row by row" in text
    expected = outputs_of(capsys, "held", "image.npy", "unicorn")
    for backend in ("unicorn", "host"):
        assert np.array_equal(outputs_of(capsys, "streamed", "image.npy", backend), expected)
    held, streamed = (json.loads(Path(d, "mcupatch.json").read_text()) for d in ("held", "streamed"))
    assert [port["streamed"] for port in held["model"]["input"]] == [False]
    assert [port["streamed"] for port in streamed["model"]["input"]] == [True]
    assert (held["memory"]["input_bytes"], streamed["memory"]["input_bytes"]) == (768, 0)
    assert streamed["memory"]["streamed_input_bytes"] == 768
    with tarfile.open("streamed/model.tar") as archive:
        metadata = json.load(archive.extractfile("./metadata.json"))  # type: ignore[arg-type]
    (main,) = metadata["modules"]["net"]["memory"]["functions"]["main"]
    assert (main["inputs"]["x"]["rows"], main["inputs"]["x"]["row_size"]) == (16, 48)
    assert "offset" not in main["inputs"]["x"] and main["io_size_bytes"] == 16 * 16 * 8
    header = Path("streamed/include/tvmgen_net.h").read_text()
    assert "struct tvmgen_net_rows_x x;" in header and "INPUT_X_STREAMED 1" in header


@pytest.mark.parametrize("scaling", [None, RawScaling(1 / 40, -2.5)], ids=["own", "given"])
def test_a_float_input_is_streamed_as_raw_bytes(
    here: Path, capsys: pytest.CaptureFixture[str], scaling: RawScaling | None
) -> None:
    words = ["--input-scale", "1/40", "--input-offset", "-2.5"] if scaling else []
    run_cli(capsys, "compile", "ends.tflite", "-o", "held")
    run_cli(capsys, "compile", "ends.tflite", "--stream-input", *words, "-o", "streamed")
    # 0.05 and -3 are the quantisation of the model: raw byte p is the int8 value p - 128
    np.save("real.npy", (scaling or RawScaling(0.05, 0.05 * (3 - 128))).real(PIXELS))
    np.save("raw.npy", PIXELS)
    expected = outputs_of(capsys, "held", "real.npy", "host")
    for backend in ("unicorn", "host"):
        assert np.array_equal(outputs_of(capsys, "streamed", "raw.npy", backend), expected)
    (port,) = json.loads(Path("streamed/mcupatch.json").read_text())["model"]["input"]
    assert (port["dtype"], port["streamed"]) == ("uint8", True)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("net.tflite", "--input-scale", "0.1", "--input-offset", "0"), "go with a streamed input"),
        (("ends.tflite", "--stream-input", "--input-scale", "0.1"), "belong together"),
        (("ends.tflite", "--stream-input", "--input-scale", "1/0", "--input-offset", "0"), "is not a number"),
        (("ends.tflite", "--stream-input", "--io", "int8", "--input-scale", "1", "--input-offset", "0"),
         "quantised right away"),
        (("net.tflite", "--halo", "keep"), "go with --grid"),
    ],
)  # fmt: skip
def test_what_contradicts_itself_is_refused(
    here: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], message: str
) -> None:
    assert run_command_line(["compile", *words]) == 2
    assert message in " ".join(capsys.readouterr().err.split())
    assert sorted(p.name for p in here.iterdir()) == ["ends.tflite", "image.npy", "net.tflite"]
