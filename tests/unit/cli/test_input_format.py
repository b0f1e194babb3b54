"""``compile --input-format`` and what ``run`` makes of it: pictures decoded on the chip, row by row."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mcupatch.cli.main import run_command_line
from mcupatch.decode_rows import decode_picture, jpeg_source
from tests.support.jpeg_writer import random_picture, write_jpeg
from tests.support.odd_models import float_ends_model, small_model
from tests.support.qemu import needs_qemu

SAMPLING = ((2, 2), (1, 1), (1, 1))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.tflite").write_bytes(small_model())
    (tmp_path / "ends.tflite").write_bytes(float_ends_model())
    (tmp_path / "photo.jpg").write_bytes(write_jpeg(random_picture((16, 16), SAMPLING, 1)))
    return tmp_path


def run_cli(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    status = run_command_line(list(arguments))
    shown = capsys.readouterr()
    assert status == 0, shown.err
    return shown.out


def fail_cli(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run_command_line(list(arguments)) == 2
    return " ".join(capsys.readouterr().err.split())


def outputs_of(capsys: pytest.CaptureFixture[str], directory: str, file: str, backend: str) -> Any:
    """Runs and compares with the reference; the only output."""
    run_cli(capsys, "run", directory, "--input", file, "--on", backend, "--save", "out.npz")
    with np.load("out.npz") as archive:
        (name,) = archive.files
        return archive[name]


@pytest.mark.parametrize("memory", [(), ("--jpeg-memory", "48")], ids=["once", "least"])
def test_a_jpeg_runs_like_its_pixels(
    here: Path, capsys: pytest.CaptureFixture[str], memory: tuple[str, ...]
) -> None:
    run_cli(capsys, "compile", "net.tflite", "--stream-input", "-o", "raw")
    options = ("--stream-input", "--input-format", "jpeg", *memory)
    run_cli(capsys, "compile", "net.tflite", *options, "-o", "jpeg")
    data = Path("photo.jpg").read_bytes()
    np.save("pixels.npy", decode_picture(jpeg_source(16), data, (16, 16, 3), "int8"))
    expected = outputs_of(capsys, "raw", "pixels.npy", "unicorn")
    for backend in ("host", "unicorn"):
        assert np.array_equal(outputs_of(capsys, "jpeg", "photo.jpg", backend), expected)
    raw, jpeg = (json.loads(Path(d, "mcupatch.json").read_text())["measured"] for d in ("raw", "jpeg"))
    held = 48 if memory else 24 * 16
    assert (
        held + 300 < jpeg["sram_bytes"] - raw["sram_bytes"] < held + 700
    )  # with the decoder's state and stack
    planned = json.loads(Path("jpeg/mcupatch.json").read_text())["memory"]
    beside = jpeg["sram_bytes"] - jpeg["stack_bytes"] - planned["arena_bytes"]
    assert held + 300 < planned["statics_bytes"] <= beside <= planned["statics_bytes"] + 16
    assert jpeg["flash_bytes"] > raw["flash_bytes"] + len(data)


def test_the_decoders_are_shipped_only_if_asked_for(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_cli(capsys, "compile", "net.tflite", "--stream-input", "-o", "raw")
    run_cli(capsys, "compile", "net.tflite", "--stream-input", "--input-format", "rgb565", "-o", "camera")
    found = {d: [p.name for p in Path(d).rglob("*.[ch]")] for d in ("raw", "camera")}
    decoders = {"jpeg_rows.h", "jpeg_rows.c", "jpeg_parts.h", "rgb565_rows.c", "camera_rows.h"}
    assert not decoders & set(found["raw"]) and decoders <= set(found["camera"])
    for directory, shipped in (("raw", False), ("camera", True)):
        with tarfile.open(f"{directory}/model.tar") as archive:
            assert ("./codegen/host/src/rows/jpeg_rows.c" in archive.getnames()) == shipped
            metadata = json.load(archive.extractfile("./metadata.json"))  # type: ignore[arg-type]
        (main,) = metadata["modules"]["net"]["memory"]["functions"]["main"]
        assert main["inputs"]["x"].get("row_format") == ("rgb565" if shipped else None)


def test_an_archive_with_an_object_runs(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--stream-input", "--input-format", "jpeg", "--target", "llvm")
    run_cli(capsys, "compile", "net.tflite", *options, "-o", "net")
    chip, packed = (outputs_of(capsys, name, "photo.jpg", "unicorn") for name in ("net", "net/model.tar"))
    assert np.array_equal(chip, packed)
    assert "do not run on this computer" in fail_cli(
        capsys, "run", "net", "--input", "photo.jpg", "--on", "host"
    )


@needs_qemu
@pytest.mark.parametrize("row_format, file", [("jpeg", "photo.jpg"), ("yuv422", "frame.bin")])
def test_a_format_boots_in_qemu(
    row_format: str, file: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("frame.bin").write_bytes(np.random.default_rng(2).bytes(16 * 16 * 2))
    run_cli(capsys, "compile", "net.tflite", "--stream-input", "--input-format", row_format, "-o", "net")
    found = {}
    for backend in ("unicorn", "qemu"):
        values = outputs_of(capsys, "net", file, backend)
        measured = json.loads(Path("net/mcupatch.json").read_text())["measured"]
        assert measured["backend"] == backend
        found[backend] = (values.tobytes(), measured["flash_bytes"])
    assert found["qemu"] == found["unicorn"]


@pytest.mark.parametrize("backend", ["unicorn", pytest.param("qemu", marks=needs_qemu)])
def test_a_file_that_the_flash_cannot_hold(
    backend: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_cli(capsys, "compile", "net.tflite", "--stream-input", "--input-format", "jpeg", "-o", "net")
    with Path("photo.jpg").open("ab") as file:
        file.write(bytes(1 << 20))
    words = ["run", "net", "--input", "photo.jpg", "--on", backend]
    assert "of flash, and beside the program stm32f746 has" in fail_cli(capsys, *words)


@pytest.mark.parametrize("row_format", ["rgb565", "rgb565-be", "yuv422", "yuv422-uyvy"])
def test_camera_rows_run(here: Path, capsys: pytest.CaptureFixture[str], row_format: str) -> None:
    run_cli(capsys, "compile", "net.tflite", "--stream-input", "--input-format", row_format, "-o", "net")
    random = np.random.default_rng(2)
    Path("frame.bin").write_bytes(random.bytes(16 * 16 * 2))
    Image.fromarray(random.integers(0, 256, (9, 9, 3), np.uint8)).save("any.png")
    for file in ("frame.bin", "any.png"):
        chip, host = (outputs_of(capsys, "net", file, backend) for backend in ("unicorn", "host"))
        assert np.array_equal(chip, host)
    Path("short.bin").write_bytes(bytes(100))
    assert "has 512 bytes, not 100" in fail_cli(capsys, "run", "net", "--input", "short.bin")
    assert "is a .bin, .png" in fail_cli(capsys, "run", "net", "--input", "photo.npy")


def test_a_float_model_takes_a_jpeg_as_raw_bytes(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("small.jpg").write_bytes(write_jpeg(random_picture((8, 8), SAMPLING, 2)))
    run_cli(capsys, "compile", "ends.tflite", "--stream-input", "-o", "raw")
    run_cli(capsys, "compile", "ends.tflite", "--stream-input", "--input-format", "jpeg", "-o", "jpeg")
    data = Path("small.jpg").read_bytes()
    np.save("pixels.npy", decode_picture(jpeg_source(8), data, (8, 8, 3), "uint8"))
    expected = outputs_of(capsys, "raw", "pixels.npy", "unicorn")
    assert np.array_equal(outputs_of(capsys, "jpeg", "small.jpg", "unicorn"), expected)


def test_a_run_without_a_picture_makes_one(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_cli(capsys, "compile", "net.tflite", "--stream-input", "--input-format", "jpeg", "-o", "net")
    assert "equals the reference" in run_cli(capsys, "run", "net")
    assert "ran on" not in run_cli(capsys, "bench", "net")


def test_bad_pictures_are_told(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_cli(capsys, "compile", "net.tflite", "--stream-input", "--input-format", "jpeg", "-o", "net")
    data = Path("photo.jpg").read_bytes()
    Path("cut.jpg").write_bytes(data[:-20])
    Path("text.jpg").write_text("no picture")
    Path("large.jpg").write_bytes(write_jpeg(random_picture((16, 32), SAMPLING, 1)))
    stream = io.BytesIO()
    Image.new("RGB", (16, 16)).save(stream, "JPEG", progressive=True)
    Path("progressive.jpg").write_bytes(stream.getvalue())
    for file, message in (
        ("cut.jpg", "its data end before the picture does"),
        ("text.jpg", "it is no JPEG file"),
        ("large.jpg", "it is 32x16 pixels, the input 16x16"),
        ("progressive.jpg", "it is progressive"),
        ("photo.png", "takes a .jpg file as it is"),
        ("absent.jpg", "absent.jpg"),
    ):
        assert message in fail_cli(capsys, "run", "net", "--input", file)
    assert "give 1 files" in fail_cli(capsys, "run", "net", "--input", "cut.jpg", "--input", "cut.jpg")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--input-format", "jpeg"), "goes with a streamed input"),
        (("--stream-input", "--jpeg-memory", "1KiB"), "goes with --input-format jpeg"),
        (("--stream-input", "--input-format", "jpeg", "--jpeg-memory", "40"), "at least 48 bytes, not 40"),
        (("--stream-input", "--input-format", "jpeg", "--sram", "5KiB"), "of stack and data"),
    ],
)
def test_what_cannot_be_is_refused(
    here: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], message: str
) -> None:
    assert message in fail_cli(capsys, "compile", "net.tflite", *words)
