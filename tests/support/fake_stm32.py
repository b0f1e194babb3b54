"""A chip behind a debug probe: Unicorn runs the flashed image, with registers that answer as the reference manuals say.

Only what the start-up code waits for is there: a bit that is switched on is reported as on. All other registers are memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from unicorn import UC_ARCH_ARM, UC_HOOK_INTR, UC_HOOK_MEM_READ, UC_MODE_MCLASS, UC_MODE_THUMB, Uc
from unicorn.arm_const import (
    UC_ARM_REG_C1_C0_2,
    UC_ARM_REG_FPEXC,
    UC_ARM_REG_PC,
    UC_ARM_REG_R0,
    UC_ARM_REG_R1,
    UC_ARM_REG_SP,
    UC_CPU_ARM_CORTEX_M4,
    UC_CPU_ARM_CORTEX_M7,
)

from mcupatch.firmware.elf import read_elf
from mcupatch.target.board import load_board
from mcupatch.target.stm32 import find_chip

CYCLES = 123_456  # between two readings of the cycle counter
_CYCCNT = 0xE000_1004
_MIB = 1 << 20
_REGISTERS = {"pc": UC_ARM_REG_PC, "r0": UC_ARM_REG_R0, "r1": UC_ARM_REG_R1}
# Of each register that is waited for: the register that switches it on, that one's mask, and the bits that then are set.
Answers = Mapping[int, tuple[int, int, int]]
_F_PLL = {0x4002_3800: (0x4002_3800, 1 << 24, 1 << 25), 0x4002_3808: (0x4002_3808, 3, 2 << 2)}
ANSWERS: Mapping[str, Answers] = {
    "f4": _F_PLL | {0x4000_7004: (0x4002_3800, 1 << 24, 1 << 14)},
    "f7": _F_PLL | {0x4000_7004: (0x4000_7000, 1 << 16, 3 << 16)},
    "h7": {
        0x5802_4804: (0x5802_480C, 1 << 1, 1 << 13),
        0x5802_4818: (0x5802_4818, 3 << 14, 1 << 13),
        0x5802_4400: (0x5802_4400, 1 << 24, 1 << 25),
        0x5802_4410: (0x5802_4410, 7, 3 << 3),
    },
}


class FakeStm32:
    """The ``target`` of pyOCD's sessions, as far as it is used. ``revision`` is the upper half of the device's id."""

    def __init__(self, board: str, revision: int = 0x2003) -> None:
        self.board, self.chip = load_board(board), find_chip(board)
        self.engine = Uc(UC_ARCH_ARM, UC_MODE_THUMB | UC_MODE_MCLASS)
        is_m4 = self.board.cpu == "cortex-m4"
        self.engine.ctl_set_cpu_model(UC_CPU_ARM_CORTEX_M4 if is_m4 else UC_CPU_ARM_CORTEX_M7)
        for memory in self.board.memories:
            self.engine.mem_map(memory.base, -(-memory.size // 4096) * 4096)
        for base in (
            0x1FF0_0000,
            0x4000_0000,
            0x5000_0000,
            0x5200_0000,
            0x5800_0000,
            0x5C00_0000,
            0xE000_0000,
        ):
            self.engine.mem_map(base, _MIB)
        self.write32(self.chip.id_address, revision << 16 | self.chip.device_id)
        self.engine.mem_write(
            self.chip.flash_size_address, (self.board.flash_bytes // 1024).to_bytes(2, "little")
        )
        self.cycles = 0
        self.running = False
        self.engine.hook_add(UC_HOOK_INTR, lambda engine, number, user: engine.emu_stop())
        for address in (*ANSWERS[self.chip.family], _CYCCNT):
            self.engine.hook_add(UC_HOOK_MEM_READ, self._answer, begin=address, end=address + 3)

    def _answer(self, engine: Uc, kind: int, address: int, size: int, value: int, user: object) -> None:
        if address == _CYCCNT:
            self.write32(address, self.cycles)
            self.cycles += CYCLES
            return
        switch, mask, bits = ANSWERS[self.chip.family][address]
        if self.read32(switch) & mask:
            self.write32(address, self.read32(address) | bits)

    def flash(self, image: Path) -> None:
        for segment in read_elf(image).segments:
            self.engine.mem_write(segment.address, segment.data)

    def reset_and_halt(self) -> None:
        self.running = False
        table = self.board.main_flash.base
        self.engine.reg_write(UC_ARM_REG_SP, self.read32(table))
        self.engine.reg_write(UC_ARM_REG_PC, self.read32(table + 4))
        access = self.engine.reg_read(UC_ARM_REG_C1_C0_2)
        self.engine.reg_write(UC_ARM_REG_C1_C0_2, access | 0xF << 20)
        self.engine.reg_write(UC_ARM_REG_FPEXC, 1 << 30)

    def resume(self) -> None:
        """Runs to the next breakpoint at once."""
        self.engine.emu_start(self.engine.reg_read(UC_ARM_REG_PC) | 1, 0xFFFF_FFFE)

    def halt(self) -> None:
        self.running = False

    def is_halted(self) -> bool:
        return not self.running

    def read_core_register(self, name: str) -> int:
        return int(self.engine.reg_read(_REGISTERS[name]))

    def write_core_register(self, name: str, value: int) -> None:
        self.engine.reg_write(_REGISTERS[name], value | (name == "pc"))

    def read_memory_block8(self, address: int, size: int) -> list[int]:
        return list(self.engine.mem_read(address, size))

    def read16(self, address: int) -> int:
        return int.from_bytes(self.engine.mem_read(address, 2), "little")

    def read32(self, address: int) -> int:
        return int.from_bytes(self.engine.mem_read(address, 4), "little")

    def write32(self, address: int, value: int) -> None:
        self.engine.mem_write(address, value.to_bytes(4, "little"))
