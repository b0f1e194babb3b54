"""How the program ends: every way is an exit status, and none is a traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

from mcupatch.cli import boards_command
from mcupatch.cli.main import COMMANDS, run_command_line
from mcupatch.errors import EmulationFault

PROGRAM = [sys.executable, "-c", "from mcupatch.cli.main import main; main()"]


def fail_with(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Make ``mcupatch boards`` raise ``error``."""

    @click.command()
    def broken() -> None:
        raise error

    monkeypatch.setattr(boards_command, "command", broken)


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (EmulationFault("the stack overflowed"), 2, "the stack overflowed"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (click.Abort(), 130, "interrupted"),
        (MemoryError("Unable to allocate 96.0 GiB"), 2, "not enough memory on this computer: Unable"),
        (ZeroDivisionError("division by zero"), 1, "defect of mcupatch"),
        (
            OSError(28, "No space left on device", "/tmp/x.c"),
            2,
            "cannot use '/tmp/x.c': No space left on device",
        ),
        (PermissionError(13, "Permission denied"), 2, "cannot read or write a file: Permission denied"),
        (ModuleNotFoundError("no unicorn", name="unicorn.arm_const"), 2, "pip install unicorn"),
        (ModuleNotFoundError("no PIL", name="PIL"), 2, "pip install pillow"),
        (ModuleNotFoundError("gone", name="mcupatch.gone"), 1, "defect of mcupatch"),
    ],
)
def test_errors_become_statuses(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    status: int,
    words: str,
) -> None:
    fail_with(monkeypatch, error)
    assert run_command_line(["boards"]) == status
    shown = capsys.readouterr()
    assert shown.out == "" and words in shown.err and "Traceback" not in shown.err


def test_debug_shows_the_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fail_with(monkeypatch, ZeroDivisionError("division by zero"))
    assert run_command_line(["--debug", "boards"]) == 1
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(capsys: pytest.CaptureFixture[str], command: str) -> None:
    assert run_command_line([command, "--help"]) == 0
    text = capsys.readouterr().out
    assert text.startswith(f"Usage: mcupatch {command}")
    assert max(map(len, text.splitlines())) <= 80


def test_help_version_and_lists(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command_line(["--version"]) == 0
    assert run_command_line([]) in (0, 2)
    assert run_command_line(["zoo"]) == 0
    assert run_command_line(["boards"]) == 0
    text = capsys.readouterr().out
    assert "mbv2_w0.35_r144" in text and "stm32f412" in text
    assert max(len(line) for line in text.splitlines() if "stm32" in line) <= 80


def test_a_reader_that_leaves_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as output:
        done = subprocess.run([*PROGRAM, "boards"], stdout=output, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 141
    assert done.stderr == ""


def test_heavy_packages_are_not_loaded_for_help() -> None:
    code = "import sys, mcupatch.cli.main as m; m.run_command_line(['--help']); print(sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for package in ("tvm", "onnx", "unicorn", "numpy"):
        assert f"'{package}'" not in done.stdout


@pytest.mark.parametrize(("stop", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_compilation_leaves_nothing(tmp_path: Path, stop: signal.Signals, status: int) -> None:
    """The signal comes while the output directory is being filled."""
    code = (
        "import os, signal, sys, mcupatch.saved as saved\n"
        "from mcupatch.cli.main import main\n"
        f"saved.describe_model = lambda c: os.kill(os.getpid(), {int(stop)})\n"
        "main(['compile', 'zoo:mbv2_w0.35_r144@32', '-o', 'out'])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_closed_streams_are_no_error() -> None:
    command = 'exec "$@" >&- 2>&- <&-'
    done = subprocess.run(["sh", "-c", command, "sh", *PROGRAM, "boards"], timeout=60)
    assert done.returncode == 0
