"""Everything that can be wrong with what the user gives: exit status 2, plain words, no traceback, nothing left behind."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mcupatch.cli.main import run_command_line
from mcupatch.saved_facts import digest_facts
from tests.support.odd_models import (
    dynamic_onnx,
    float_onnx,
    float_tflite,
    odd_names_model,
    small_model,
    unsupported_onnx,
    unsupported_tflite,
)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refuse(capsys: pytest.CaptureFixture[str], here: Path, *arguments: str) -> str:
    """Run a command line that must be refused; returns what it says."""
    before = sorted(p for p in here.rglob("*"))
    status = run_command_line(list(arguments))
    shown = capsys.readouterr()
    assert status == 2, shown.err
    assert shown.out == ""
    assert "Traceback" not in shown.err and "defect" not in shown.err
    assert 0 < len(shown.err) < 1500
    assert sorted(p for p in here.rglob("*")) == before, "something was left behind"
    return shown.err


MODEL_FILES = {
    "empty.tflite": (b"", "empty|too short|not a"),
    "truncated.tflite": (small_model()[: len(small_model()) // 2], "truncated|damaged|not a|cannot"),
    "short.tflite": (small_model()[:40], "truncated|damaged|not a|cannot"),
    "random.tflite": (np.random.default_rng(1).bytes(5000), "not a|neither"),
    "random.onnx": (np.random.default_rng(2).bytes(5000), "not a|neither|ONNX"),
    "empty.onnx": (b"", "empty|not a"),
    "notes.txt": (b"these are notes, not a model\n", "not a|neither|TFLite|ONNX"),
    "float.tflite": (float_tflite(), "float|quantis"),
    "float.onnx": (float_onnx(), "float|quantis"),
    "dynamic.onnx": (dynamic_onnx(), "dynamic|fixed|shape"),
    "unsupported.tflite": (unsupported_tflite(), "SPACE_TO_DEPTH"),
    "unsupported.onnx": (unsupported_onnx(), "Einsum|SpaceToDepth"),
}


@pytest.mark.parametrize("name", MODEL_FILES)
@pytest.mark.parametrize("command", ["compile", "analyze"])
def test_models_that_cannot_be_used(
    here: Path, capsys: pytest.CaptureFixture[str], name: str, command: str
) -> None:
    data, words = MODEL_FILES[name]
    (here / name).write_bytes(data)
    text = refuse(capsys, here, command, name)
    assert any(word.lower() in text.lower() for word in words.split("|")), text


def test_a_model_under_a_wrong_ending_is_still_known_or_told(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a file is shows in its bytes; a wrong ending is no reason to refuse it, nor to misread it."""
    (here / "model.onnx").write_bytes(small_model())
    assert run_command_line(["analyze", "model.onnx"]) in (0, 2)
    shown = capsys.readouterr()
    assert "Traceback" not in shown.err and "defect" not in shown.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["compile", "absent.tflite"], "cannot read the model"),
        (["compile", "."], "it is a directory"),
        (["compile", "zoo:resnet9000"], "resnet9000"),
        (["compile", "zoo:mbv2_w0.35_r144@banana"], "banana"),
        (["compile", "net.tflite", "--board", "z80"], "stm32f746"),
        (["compile", "net.tflite", "--sram", "1KiB"], "no room for an arena"),
        (["compile", "net.tflite", "--sram", "4300"], "bytes too many"),
        (["compile", "net.tflite", "--sram", "0"], "1 byte or more"),
        (["compile", "net.tflite", "--sram", "900MiB"], "cannot be used"),
        (["compile", "net.tflite", "--flash", "1KiB"], "flash"),
        (["compile", "net.tflite", "--sram", "many"], "not a size"),
        (["compile", "net.tflite", "--grid", "0x3", "--ops", "2"], "not a grid"),
        (["compile", "net.tflite", "--grid", "3by3", "--ops", "2"], "not a grid"),
        (["compile", "net.tflite", "--grid", "3x3"], "belong together"),
        (["compile", "net.tflite", "--ops", "3"], "belong together"),
        (["compile", "net.tflite", "--grid", "2x2", "--ops", "400"], "the model has"),
        (["compile", "net.tflite", "--per-layer", "--least-sram"], "choose one"),
        (["compile", "net.tflite", "--max-extra-macs", "5%"], "--least-sram"),
        (["compile", "net.tflite", "--least-sram", "--max-extra-macs", "some"], "not a share"),
        (["compile", "net.tflite", "--least-sram", "--max-extra-macs", "5"], "write 5% or 0.05"),
        (["compile", "net.tflite", "--least-sram", "--max-extra-macs", "9" * 400], "from 0 on"),
        (["compile", "net.tflite", "--toolchain", "icc"], "icc"),
        (["compile", "net.tflite", "-o", "net.tflite"], "is a file"),
        (["compile", "net.tflite", "-o", "net.tflite/deeper"], "is not a directory"),
        (["compile", "net.tflite", "-o", "mine"], "not written by mcupatch"),
        (["compile", "net.tflite", "--json", "absent/figures.json"], "cannot write the JSON"),
        (["compile", "net.tflite", "--dump", "net.tflite/x"], "cannot write the dump"),
        (["analyze", "net.tflite", "--grid", "2x2", "--ops", "400"], "the model has"),
        (["run", "mine"], "no compiled model"),
        (["run", "absent"], "no compiled model"),
        (["run", "a" * 300], "File name too long"),
        (["compile", "a" * 300], "File name too long"),
        (["compile", "/dev/zero"], "a pipe or a device"),
        (["compile", "pipe"], "a pipe or a device"),
        (["compile", "loop"], "cannot read the model"),
        (["compile", "net.tflite", "-o", ""], "not written by mcupatch"),
        (["compile", "net.tflite", "--json", "a" * 300], "File name too long"),
        (
            ["compile", "net.tflite", "-o", "out", "--json", "net.tflite"],
            "MODEL and --json name the same file",
        ),
        (["analyze", "net.tflite", "--json", "net.tflite"], "MODEL and --json name the same file"),
        (["bench", "net.tflite", "-o", "net.tflite"], "MODEL and --markdown name the same file"),
        (["redistribute", "net.json", "-o", "net.json"], "NETWORK and --output name the same file"),
        (
            ["quantize", "net.onnx", "--images", ".", "-o", "net.onnx"],
            "MODEL and --output name the same file",
        ),
        (["run", "out", "--timeout", "inf"], "not a number"),
        (["run", "out", "--timeout", "nan"], "not a number"),
        (["run", "out", "--on", "qemu", "--timeout", "1e300"], "not a number of seconds"),
        (["run", "out", "--input", "x.npz", "--save", "x.npz"], "--save name the same file"),
        (["export", "out", "--cmake", "there", "--board", "stm32f746"], "--board goes with --stm32"),
        (["compile"], "MODEL"),
        (["fly"], "fly"),
        (["compile", "net.tflite", "--fast"], "--fast"),
    ],
    ids=lambda value: " ".join(value[:6]) if isinstance(value, list) else None,
)
def test_options_that_cannot_be_used(
    here: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    (here / "net.tflite").write_bytes(small_model())
    (here / "mine").mkdir()
    (here / "mine" / "diary.txt").write_text("not a compiled model")
    (here / "loop").symlink_to("loop")
    os.mkfifo(here / "pipe")
    assert words in refuse(capsys, here, *arguments)


@pytest.mark.parametrize("schedule", [(), ("--per-layer",), ("--grid", "2x2", "--ops", "2")], ids=str)
def test_the_least_sram_that_is_told_is_enough(
    here: Path, capsys: pytest.CaptureFixture[str], schedule: tuple[str, ...]
) -> None:
    """A budget too small names one that works, and one byte less does not."""
    (here / "net.tflite").write_bytes(small_model())
    text = refuse(capsys, here, "compile", "net.tflite", "--board", "generic", "--sram", "4300", *schedule)
    least = int(re.findall(r"at least (\d+) bytes", text)[0])
    command = ["compile", "net.tflite", "--board", "generic", *schedule, "-o", "out", "--sram"]
    assert "1 byte" in refuse(capsys, here, *command, str(least - 1))
    assert run_command_line([*command, str(least)]) == 0
    assert run_command_line(["run", "out"]) == 0


@pytest.mark.parametrize("package", ["unicorn", "PIL", "ziglang", "onnx"])
def test_a_missing_package_is_named(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    """As in an installation without it: importing it fails."""
    (here / "net.tflite").write_bytes(small_model())
    (here / "net.onnx").write_bytes(float_onnx())
    (here / "x.png").write_bytes(b"")
    assert run_command_line(["compile", "net.tflite", "-o", "built"]) == 0
    capsys.readouterr()
    for loaded in [m for m in sys.modules if m == package or m.startswith(f"{package}.")]:
        monkeypatch.delitem(sys.modules, loaded)
    for ours in [
        m for m in sys.modules if m.startswith("mcupatch.measure") or m == "mcupatch.importer.onnx_qdq"
    ]:
        monkeypatch.delitem(sys.modules, ours)
    monkeypatch.setitem(sys.modules, package, None)
    arguments = {
        "unicorn": ["run", "built"],
        "PIL": ["run", "built", "--input", "x.png"],
        "ziglang": ["compile", "net.tflite", "-o", "again"],
        "onnx": ["compile", "net.onnx"],
    }[package]
    if package == "ziglang":
        monkeypatch.setenv("PATH", "/nonexistent")
    text = refuse(capsys, here, *arguments)
    assert {"PIL": "pillow"}.get(package, package) in text


def test_names_that_are_no_c_names(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Quotes, newlines, comment ends and C keywords in a model's names, and in its file's name."""
    for name in ('int "main"; *\\ #define.tflite', "while.tflite", "line\nbreak.tflite", "7up-ü.tflite"):
        (here / name).write_bytes(odd_names_model())
        assert run_command_line(["compile", name, "-o", "out"]) == 0, capsys.readouterr().err
        assert run_command_line(["run", "out"]) == 0, capsys.readouterr().err
        assert run_command_line(["run", "out", "--on", "host"]) == 0, capsys.readouterr().err


def change_json(name: str, change: Callable[[Any], None]) -> Callable[[Path], None]:
    def apply(built: Path) -> None:
        values = json.loads((built / name).read_text())
        change(values)
        (built / name).write_text(json.dumps(values))

    return apply


def change_build(change: Callable[[Any], None], signed: bool = True) -> Callable[[Path], None]:
    """``signed``: with the digest that fits, so that what is said is checked and not the digest alone."""

    def apply(values: Any) -> None:
        change(values)
        if signed:
            values["digests"]["build.json"] = digest_facts(values)

    return change_json("build.json", apply)


def replace_by_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def flip_byte(path: Path, position: int) -> None:
    data = bytearray(path.read_bytes())
    data[position] ^= 0x10
    path.write_bytes(data)


DAMAGES: dict[str, Callable[[Path], None]] = {
    "firmware's headers": lambda built: flip_byte(built / "firmware.elf", 40),
    "firmware's code": lambda built: flip_byte(built / "firmware.elf", 0x1200),
    "firmware is a pipe": lambda built: replace_by_pipe(built / "firmware.elf"),
    "model": lambda built: flip_byte(built / "model.tflite", 900),
    "C": lambda built: flip_byte(built / "src" / "tvmgen_net.c", 200),
    "another model": lambda built: (built / "model.tflite").write_bytes(odd_names_model()) and None,
    "place": change_build(lambda v: v["inputs"][0].update(offset=None)),
    "place outside": change_build(lambda v: v["outputs"][0].update(offset=1 << 40)),
    "ports": change_build(lambda v: v.update(inputs=[])),
    "path": change_build(lambda v: v.update(model_file="../net.tflite")),
    "source": change_build(lambda v: v.update(sources=["../../net.tflite"])),
    "memories": change_build(lambda v: v["pools"][0].update(nbytes=16)),
    "memory of a place": change_build(lambda v: v["inputs"][0].update(pool="dtcm")),
    "C name": change_build(lambda v: v.update(c_name="other"), signed=False),
    "no sources": change_build(lambda v: v.update(sources=[]), signed=False),
    "arena": change_json("mcupatch.json", lambda v: v["memory"].update(arena_bytes="x")),
}


@pytest.fixture(scope="module")
def built_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    (folder / "net.tflite").write_bytes(small_model())
    assert run_command_line(["compile", str(folder / "net.tflite"), "-o", str(folder / "net")]) == 0
    return folder / "net"


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_changed_output_is_not_run(
    here: Path, capsys: pytest.CaptureFixture[str], built_once: Path, damage: str
) -> None:
    """Figures of another firmware or model than the one compiled would be wrong."""
    shutil.copytree(built_once, here / "net")
    DAMAGES[damage](here / "net")
    assert "compile the model again" in refuse(capsys, here, "run", "net")


def numpy_file(header: bytes) -> bytes:
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + b"abc"


def archive_of(name: str, content: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(name, content)
    return stream.getvalue()


HUGE = numpy_file(b"{'descr': '|i1', 'fortran_order': False, 'shape': (1000000000000, 768), }\n")
INPUT_FILES = {
    "huge.npy": (HUGE, "allocate"),
    "huge.npz": (archive_of("x.npy", HUGE), "allocate"),
    "header.npy": (numpy_file(b"{'descr': '|i1', 'shape': (1, "), "cannot read"),
    "text.npz": (archive_of("x", b"hello"), "takes int8"),
    "text.png": (b"hello", "no picture"),
    "empty.npy": (b"", "cannot read"),
    "short.bin": (b"12345", "takes 768"),
    "movie.gif": (b"GIF89a", "an input is"),
}


@pytest.mark.parametrize("name", INPUT_FILES)
def test_inputs_that_cannot_be_used(
    here: Path, capsys: pytest.CaptureFixture[str], built_once: Path, name: str
) -> None:
    data, words = INPUT_FILES[name]
    (here / name).write_bytes(data)
    assert words in refuse(capsys, here, "run", str(built_once), "--input", name)


def test_damaged_outputs_are_told(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "net.tflite").write_bytes(small_model())
    assert run_command_line(["compile", "net.tflite", "-o", "built"]) == 0
    capsys.readouterr()
    for name, content in (
        ("build.json", "{"),
        ("build.json", "{}"),
        ("mcupatch.json", "[1, 2]"),
        ("firmware.elf", "no ELF"),
    ):
        kept = (here / "built" / name).read_bytes()
        (here / "built" / name).write_text(content)
        assert "compile the model again" in refuse(capsys, here, "run", "built")
        (here / "built" / name).write_bytes(kept)
