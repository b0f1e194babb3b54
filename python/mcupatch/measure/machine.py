"""An emulated chip: a Cortex-M core, the flash and the RAM that a firmware was linked for, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from unicorn import (
    UC_ARCH_ARM,
    UC_HOOK_MEM_INVALID,
    UC_MODE_MCLASS,
    UC_MODE_THUMB,
    UC_PROT_ALL,
    UC_PROT_EXEC,
    UC_PROT_READ,
    Uc,
    UcError,
    unicorn_const,
)
from unicorn.arm_const import (
    UC_ARM_REG_C1_C0_2,
    UC_ARM_REG_FPEXC,
    UC_ARM_REG_LR,
    UC_ARM_REG_PC,
    UC_ARM_REG_R0,
    UC_ARM_REG_SP,
    UC_CPU_ARM_CORTEX_M3,
    UC_CPU_ARM_CORTEX_M4,
    UC_CPU_ARM_CORTEX_M7,
)

from mcupatch.errors import BadInput, EmulationFault
from mcupatch.firmware.bare_metal import Firmware
from mcupatch.firmware.camera import CAMERA_BASE, camera_bytes
from mcupatch.measure.faults import Access, explain_access
from mcupatch.measure.instruction_starts import count_starts
from mcupatch.measure.probe import Probe
from mcupatch.measure.profile import Profile

CPU_MODELS = {
    "cortex-m3": UC_CPU_ARM_CORTEX_M3,
    "cortex-m4": UC_CPU_ARM_CORTEX_M4,
    "cortex-m7": UC_CPU_ARM_CORTEX_M7,
}
_PAGE = 4096
_WRITES = (
    unicorn_const.UC_MEM_WRITE,
    unicorn_const.UC_MEM_WRITE_UNMAPPED,
    unicorn_const.UC_MEM_WRITE_PROT,
)
_FETCHES = (unicorn_const.UC_MEM_FETCH, unicorn_const.UC_MEM_FETCH_UNMAPPED, unicorn_const.UC_MEM_FETCH_PROT)


def _round_up(size: int) -> int:
    return -(-size // _PAGE) * _PAGE


def _number_functions(firmware: Firmware) -> dict[int, int]:
    """The number of the operator, from 1 on, by the address of each function of it that was linked."""
    functions = {symbol.name: symbol.address for symbol in firmware.elf.symbols if symbol.is_function}
    return {
        functions[name]: number
        for number, names in enumerate(firmware.operators.values(), 1)
        for name in names
        if name in functions
    }


class Machine:
    """A firmware in the flash of a chip. Any access outside its flash and RAM faults, and so does a write to flash.

    Streamed inputs come from a camera: memory beside the chip, which can only be read.
    With ``writable`` each write is checked against these ranges, which finds the instruction that writes elsewhere
    and takes four times as long. Unicorn has neither interrupts nor a system control block, so ``power_up`` does
    what the reset handler would.
    """

    def __init__(
        self, firmware: Firmware, writable: Sequence[tuple[int, int]], instruction_limit: int
    ) -> None:
        self._firmware = firmware
        cpu = firmware.board.cpu
        if cpu not in CPU_MODELS:
            raise BadInput(f"The emulated chip (Unicorn) has no {cpu}; QEMU has: mcupatch run DIR --on qemu.")
        self._engine = Uc(UC_ARCH_ARM, UC_MODE_THUMB | UC_MODE_MCLASS)
        self._engine.ctl_set_cpu_model(CPU_MODELS[cpu])
        board = firmware.board
        flash = board.main_flash
        self._engine.mem_map(flash.base, _round_up(flash.size), UC_PROT_READ | UC_PROT_EXEC)
        for base, nbytes in self.rams:
            self._engine.mem_map(base, nbytes, UC_PROT_ALL)
        if images_bytes := camera_bytes(firmware.inputs):
            self._engine.mem_map(CAMERA_BASE, _round_up(images_bytes), UC_PROT_READ)
        for segment in firmware.elf.segments:
            self._engine.mem_write(segment.address, segment.data)
        image = firmware.elf.segments[0]
        self._code, self._base = image.data[: firmware.sizes.text], image.address
        starts = count_starts(firmware.elf, self._code, self._base)
        spans = _number_functions(firmware)
        self._probe = Probe(
            self._engine, self._base, starts, writable, instruction_limit, spans, len(firmware.operators)
        )
        self._invalid: Access | None = None
        self._engine.hook_add(UC_HOOK_MEM_INVALID, self._on_invalid)

    @property
    def rams(self) -> tuple[tuple[int, int], ...]:
        """Where the emulator holds RAM, and how much: whole pages, so up to a page more than the board has."""
        return tuple((memory.base, _round_up(memory.size)) for memory in self._firmware.rams)

    def power_up(self, garbage: int) -> None:
        """RAM full of the byte ``garbage``, then .data from its image and .bss zeroed; FPU on."""
        address = self._firmware.elf.address
        for base, nbytes in self.rams:
            self.write(base, bytes([garbage]) * nbytes)
        data_bytes = address("mcup_data_stop") - address("mcup_data_start")
        self.write(address("mcup_data_start"), self.read(address("mcup_data_image"), data_bytes))
        self.write(address("mcup_bss_start"), bytes(address("mcup_bss_stop") - address("mcup_bss_start")))
        access = self._engine.reg_read(UC_ARM_REG_C1_C0_2)
        self._engine.reg_write(UC_ARM_REG_C1_C0_2, access | 0xF << 20)
        self._engine.reg_write(UC_ARM_REG_FPEXC, 1 << 30)

    def read(self, address: int, size: int) -> bytes:
        return bytes(self._engine.mem_read(address, size))

    def write(self, address: int, data: bytes) -> None:
        self._engine.mem_write(address, data)

    def call(self, function: str) -> tuple[int, int]:
        """Call ``int32_t function(void)``: what it returned, and how many instructions it took.

        Raises EmulationFault where it faults, writes outside its ranges or does not end.
        """
        address = self._firmware.elf.address
        stop = address("mcup_stop")
        before = self._probe.instructions
        self._probe.begin_call()
        self._engine.reg_write(UC_ARM_REG_SP, address("mcup_stack_top"))
        self._engine.reg_write(UC_ARM_REG_LR, stop | 1)
        try:
            self._engine.emu_start(address(function) | 1, stop)
        except UcError as error:
            raise self._explain(str(error)) from error
        if self._engine.reg_read(UC_ARM_REG_PC) & ~1 != stop:
            raise self._explain("it stopped before its end")
        returned = int(np.int32(np.uint32(self._engine.reg_read(UC_ARM_REG_R0))))
        return returned, self._probe.instructions - before

    def read_profile(self) -> Profile:
        """What ran in the last call."""
        glue, *spans = self._probe.read_spans()
        return Profile(self._code, self._base, dict(zip(self._firmware.operators, spans)), glue)

    def _on_invalid(self, engine: Uc, kind: int, address: int, size: int, value: int, user: object) -> bool:
        name = "write" if kind in _WRITES else "fetch" if kind in _FETCHES else "read"
        self._invalid = Access(name, address, size, engine.reg_read(UC_ARM_REG_PC))
        return False

    def _explain(self, reason: str) -> EmulationFault:
        pc = self._engine.reg_read(UC_ARM_REG_PC)
        if self._invalid is not None:
            return explain_access(self._firmware, self._invalid)
        stray = self._probe.stray_write
        if stray is not None:
            return explain_access(self._firmware, Access("write", *stray, pc))
        function = self._firmware.elf.function_at(pc & ~1) or f"{pc:#010x}"
        if self._probe.over_limit:
            return EmulationFault(
                f"The program was stopped in {function} after {self._probe.instructions} instructions."
            )
        return EmulationFault(f"The program failed in {function}: {reason}.")
