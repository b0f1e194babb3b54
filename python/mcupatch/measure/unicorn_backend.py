"""Runs a firmware on an emulated Cortex-M and measures it.

What a run writes shows in the RAM itself: it is filled with one byte, run, filled with another, and run again. A byte
that is not the fill in either run was written; one write cannot equal both fills. Twice a fast run is quicker than
once with a hook on every write, and a network that reads what it never wrote gives two different answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcupatch.errors import EmulationFault
from mcupatch.firmware.bare_metal import Firmware
from mcupatch.measure.machine import Machine
from mcupatch.measure.measurement import Measurement
from mcupatch.measure.port_data import decode_output, encode_inputs

INSTRUCTION_LIMIT = 100_000_000_000
_FILLS = (0xA5, 0x5A)


def run_on_unicorn(
    firmware: Firmware,
    input_sets: Sequence[Sequence[NDArray[np.generic]]],
    profile: bool = True,
    instruction_limit: int = INSTRUCTION_LIMIT,
) -> list[Measurement]:
    """Run the network once for each set of inputs, each time from freshly filled RAM.

    With ``profile`` it is run twice, and the RAM shows what was written: the touched arena, the stack's high-water
    mark, and any write in nobody's place. Without, those figures and ``sram_bytes`` are None. Raises BadInput for
    inputs that do not fit, EmulationFault where the firmware leaves its memories, reads what it never wrote,
    returns an error or runs for more than ``instruction_limit`` instructions in all.
    """
    machine = Machine(firmware, (), instruction_limit)
    measure = _measure_profiled if profile else _measure_once
    return [measure(firmware, machine, encode_inputs(firmware.inputs, inputs)) for inputs in input_sets]


@dataclass(frozen=True)
class _Run:
    instructions: int
    outputs: tuple[bytes, ...]


def _run(firmware: Firmware, machine: Machine, inputs: list[bytes], fill: int) -> _Run:
    arena = firmware.elf.address("mcup_arena")
    machine.power_up(fill)
    for address, data in zip(firmware.input_addresses, inputs):
        machine.write(address, data)
    status, instructions = machine.call("mcup_invoke")
    if status != 0:
        raise EmulationFault(f"The network returned the error {status}.")
    outputs = (machine.read(arena + port.offset, port.tensor.nbytes) for port in firmware.outputs)
    return _Run(instructions, tuple(outputs))


def _measure_once(firmware: Firmware, machine: Machine, inputs: list[bytes]) -> Measurement:
    return _measurement(firmware, _run(firmware, machine, inputs, _FILLS[0]))


def _measure_profiled(firmware: Firmware, machine: Machine, inputs: list[bytes]) -> Measurement:
    ram = firmware.board.main_ram
    written = np.zeros(machine.ram_bytes, np.bool_)
    runs = []
    for fill in _FILLS:
        runs.append(_run(firmware, machine, inputs, fill))
        written |= np.frombuffer(machine.read(ram.base, machine.ram_bytes), np.uint8) != fill
    stack, statics, arena = ((start - ram.base, stop - ram.base) for start, stop in _owned_ranges(firmware))
    owned = np.zeros_like(written)
    for start, stop in (stack, statics, arena):
        owned[start:stop] = True
    if np.any(written & ~owned):
        _find_stray_write(firmware, inputs)
    if runs[0] != runs[1]:
        raise EmulationFault(
            f"The network reads memory that it never wrote: its output or its {runs[0].instructions} instructions "
            "depend on what the RAM held before."
        )
    touched_stack = np.flatnonzero(written[slice(*stack)])
    stack_bytes = stack[1] - stack[0] - int(touched_stack[0]) if len(touched_stack) else 0
    return _measurement(firmware, runs[0], int(written[slice(*arena)].sum()), stack_bytes)


def _measurement(
    firmware: Firmware, run: _Run, arena_touched_bytes: int | None = None, stack_bytes: int | None = None
) -> Measurement:
    return Measurement(
        backend="unicorn",
        cpu=firmware.board.cpu,
        outputs=tuple(decode_output(port, data) for port, data in zip(firmware.outputs, run.outputs)),
        instructions=run.instructions,
        arena_touched_bytes=arena_touched_bytes,
        stack_bytes=stack_bytes,
        sram_bytes=None if stack_bytes is None else firmware.sizes.statics_bytes + stack_bytes,
        flash_bytes=firmware.flash_bytes,
    )


def _owned_ranges(firmware: Firmware) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]]:
    """Addresses of the stack, the statics (.data and .bss) and the arena: all that the firmware may write."""
    address = firmware.elf.address
    arena = address("mcup_arena")
    return (
        (address("mcup_stack_bottom"), address("mcup_stack_top")),
        (address("mcup_data_start"), address("mcup_bss_stop")),
        (arena, arena + firmware.sizes.arena),
    )


def _find_stray_write(firmware: Firmware, inputs: list[bytes]) -> None:
    """Run once more with a check on every write. Raises EmulationFault that names the one outside."""
    _run(firmware, Machine(firmware, _owned_ranges(firmware), INSTRUCTION_LIMIT), inputs, _FILLS[0])
    raise EmulationFault(
        "The network wrote to RAM that belongs neither to its stack, its data nor its arena."
    )
