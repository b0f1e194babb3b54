"""Runs kernel blobs on an emulated Cortex-M: the driver alone in flash, blob, scratch and stack in RAM."""

from __future__ import annotations

from pathlib import Path

from elftools.elf.elffile import ELFFile
from unicorn import UC_ARCH_ARM, UC_HOOK_CODE, UC_MODE_MCLASS, UC_MODE_THUMB, Uc
from unicorn.arm_const import (
    UC_ARM_REG_C1_C0_2,
    UC_ARM_REG_FPEXC,
    UC_ARM_REG_LR,
    UC_ARM_REG_R0,
    UC_ARM_REG_R1,
    UC_ARM_REG_SP,
    UC_CPU_ARM_CORTEX_M3,
    UC_CPU_ARM_CORTEX_M4,
    UC_CPU_ARM_CORTEX_M7,
)

from mcupatch.firmware.kernel_objects import compile_kernels, compile_startup, include_dir
from mcupatch.firmware.toolchain import find_toolchain
from tests.support.kernels_host import DRIVER

FLASH, RAM, RAM_BYTES = 0x08000000, 0x20000000, 1 << 20
SPARE, STACK, RETURN = RAM + RAM_BYTES // 2, RAM + RAM_BYTES, 0x08F00000
MODELS = {
    "cortex-m3": UC_CPU_ARM_CORTEX_M3,
    "cortex-m4": UC_CPU_ARM_CORTEX_M4,
    "cortex-m7": UC_CPU_ARM_CORTEX_M7,
}
LINKER_SCRIPT = f"""
ENTRY(run_blob)
SECTIONS {{
  . = {FLASH:#x};
  .text : {{ KEEP(*(.text.run_blob)) *(.text* .rodata*) }}
  .data : {{ *(.data* .bss* COMMON) }}
  ASSERT(SIZEOF(.data) == 0, "kernels hold no state")
  /DISCARD/ : {{ *(.vectors*) *(.isr_vector*) *(.ARM.exidx*) *(.ARM.extab*) }}
}}
"""


class ChipKernels:
    """``instructions`` counts those of the last run if ``counting`` (slow: a call into Python for each)."""

    def __init__(self, folder: Path, cpu: str, toolchain: str = "zig", counting: bool = False) -> None:
        tools = find_toolchain(toolchain, cpu)
        script, program = folder / "kernels.ld", folder / "kernels.elf"
        script.write_text(LINKER_SCRIPT)
        objects = tools.compile_objects(DRIVER, folder, [include_dir()])
        library = [path for path in compile_startup(tools) if path.stem == "string"]
        tools.link(
            [*objects, *compile_kernels(tools), *library],
            program,
            ["-T", str(script), "-Wl,--entry=run_blob"],
        )
        with program.open("rb") as file:
            elf = ELFFile(file)
            self._segments = [
                (s["p_paddr"], s.data()) for s in elf.iter_segments() if s["p_type"] == "PT_LOAD"
            ]
            (symbol,) = elf.get_section_by_name(".symtab").get_symbol_by_name("run_blob")
            self._entry = symbol["st_value"] | 1
        self._model = MODELS[cpu]
        self._counting = counting
        self.instructions = 0

    def run(self, blob: bytes) -> bytes:
        chip = Uc(UC_ARCH_ARM, UC_MODE_THUMB | UC_MODE_MCLASS)
        chip.ctl_set_cpu_model(self._model)
        chip.mem_map(FLASH, 1 << 20)
        chip.mem_map(RAM, RAM_BYTES)
        for address, data in self._segments:
            chip.mem_write(address, data)
        chip.reg_write(UC_ARM_REG_C1_C0_2, chip.reg_read(UC_ARM_REG_C1_C0_2) | (0xF << 20))
        chip.reg_write(UC_ARM_REG_FPEXC, 0x40000000)
        chip.mem_write(RAM, blob)
        chip.reg_write(UC_ARM_REG_R0, RAM)
        chip.reg_write(UC_ARM_REG_R1, SPARE)
        chip.reg_write(UC_ARM_REG_SP, STACK)
        chip.reg_write(UC_ARM_REG_LR, RETURN | 1)
        self.instructions = 0
        if self._counting:
            chip.hook_add(UC_HOOK_CODE, self._count)
        chip.emu_start(self._entry, RETURN)
        assert chip.reg_read(UC_ARM_REG_R0) == 0, "a kernel wrote beyond its scratch"
        return bytes(chip.mem_read(RAM, len(blob)))

    def _count(self, *_: object) -> None:
        self.instructions += 1
