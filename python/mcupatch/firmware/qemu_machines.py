"""The machines of QEMU, and how the memories of a board are laid onto one.

QEMU has no STM32 with an M7 or as much memory. It has Arm's FPGA boards, one for each core, with memory enough at other
addresses. A board's memories keep their names, their sizes and their neighbours there; only the addresses differ, so
that an image that links is one that the board holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mcupatch.emit.csources import WorkspacePool
from mcupatch.errors import BadInput, Infeasible
from mcupatch.target.board import Board, Memory
from mcupatch.target.sizes import format_size

# What an image has beside the board's firmware: the program that runs it and talks to the host, and its stack.
RUNNER_FLASH_BYTES = 4096
RUNNER_STACK_BYTES = 1024
_ALIGN = _GAP_BYTES = 1024  # memories that touched would be one


@dataclass(frozen=True)
class QemuMachine:
    """``flash`` begins at the core's reset vector; nothing lies right below ``rams``. Streamed images lie in ``camera``.

    The counter of the header ``timer`` counts ``ticks_hz``, with one instruction every 2**``shift`` ns.
    """

    name: str
    cpu: str
    flash: Memory
    rams: tuple[Memory, ...]
    camera: Memory
    timer: str
    ticks_hz: int
    shift: int = 6

    def instructions(self, ticks: int) -> int:
        period = self.ticks_hz << self.shift  # of an instruction, in ticks / 10**9
        return (ticks * 10**9 + period // 2) // period


_MIB = 1 << 20
_CODE = Memory("flash", "flash", 0, 4 * _MIB)
_DATA = Memory("ram", "ram", 0x2000_0000, 4 * _MIB)

MACHINES = (
    QemuMachine(
        "mps2-an386",
        "cortex-m4",
        _CODE,
        (_DATA, Memory("psram", "ram", 0x2100_0000, 8 * _MIB)),
        Memory("camera", "ram", 0x2180_0000, 8 * _MIB),
        "timer_cmsdk.h",
        25_000_000,
    ),
    QemuMachine(
        "mps2-an500",
        "cortex-m7",
        _CODE,
        (_DATA, Memory("psram", "ram", 0x6000_0000, 8 * _MIB)),
        Memory("camera", "ram", 0x6080_0000, 8 * _MIB),
        "timer_cmsdk.h",
        25_000_000,
    ),
    QemuMachine(
        "mps3-an547",
        "cortex-m55",
        Memory("itcm", "flash", 0, 512 * 1024),
        (Memory("dtcm", "ram", 0x2000_0000, 512 * 1024), Memory("sram", "ram", 0x2100_0000, 4 * _MIB)),
        Memory("ddr", "ram", 0x6000_0000, 16 * _MIB),
        "timer_sse300.h",
        32_000_000,
    ),
)


def find_machine(cpu: str) -> QemuMachine:
    """The machine with this core. Raises BadInput where QEMU has none."""
    for machine in MACHINES:
        if machine.cpu == cpu:
            return machine
    raise BadInput(f"No machine of QEMU for the core {cpu} is known.")


def stand_in(board: Board, pools: Sequence[WorkspacePool], machine: QemuMachine) -> Board:
    """``board`` at the addresses of ``machine``, with as much more as the runner needs.

    Only memories that the firmware uses are there: the flash, the main RAM and those of ``pools``. Raises Infeasible
    where the machine cannot hold them.
    """
    flash = board.main_flash
    flash_bytes = min(flash.size + RUNNER_FLASH_BYTES, machine.flash.size)
    memories = [Memory(flash.name, "flash", machine.flash.base, flash_bytes)]
    starts = {ram.name: ram.base for ram in machine.rams}
    wanted = {board.main_ram.base, *(board.ram_named(pool.memory).base for pool in pools)}
    for run in board.ram_runs:
        if not any(run.base <= base < run.stop for base in wanted):
            continue
        room = next((r for r in machine.rams if starts[r.name] + run.size <= r.stop), None)
        if room is None:
            raise Infeasible(
                f"QEMU's {machine.name} has no room for {format_size(run.size)} of RAM ({run.name}) of {board.name}."
            )
        inside = sorted((m for m in board.memories if run.base <= m.base < run.stop), key=lambda m: m.base)
        moved = [replace(m, base=m.base - run.base + starts[room.name]) for m in inside]
        if run == board.main_ram:
            last = moved.pop()
            moved.append(replace(last, size=min(last.size + RUNNER_STACK_BYTES, room.stop - last.base)))
        memories += moved
        starts[room.name] = -(-moved[-1].stop // _ALIGN) * _ALIGN + _GAP_BYTES
    return replace(
        board,
        name=f"{board.name} as QEMU's {machine.name}",
        memories=tuple(memories),
        stack_bytes=board.stack_bytes + RUNNER_STACK_BYTES,
    )
