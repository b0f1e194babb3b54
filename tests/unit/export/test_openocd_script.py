"""``openocd.cfg`` in OpenOCD itself, with commands in place of those that need a probe."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from mcupatch.export.project import SUPPORT
from mcupatch.firmware.templates import render_from
from mcupatch.target.board import load_board
from mcupatch.target.stm32 import CHIPS, Stm32

IMAGE = "/some where/net.elf"
STUBS = """
foreach name {mrw mrh} { if {[info commands $name] eq ""} { error "no $name" } }
foreach name {init reset flash verify_image arm wait_halt} { proc $name {args} "echo \\"call $name \\$args\\"" }
proc mrw {address} { return $::found_id }
proc mrh {address} { return $::found_kib }
"""
WRITES = f"call flash write_image erase {{{IMAGE}}}"


def run_script(chip: Stm32, device_id: int, kib: int, folder: Path) -> tuple[int, list[str]]:
    """Exit status and what was said, for a chip that answers so."""
    board = load_board(chip.board)
    text = render_from(
        SUPPORT, "stm32/openocd.cfg.j2", version="0", target="net", chip=chip, flash=board.main_flash
    )
    (folder / "openocd.cfg").write_text(text)
    (folder / "stubs.cfg").write_text(STUBS)
    command = f"set found_id {device_id}; set found_kib {kib}; mcupatch_run {{{IMAGE}}} 1500"
    done = subprocess.run(
        ["openocd", "-f", "openocd.cfg", "-f", "stubs.cfg", "-c", command],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60,
    )  # fmt: skip
    return done.returncode, done.stdout.splitlines()


@pytest.mark.skipif(shutil.which("openocd") is None, reason="openocd is not installed")
@pytest.mark.parametrize("chip", CHIPS, ids=lambda chip: chip.board)
def test_the_script_in_openocd(chip: Stm32, tmp_path: Path) -> None:
    kib = load_board(chip.board).flash_bytes // 1024
    status, said = run_script(chip, 0x1000_0000 | chip.device_id, kib, tmp_path)
    calls = [line for line in said if line.startswith(("call", "mcupatch flashed"))]
    assert (status, calls) == (
        0,
        [
            "call init ",
            "call reset halt",
            WRITES,
            f"call verify_image {{{IMAGE}}}",
            "mcupatch flashed",
            "call arm semihosting enable",
            "call reset run",
            "call wait_halt 1500",
        ],
    )
    status, said = run_script(chip, 0x1000_0413, kib, tmp_path)
    assert status == 1 and "mcupatch wrong_chip 0x413" in said and WRITES not in said
    status, said = run_script(chip, chip.device_id, kib - 1, tmp_path)
    assert status == 1 and f"mcupatch flash_kib {kib - 1}" in said and WRITES not in said
