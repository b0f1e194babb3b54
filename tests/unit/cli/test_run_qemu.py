"""``mcupatch run --on qemu``: a small model, whole, in tiles and streamed; and what it says where it cannot."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from mcupatch.cli.main import run_command_line
from tests.support.odd_models import small_model
from tests.support.qemu import needs_qemu


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.tflite").write_bytes(small_model())
    return tmp_path


def run_cli(*arguments: str, status: int = 0) -> None:
    assert run_command_line(list(arguments)) == status


@needs_qemu
@pytest.mark.parametrize("board", ["stm32f412", "stm32f746", "mps3-an547"])
@pytest.mark.parametrize("options", [["--grid", "2x2", "--ops", "2"], ["--stream-input"]])
def test_figures_are_those_of_the_emulated_chip(
    board: str, options: list[str], here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_cli("compile", "net.tflite", "--board", board, *options, "-o", "out")
    capsys.readouterr()
    run_cli("run", "out", "--on", "qemu", "--json", "-")
    qemu = json.loads(capsys.readouterr().out)["measured"]
    assert (qemu["backend"], qemu["matches_reference"], qemu["cycles_model"]) == ("qemu", True, None)
    assert json.loads((here / "out" / "mcupatch.json").read_text())["measured"] == qemu
    if board == "mps3-an547":
        run_cli("run", "out", status=2)
        assert "has no cortex-m55" in capsys.readouterr().err
        return
    run_cli("run", "out", "--json", "-")
    unicorn = json.loads(capsys.readouterr().out)["measured"]
    assert abs(qemu["instructions"] - unicorn["instructions"]) <= 8
    same = ("cpu", "arena_touched_bytes", "pools_touched_bytes", "stack_bytes", "sram_bytes", "flash_bytes")
    assert {key: qemu[key] for key in same} == {key: unicorn[key] for key in same}


@needs_qemu
def test_a_divided_arena(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_cli("compile", "net.tflite", "--board", "stm32h743", "--memories", "axi_sram=5KiB,dtcm", "-o", "out")
    run_cli("run", "out", "--on", "qemu")
    assert "byte for byte" in capsys.readouterr().out
    assert len(json.loads((here / "out" / "mcupatch.json").read_text())["memory"]["pools"]) == 2


def test_without_qemu(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run_cli("compile", "net.tflite", "-o", "out")
    monkeypatch.setattr(shutil, "which", lambda name: None)
    run_cli("run", "out", "--on", "qemu", status=2)
    shown = capsys.readouterr().err
    assert shown.startswith("mcupatch: qemu-system-arm is not installed") and "Homebrew: qemu" in shown
