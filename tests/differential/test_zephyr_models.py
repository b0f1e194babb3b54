"""Networks under Zephyr, built with the Zephyr at $ZEPHYR_BASE and booted in QEMU."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from mcupatch.cli.main import run_command_line
from tests.architecture.imports import ROOT
from tests.support.odd_models import small_model
from tests.support.programs import run_program

pytestmark = [
    pytest.mark.skipif(not os.environ.get("ZEPHYR_BASE"), reason="ZEPHYR_BASE names no Zephyr"),
    pytest.mark.skipif(shutil.which("west") is None, reason="west is not installed"),
    pytest.mark.skipif(shutil.which("qemu-system-arm") is None, reason="QEMU is not installed"),
]


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("zephyr")
    (folder / "net.tflite").write_bytes(small_model())
    assert run_command_line(["compile", str(folder / "net.tflite"), "-o", str(folder / "net")]) == 0
    return folder / "net"


@pytest.mark.parametrize(("board", "cpu"), [("mps2/an385", "cortex-m3"), ("mps3/an547", "cortex-m55")])
def test_it_runs_in_qemu(board: str, cpu: str, compiled: Path) -> None:
    assert run_command_line(["run", str(compiled), "--on", "zephyr", "--zephyr-board", board]) == 0
    measured = json.loads((compiled / "mcupatch.json").read_text())["measured"]
    assert measured["backend"] == "zephyr" and measured["cpu"] == cpu and measured["matches_reference"]
    assert measured["timer_cycles"] > 0 and 0 < measured["stack_bytes"] < 4096


def test_it_builds_with_the_kernels_of_the_module(compiled: Path, tmp_path: Path) -> None:
    app = tmp_path / "app"
    assert run_command_line(["export", str(compiled), "--zephyr", str(app)]) == 0
    command = [
        "west",
        "build",
        "-b",
        "qemu_cortex_m3",
        "-d",
        str(tmp_path / "build"),
        "--cmake-only",
        str(app),
    ]
    module = [f"-DZEPHYR_EXTRA_MODULES={ROOT}", "-DCONFIG_MCUPATCH=y"]
    run_program(*command, "--", *module, cwd=Path(os.environ["ZEPHYR_BASE"]))
    build = (tmp_path / "build" / "build.ninja").read_text()
    assert "src/runtime/kernels/conv2d.c" in build and "app/src/kernels" not in build
