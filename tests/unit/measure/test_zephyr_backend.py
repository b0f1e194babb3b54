"""``mcupatch run --on zephyr`` without Zephyr: every way that west and QEMU can end, by programs in their place."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from mcupatch.cli.main import run_command_line
from mcupatch.emit.csources import Port
from mcupatch.errors import BadInput, EmulationFault, ToolMissing
from mcupatch.ir.tensor import Tensor
from mcupatch.measure.zephyr_backend import parse_report, run_on_zephyr
from mcupatch.measure.zephyr_build import ZephyrTree, find_zephyr

OUTPUTS = (Port("y", Tensor("y", (1, 3), "int8"), 0),)
REPORT = (
    "mcupatch begin net\ncycles 12\ncycles_per_second 25\nstack 640\n"
    "output 0 00000000 ff0305\nbest 0 2\nequal yes\nmcupatch end 0\n"
)
PATIENT_SECONDS = 120.0  # for what ends by itself, however busy the machine
# west build -b BOARD -d BUILD APPLICATION
GOOD_WEST = 'test "$3" = mps2_an385 && mkdir -p "$5/zephyr" && touch "$5/zephyr/zephyr.elf"'


@pytest.fixture
def tree(tmp_path: Path) -> ZephyrTree:
    base = tmp_path / "zephyr"
    (base / "cmake").mkdir(parents=True)
    (base / "VERSION").write_text("VERSION_MAJOR = 3\nVERSION_MINOR = 4\nPATCHLEVEL = 0\n")
    return find_zephyr(str(base))


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of programs that comes first."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    return tmp_path / "bin"


def put_tool(tools: Path, name: str, script: str) -> None:
    (tools / name).write_text(f"#!/bin/sh\n{script}\n")
    (tools / name).chmod(0o755)


def run(tree: ZephyrTree, timeout_seconds: float = PATIENT_SECONDS) -> object:
    return run_on_zephyr(tree, tree.base, OUTPUTS, "mps2/an385", timeout_seconds)


def test_figures_are_read_back(tree: ZephyrTree, tools: Path) -> None:
    put_tool(tools, "west", GOOD_WEST)
    put_tool(tools, "qemu-system-arm", f"echo 'booting'\nprintf '{REPORT}'\nexec sleep 60")
    measured = run_on_zephyr(tree, tree.base, OUTPUTS, "mps2/an385", PATIENT_SECONDS)
    assert measured.outputs[0].tolist() == [[-1, 3, 5]] and measured.outputs[0].dtype == np.int8
    assert (measured.timer_cycles, measured.stack_bytes, measured.cpu) == (12, 640, "cortex-m3")


@pytest.mark.parametrize(
    ("west", "error", "words"),
    [
        ("exit 1", BadInput, "cannot build"),
        ("echo 'CMake Error: No board named mps2'; exit 1", BadInput, "No board named"),
        ("printf 'CMake Error at a.cmake:7 (message):\\n  no compiler\\n'; exit 1", BadInput, "no compiler"),
        ("echo built", BadInput, "cannot build"),
        ("exec sleep 60", EmulationFault, "not built within 0.5 s"),
    ],
)
def test_builds_that_fail(
    west: str, error: type[Exception], words: str, tree: ZephyrTree, tools: Path
) -> None:
    put_tool(tools, "west", west)
    put_tool(tools, "qemu-system-arm", "exit 0")
    with pytest.raises(error, match=words):
        run(tree, 0.5 if "sleep" in west else PATIENT_SECONDS)


@pytest.mark.parametrize(
    ("qemu", "words"),
    [
        ("exec sleep 60", "did not end in QEMU within 4 s"),
        ("echo 'mcupatch begin net'; while :; do echo again; sleep 0.1; done", "did not end"),
        ("echo 'cannot load the kernel'; exit 1", "cannot load the kernel"),
        ("echo 'E: >>> ZEPHYR FATAL ERROR 2: Stack overflow'; exec sleep 60", "Stack overflow"),
        (
            "printf 'mcupatch begin net\\ncycles 1\\nstack 1\\nmcupatch end -1\\n'; exec sleep 60",
            "returned -1",
        ),
        (f"printf '{REPORT.replace('stack 640', '')}'; exec sleep 60", "no whole report"),
    ],
)
def test_runs_that_fail(qemu: str, words: str, tree: ZephyrTree, tools: Path) -> None:
    put_tool(tools, "west", GOOD_WEST)
    put_tool(tools, "qemu-system-arm", qemu)
    with pytest.raises(EmulationFault, match=words):
        run(tree, 4.0 if words.startswith("did not end") else PATIENT_SECONDS)


@pytest.mark.parametrize(
    "output", ["", "output 0 00000000 ff03\n", "output 0 00000001 ff0305\n", "output 0 00000000 ff030\n"]
)
def test_outputs_that_are_not_whole(output: str) -> None:
    with pytest.raises(EmulationFault, match="not printed whole"):
        parse_report(REPORT.replace("output 0 00000000 ff0305\n", output), OUTPUTS, "cortex-m3")


def test_missing_tools(tree: ZephyrTree, tools: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tools))
    with pytest.raises(ToolMissing, match="qemu-system-arm"):
        run(tree)
    put_tool(tools, "qemu-system-arm", "exit 0")
    with pytest.raises(ToolMissing, match="pip install west"):
        run(tree)


def test_boards_that_are_not_emulated(tree: ZephyrTree) -> None:
    with pytest.raises(BadInput, match="nucleo_h743zi.*west flash"):
        run_on_zephyr(tree, tree.base, OUTPUTS, "nucleo_h743zi", 1.0)


def test_board_names_by_version(tree: ZephyrTree) -> None:
    assert tree.board_name("mps2/an385") == "mps2_an385"
    assert ZephyrTree(tree.base, (4, 1)).board_name("mps2/an385") == "mps2/an385"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--on", "zephyr"], "no Zephyr is named"),
        (["--on", "zephyr", "--zephyr-base", "."], "is no Zephyr tree"),
        (["--on", "zephyr", "--zephyr-base", "none"], "is no Zephyr tree"),
        (["--zephyr-board", "mps2/an385"], "go with --on zephyr"),
    ],
)
def test_bad_input(
    arguments: list[str],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ZEPHYR_BASE", raising=False)
    assert run_command_line(["run", "none", *arguments]) == 2
    assert words in capsys.readouterr().err
