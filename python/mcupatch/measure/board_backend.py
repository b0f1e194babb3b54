"""Runs an exported STM32 project on a board, through a debug probe, and reads what it measured of itself."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Sequence
from pathlib import Path

from mcupatch.emit.csources import Port
from mcupatch.errors import BoardFault, EmulationFault
from mcupatch.firmware.stm32_image import build_stm32_image
from mcupatch.firmware.toolchain import Toolchain
from mcupatch.measure.measurement import Measurement
from mcupatch.measure.openocd_probe import COMMAND, run_with_openocd
from mcupatch.measure.pyocd_probe import run_with_pyocd
from mcupatch.measure.text_report import TextReport, read_report
from mcupatch.target.board import Board
from mcupatch.target.stm32 import find_chip

PROBES = ("openocd", "pyocd")
_CLOCK_STEPS = "board/chip.c in what `mcupatch export --stm32` writes has the steps"


def run_on_board(
    project: Path,
    outputs: Sequence[Port],
    board: Board,
    toolchain: Toolchain,
    probe: str,
    timeout_seconds: float,
) -> Measurement:
    """Build ``project``, flash it and run its example. ``board`` is the whole one, with all of its memories.

    Raises BadInput for a board that is no known STM32, ToolMissing without the probe's program, Infeasible where the
    image is too large, BoardFault where anything of the board fails.
    """
    chip = find_chip(board.name)
    image = build_stm32_image(project, toolchain)
    if probe == "pyocd":
        said = run_with_pyocd(image, chip, board.flash_bytes, timeout_seconds)
    else:
        said = run_with_openocd(project, image, chip, board.flash_bytes, timeout_seconds)
    try:
        report = read_report(said, outputs)
    except EmulationFault as error:
        raise BoardFault(str(error)) from error
    return _measurement(report, board)


def choose_probe(asked: str | None) -> str:
    """The probe's program: the one asked for, else what is installed, OpenOCD first."""
    if asked is not None:
        return asked
    return "pyocd" if shutil.which(COMMAND) is None and importlib.util.find_spec("pyocd") else "openocd"


def _measurement(report: TextReport, board: Board) -> Measurement:
    numbers = report.numbers
    if (step := numbers.get("clock_step_failed")) is not None:
        raise BoardFault(f"The clock of {board.name} did not start: step {step} failed; {_CLOCK_STEPS}.")
    if "fault_status" in numbers:
        if numbers["fault_pc"] == 0:
            raise BoardFault("The stack overflowed its reserve.")
        place, status, address = (numbers[f"fault_{name}"] for name in ("pc", "status", "address"))
        raise BoardFault(
            f"The program faulted at {place:#010x}: fault status {status:#010x}, address {address:#010x}."
        )
    if report.status != 0:
        raise BoardFault(f"The network returned the error {numbers.get('status', report.status)}.")
    if not {"cycles", "cycles_per_second", "stack"} <= numbers.keys():
        raise BoardFault("The program printed no whole report: cycles or stack are missing.")
    return Measurement(
        backend="board",
        cpu=board.cpu,
        outputs=report.outputs,
        stack_bytes=numbers["stack"],
        cycles=numbers["cycles"] + (numbers.get("cycles_high", 0) << 32),
        clock_hz=numbers["cycles_per_second"],
    )
