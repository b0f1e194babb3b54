"""Flashes an image and hears its report through OpenOCD, with the script of the exported project (``openocd.cfg``)."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from mcupatch.errors import BoardFault, ToolMissing
from mcupatch.target.sizes import format_size
from mcupatch.target.stm32 import Stm32

COMMAND = "openocd"
_STARTING_SECONDS = 60.0  # to flash; the program itself has its own time
_NO_PROBE = re.compile(r"open failed|no device found|unable to open|unable to find", re.IGNORECASE)
_NO_TARGET = re.compile(r"init mode failed|unable to connect|target voltage|cannot read IDR", re.IGNORECASE)
_LOST = re.compile(
    r"LIBUSB_ERROR|polling target|jtag status|communication failure|DAP transaction", re.IGNORECASE
)
_ENDED = "mcupatch end"


def run_with_openocd(
    project: Path, image: Path, chip: Stm32, flash_bytes: int, timeout_seconds: float
) -> str:
    """What the program printed. ``flash_bytes`` is what its board has.

    Raises ToolMissing without OpenOCD, BoardFault for every way in which probe, chip or program fail.
    """
    command = shutil.which(COMMAND)
    if command is None:
        raise ToolMissing(
            "openocd is not installed (Debian, Ubuntu, Fedora, Arch and Homebrew: the package openocd). Install it, or "
            "use pyOCD: --probe pyocd."
        )
    wait = f"mcupatch_run {{{image}}} {round(timeout_seconds * 1000)}"
    try:
        done = subprocess.run(
            [command, "-f", str(project / "openocd.cfg"), "-c", wait],
            cwd=project,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=timeout_seconds + _STARTING_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise BoardFault(
            f"OpenOCD did not end within {timeout_seconds:g} s. --timeout gives it longer."
        ) from error
    if _ENDED not in done.stdout:
        raise BoardFault(explain_failure(done.stdout, done.returncode, chip, flash_bytes))
    return done.stdout


def explain_failure(said: str, status: int, chip: Stm32, flash_bytes: int) -> str:
    """The sentence for an OpenOCD that ended before the program did."""
    errors = [line for line in said.splitlines() if line.startswith("Error")]
    shown = f" OpenOCD said: {errors[-1]}" if errors else ""
    if found := re.search(r"mcupatch wrong_chip (0x[0-9a-f]+)", said):
        return wrong_chip(int(found[1], 16), chip)
    if found := re.search(r"mcupatch flash_kib (\d+)", said):
        return small_flash(int(found[1]), chip, flash_bytes)
    if "mcupatch flashed" in said:
        if _LOST.search(said):
            return f"The probe or the board was lost while the network ran: is the cable plugged in?{shown}"
        if "timed out" in said:
            return "The network did not end in time. --timeout gives it longer."
        return f"The program stopped before its report was whole.{shown}"
    if _NO_PROBE.search(said):
        return f"No debug probe was found: is the board plugged in, and may you use it?{shown}"
    if _LOST.search(said):
        return f"The probe or the board was lost while it was flashed.{shown}"
    if _NO_TARGET.search(said):
        return f"The probe finds no {chip.board}: is the board powered?{shown}"
    return f"The board could not be flashed (OpenOCD ended with status {status}).{shown}"


def wrong_chip(device_id: int, chip: Stm32) -> str:
    found, wanted = f"{device_id:#05x}", f"{chip.device_id:#05x}"
    return f"The chip is no {chip.board}: its device id is {found}, not {wanted}. Nothing was written."


def small_flash(kib: int, chip: Stm32, flash_bytes: int) -> str:
    return (
        f"The chip has {format_size(kib * 1024)} of flash, and {chip.board} is one with {format_size(flash_bytes)}. "
        "Nothing was written."
    )
