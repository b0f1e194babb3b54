"""``tvmc run``: files in and out, fill modes, times that are counts; and ``tvmc tune``'s refusals."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mcupatch.cli import tune_command
from mcupatch.tvmc.main import run_command_line
from tests.support.command_line import run_cli
from tests.support.jpeg_writer import random_picture, write_jpeg


def tvmc(capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> str:
    return run_cli(capsys, *words, status=status, program=run_command_line)


def output_of(file: str) -> bytes:
    with np.load(file) as found:
        assert found.files == ["output_0"]
        return bytes(found["output_0"].tobytes())


@pytest.mark.parametrize("backend", ["unicorn", "host", "qemu"])
def test_an_archive_runs_and_is_compared(
    backend: str, here: Path, archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if backend == "qemu" and shutil.which("qemu-system-arm") is None:
        pytest.skip("qemu-system-arm is not installed")
    text = tvmc(capsys, "run", "--on", backend, "-o", "out.npz", str(archive))
    assert text == "output equals the reference, byte for byte\n"
    run_cli(capsys, "run", str(archive), "--save", "same.npz")
    with np.load("same.npz") as same:
        assert same[same.files[0]].tobytes() == output_of("out.npz")


def test_inputs_and_fill_modes(here: Path, archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file of ones is the fill mode of ones; random is the same every time, and neither of the others."""
    run_cli(capsys, "run", str(archive), "--json", "figures.json")
    name, shape = "x", (1, 16, 16, 3)
    np.savez("ones.npz", **{name: np.ones(shape, np.int8)})
    np.savez("zeros.npz", **{name: np.zeros(shape[1:], np.int8)})
    found = {}
    for mode in ("ones", "zeros", "random"):
        tvmc(capsys, "run", "--fill-mode", mode, "-o", f"{mode}-filled.npz", str(archive))
        found[mode] = output_of(f"{mode}-filled.npz")
    for mode in ("ones", "zeros"):
        tvmc(capsys, "run", "-i", f"{mode}.npz", "-o", "out.npz", str(archive))
        assert output_of("out.npz") == found[mode]
    tvmc(capsys, "run", "--outputs", "again.npz", str(archive))
    assert output_of("again.npz") == found["random"]
    assert len(set(found.values())) == 3


def test_a_file_or_a_random_picture_where_the_input_is_a_jpeg(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [f"--pass-config=mcupatch.{pair}" for pair in ("stream_input=1", "input_format=jpeg")]
    tvmc(capsys, "compile", "net.tflite", "--pass", "mcupatch", *words, "-o", "jpeg.tar")
    photo = write_jpeg(random_picture((16, 16), ((1, 1),) * 3, 1))
    np.savez("photo.npz", x=np.frombuffer(photo, np.uint8))
    np.savez("pixels.npz", x=np.zeros((1, 16, 16, 3), np.int8))
    Path("photo.jpg").write_bytes(photo)
    tvmc(capsys, "run", "-i", "photo.npz", "-o", "out.npz", "jpeg.tar")
    run_cli(capsys, "run", "jpeg.tar", "--input", "photo.jpg", "--save", "same.npz")
    with np.load("same.npz") as same:
        assert same[same.files[0]].tobytes() == output_of("out.npz")
    assert "byte for byte" in tvmc(capsys, "run", "jpeg.tar")
    tvmc(capsys, "run", "-i", "pixels.npz", "jpeg.tar", status=2)
    tvmc(capsys, "run", "--fill-mode", "ones", "jpeg.tar", status=2)


def test_times_are_counts_and_tops_are_sorted(
    here: Path, archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = tvmc(capsys, "run", "--print-time", "--print-top", "3", "-o", "out.npz", str(archive))
    assert "instructions" in text and "by a model of the core, not measured" in text
    with np.load("out.npz") as found:
        best = np.sort(found["output_0"].reshape(-1))[::-1][:3]
    lines = text.splitlines()
    assert lines[0] == "output_0" and [int(line.split()[1]) for line in lines[1:4]] == best.tolist()


def test_what_fast_rounding_gives_up_is_told(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--pass", "mcupatch", "--pass-config", "mcupatch.fast_rounding=1")
    tvmc(capsys, "compile", *words, "zoo:mbv2_w0.35_r144@32")
    assert tvmc(capsys, "run", "module.tar").endswith(", as --fast-rounding allows\n")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--profile"], "mcupatch bench"),
        (["--repeat", "5"], "exact"),
        (["--number", "5"], "exact"),
        (["--end-to-end"], "copied"),
        (["--rpc-tracker", "localhost:9090"], "RPC"),
        (["--device", "cuda"], "cuda"),
        (["--list-options"], "tvmc run --help"),
        (["--fill-mode", "twos"], "twos"),
        (["--print-top", "0"], "0"),
        (["--inputs", "absent.npz"], "absent.npz"),
        (["--outputs", "absent/out.npz"], "absent"),
        (["--inputs", "other.npz"], "'y'"),
        (["--inputs", "small.npz"], "has shape"),
        (["--device", "micro", "--on", "host"], "the project says"),
        (["--device", "micro"], "tvmc micro create"),
    ],
)
def test_refused_in_a_sentence(
    words: list[str], says: str, here: Path, archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.savez("other.npz", y=np.ones(3, np.int8))
    np.savez("small.npz", x=np.ones(3, np.int8))
    before = sorted(here.iterdir())
    text = tvmc(capsys, "run", *words, str(archive), status=2)
    assert says in text and "Traceback" not in text
    assert sorted(here.iterdir()) == before


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--tuner", "xgb"], "one way"),
        (["--enable-autoscheduler"], "AutoScheduler"),
        (["--rpc-key", "m7"], "emulated"),
        (["--min-repeat-ms", "100"], "counted"),
        (["--target", "llvm"], "stages as C"),
        (["--trials", "0"], "0"),
    ],
)
def test_tuning_refuses_what_it_does_not_know(
    words: list[str], says: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert says in tvmc(capsys, "tune", "net.tflite", "-o", "records.json", *words, status=2)
    assert "--output" in tvmc(capsys, "tune", "net.tflite", status=2)


def test_tuning_is_that_of_mcupatch(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[dict[str, object]] = []

    def note(**values: object) -> int:
        seen.append(values)
        return 130

    monkeypatch.setattr(tune_command.command, "callback", note)
    words = ("--board", "stm32f412", "--trials", "7", "-o", "found.jsonl")
    assert run_command_line(["tune", "net.tflite", *words]) == 130
    (values,) = seen
    assert (values["model"], values["trials"], values["database"]) == ("net.tflite", 7, "found.jsonl")


def test_it_is_a_module_too(here: Path, archive: Path) -> None:
    """Where another tvmc comes first on the PATH."""
    command = [sys.executable, "-m", "mcupatch.tvmc"]
    done = subprocess.run([*command, "--version"], capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.startswith("tvmc of mcupatch ")
    done = subprocess.run([*command, "run", "absent.tar"], capture_output=True, text=True)
    assert done.returncode == 2 and "absent.tar" in done.stderr and "Traceback" not in done.stderr
