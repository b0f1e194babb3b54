"""Flashes an image and hears its report through pyOCD: semihosting, the two calls that the program makes."""

from __future__ import annotations

import io
import time
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from mcupatch.errors import BoardFault, ToolMissing
from mcupatch.measure.openocd_probe import small_flash, wrong_chip
from mcupatch.target.stm32 import Stm32

_BREAKPOINT = 0xBEAB  # bkpt 0xAB, a semihosting call
_WRITE0, _EXIT = 0x04, 0x18
_LONGEST_TEXT = 4096
_CHUNK = 64
_POLL_SECONDS = 0.002


def run_with_pyocd(image: Path, chip: Stm32, flash_bytes: int, timeout_seconds: float) -> str:
    """What the program printed. ``flash_bytes`` is what its board has.

    Raises ToolMissing without pyOCD, BoardFault for every way in which probe, chip or program fail.
    """
    try:
        from pyocd.core.exceptions import Error
        from pyocd.core.helpers import ConnectHelper
        from pyocd.flash.file_programmer import FileProgrammer
    except ImportError as error:
        raise ToolMissing(
            "pyOCD is not installed. Install it with `pip install mcupatch[pyocd]`, or use --probe openocd."
        ) from error
    step = "connected"
    try:
        with redirect_stdout(io.StringIO()):  # it prints there that it finds no probe
            session = ConnectHelper.session_with_chosen_probe(
                blocking=False, return_first=True, options={"target_override": chip.pyocd}
            )
        if session is None:
            raise BoardFault("No debug probe was found: is the board plugged in, and may you use it?")
        with session:
            target = session.board.target
            target.reset_and_halt()
            _check_chip(target, chip, flash_bytes)
            step = "flashed"
            FileProgrammer(session, progress=lambda share: None).program(str(image), file_format="elf")
            target.reset_and_halt()
            step = "run"
            return _serve(target, timeout_seconds)
    except (Error, OSError) as error:
        # PyUSB's errors of a cable that was pulled are OSErrors.
        raise BoardFault(_explain(step, chip, f"{type(error).__name__}: {error}")) from error


def _explain(step: str, chip: Stm32, said: str) -> str:
    if step == "run":
        return f"The probe or the board was lost while the network ran: is the cable plugged in? pyOCD said: {said}"
    hint = f" `pyocd pack install {chip.pyocd}` teaches pyOCD this chip." if "not recognized" in said else ""
    return f"The board could not be {step}. pyOCD said: {said}.{hint}"


def _check_chip(target: Any, chip: Stm32, flash_bytes: int) -> None:
    device_id = target.read32(chip.id_address) & 0xFFF
    if device_id != chip.device_id:
        raise BoardFault(wrong_chip(device_id, chip))
    kib = target.read16(chip.flash_size_address)
    if kib * 1024 < flash_bytes:
        raise BoardFault(small_flash(kib, chip, flash_bytes))


def _serve(target: Any, timeout_seconds: float) -> str:
    """Let the program run, and do what it asks, until it ends."""
    said: list[str] = []
    stop = time.monotonic() + timeout_seconds
    target.resume()
    while time.monotonic() < stop:
        if not target.is_halted():
            time.sleep(_POLL_SECONDS)
            continue
        pc = target.read_core_register("pc")
        if target.read16(pc) != _BREAKPOINT:
            raise BoardFault(f"The program stopped at {pc:#010x} before its report was whole.")
        operation = target.read_core_register("r0")
        if operation == _EXIT:
            return "".join(said)
        if operation == _WRITE0:
            said.append(_read_text(target, target.read_core_register("r1")))
        target.write_core_register("pc", pc + 2)
        target.resume()
    target.halt()
    raise BoardFault(f"The network did not end within {timeout_seconds:g} s. --timeout gives it longer.")


def _read_text(target: Any, address: int) -> str:
    data = b""
    while b"\0" not in data and len(data) < _LONGEST_TEXT:
        data += bytes(target.read_memory_block8(address + len(data), _CHUNK - address % _CHUNK))
    return data.partition(b"\0")[0].decode("ascii", "replace")
