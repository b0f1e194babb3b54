"""Boots a Zephyr application in QEMU and reads what it prints."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mcupatch.emit.csources import Port
from mcupatch.errors import BadInput, EmulationFault, ToolMissing
from mcupatch.measure.measurement import Measurement
from mcupatch.measure.text_report import last_lines, read_report
from mcupatch.measure.zephyr_build import ZephyrTree, build_application

QEMU = "qemu-system-arm"
DEFAULT_BOARD = "mps2/an385"
_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class _Emulated:
    """QEMU's name of a board's machine, and its core."""

    machine: str
    cpu: str


# By Zephyr's name of the board, / as _. Zephyr itself starts some of them in another emulator, or in none.
_EMULATED = {
    "qemu_cortex_m3": _Emulated("lm3s6965evb", "cortex-m3"),
    "mps2_an385": _Emulated("mps2-an385", "cortex-m3"),
    "mps2_an386": _Emulated("mps2-an386", "cortex-m4"),
    "mps2_an500": _Emulated("mps2-an500", "cortex-m7"),
    "mps3_an547": _Emulated("mps3-an547", "cortex-m55"),
    "mps3_corstone300_an547": _Emulated("mps3-an547", "cortex-m55"),
}


def run_on_zephyr(
    tree: ZephyrTree, application: Path, outputs: Sequence[Port], board: str, timeout_seconds: float
) -> Measurement:
    """Build an exported ``application`` and run its example in QEMU; build and run may each take ``timeout_seconds``.

    Raises BadInput for a board without a machine in QEMU or an application that cannot be built, ToolMissing, and
    EmulationFault where it faults, hangs or ends early.
    """
    emulated = _EMULATED.get(board.replace("/", "_"))
    if emulated is None:
        raise BadInput(
            f"Zephyr's board {board!r} does not run in QEMU here; known are {', '.join(sorted(_EMULATED))}. "
            "For another one: mcupatch export --zephyr, west build, west flash"
        )
    qemu = shutil.which(QEMU)
    if qemu is None:
        raise ToolMissing(
            f"{QEMU} is not installed (Debian, Ubuntu, Fedora and Arch: the package qemu-system-arm)"
        )
    with tempfile.TemporaryDirectory(prefix="mcupatch-zephyr-") as folder:
        elf = build_application(tree, application, Path(folder) / "build", board, timeout_seconds)
        said = _boot([qemu, *_arguments(emulated, elf)], Path(folder) / "said", timeout_seconds)
    return parse_report(said, outputs, emulated.cpu)


def _arguments(emulated: _Emulated, elf: Path) -> list[str]:
    return [
        *("-machine", emulated.machine, "-cpu", emulated.cpu, "-kernel", str(elf)),
        *("-display", "none", "-monitor", "none", "-serial", "stdio", "-net", "none"),
        *("-icount", "shift=0"),  # virtual time goes by instructions: the same cycles every time
    ]


def _boot(command: Sequence[str], said: Path, timeout_seconds: float) -> str:
    """What the application prints, to its last line. It does not leave QEMU by itself."""
    stop = time.monotonic() + timeout_seconds
    with (
        said.open("wb") as file,
        subprocess.Popen(
            list(command), stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT
        ) as qemu,
    ):
        try:
            while True:
                ended = qemu.poll() is not None
                text = said.read_text(errors="replace")
                if re.search(r"^mcupatch end -?\d+\s*$", text, re.MULTILINE):
                    return text
                if "ZEPHYR FATAL ERROR" in text:
                    raise EmulationFault(f"The application failed in QEMU:\n{last_lines(text)}")
                if ended:
                    raise EmulationFault(
                        f"QEMU ended before the application did. It said:\n{last_lines(text)}"
                    )
                if time.monotonic() > stop:
                    raise EmulationFault(
                        f"The application did not end in QEMU within {timeout_seconds:g} s. --timeout gives it longer."
                    )
                time.sleep(_POLL_SECONDS)
        finally:
            qemu.kill()


def parse_report(said: str, outputs: Sequence[Port], cpu: str) -> Measurement:
    """The figures and outputs in what an exported application printed. Raises EmulationFault where they are not there."""
    report = read_report(said, outputs)
    if not {"cycles", "stack"} <= report.numbers.keys():
        raise EmulationFault(f"The application printed no whole report:\n{last_lines(said)}")
    if report.status != 0:
        raise EmulationFault(f"The network returned {report.status}.")
    numbers = report.numbers
    return Measurement(
        "zephyr", cpu, report.outputs, stack_bytes=numbers["stack"], timer_cycles=numbers["cycles"]
    )
