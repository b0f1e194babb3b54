"""What went wrong in the emulator, as a sentence that names what overflowed."""

from __future__ import annotations

from dataclasses import dataclass

from mcupatch.errors import EmulationFault
from mcupatch.firmware.bare_metal import Firmware

# An access this far below the RAM is a stack that ran over, not a pointer gone astray.
_STACK_REACH = 1 << 20


@dataclass(frozen=True)
class Access:
    """``kind`` is "read", "write" or "fetch"; ``size`` bytes at ``address``, by the instruction at ``pc``."""

    kind: str
    address: int
    size: int
    pc: int


def explain_access(firmware: Firmware, access: Access) -> EmulationFault:
    """The error for an access outside of what the firmware owns."""
    function = firmware.elf.function_at(access.pc & ~1)
    where = f"in {function} " if function else ""
    return EmulationFault(
        f"{_name_overflow(firmware, access)} {where}(pc {access.pc:#010x}, {access.kind} of {access.size} bytes at "
        f"{access.address:#010x}) on {firmware.board.name}."
    )


def _name_overflow(firmware: Firmware, access: Access) -> str:
    board, sizes = firmware.board, firmware.sizes
    ram, flash = board.main_ram, board.main_flash
    if ram.base - _STACK_REACH <= access.address < ram.base:
        return f"The stack overflowed its reserve ({sizes.stack} bytes)"
    if access.kind == "fetch":
        return "The program jumped to where there is no code"
    if access.kind == "write" and flash.base <= access.address < flash.stop:
        return "The program wrote to flash"
    for pool in firmware.pools:
        start = firmware.elf.address(pool.symbol)
        beyond = access.address + access.size - (start + pool.nbytes)
        memory = next(m for m in firmware.rams if m.base <= start <= m.stop)
        if beyond > 0 and start <= access.address < memory.stop + _STACK_REACH:
            return f"The program passed the end of {pool.title.replace('the', 'its', 1)} ({pool.nbytes} bytes) by {beyond}"
    if any(m.base <= access.address < m.stop for m in firmware.rams):
        return "The program wrote to RAM that belongs neither to stack, data nor arena"
    return "The program left the board's memories"
