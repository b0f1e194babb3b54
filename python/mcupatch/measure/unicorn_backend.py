"""Runs a firmware on an emulated Cortex-M and measures it.

What a run writes shows in the RAM itself: it is filled with one byte, run, filled with another, and run again. A byte
that is not the fill in either run was written; one write cannot equal both fills. Twice a fast run is quicker than
once with a hook on every write, and a network that reads what it never wrote gives two different answers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcupatch.errors import EmulationFault
from mcupatch.firmware.bare_metal import Firmware
from mcupatch.measure.machine import Machine
from mcupatch.measure.measurement import Measurement
from mcupatch.measure.port_data import decode_output, encode_inputs, explain_status, stored_bytes
from mcupatch.measure.profile import Profile

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
    files_bytes: int
    outputs: tuple[bytes, ...]


def _run(firmware: Firmware, machine: Machine, inputs: list[bytes], fill: int) -> _Run:
    machine.power_up(fill)
    for address, data in zip(firmware.place_inputs(inputs), inputs):
        machine.write(address, data)
    status, instructions = machine.call("mcup_invoke")
    if status != 0:
        raise EmulationFault(explain_status(firmware.inputs, status))
    outputs = (machine.read(firmware.port_address(p), p.tensor.nbytes) for p in firmware.outputs)
    return _Run(instructions, stored_bytes(firmware.inputs, inputs), tuple(outputs))


def _measure_once(firmware: Firmware, machine: Machine, inputs: list[bytes]) -> Measurement:
    run = _run(firmware, machine, inputs, _FILLS[0])
    return _measurement(firmware, run, machine.read_profile())


def _measure_profiled(firmware: Firmware, machine: Machine, inputs: list[bytes]) -> Measurement:
    written = {base: np.zeros(nbytes, np.bool_) for base, nbytes in machine.rams}
    runs = []
    for fill in _FILLS:
        runs.append(_run(firmware, machine, inputs, fill))
        for base, nbytes in machine.rams:
            written[base] |= np.frombuffer(machine.read(base, nbytes), np.uint8) != fill
    stack, statics, *pools = (_part(written, *owned) for owned in _owned_ranges(firmware))
    touched = [int(pool.sum()) for pool in pools]
    stack_bytes = len(stack) - int(np.argmax(stack)) if stack.any() else 0
    for part in (stack, statics, *pools):
        part[:] = False
    if any(map(np.any, written.values())):
        _find_stray_write(firmware, inputs)
    if runs[0] != runs[1]:
        raise EmulationFault(
            f"The network reads memory that it never wrote: its output or its {runs[0].instructions} instructions "
            "depend on what the RAM held before."
        )
    return _measurement(firmware, runs[0], machine.read_profile(), touched, stack_bytes)


def _part(written: Mapping[int, NDArray[np.bool_]], start: int, stop: int) -> NDArray[np.bool_]:
    """A view of the bytes [start, stop) of the RAM that holds them."""
    base = max(base for base in written if base <= start)
    return written[base][start - base : stop - base]


def _measurement(
    firmware: Firmware,
    run: _Run,
    profile: Profile,
    touched: Sequence[int] | None = None,
    stack_bytes: int | None = None,
) -> Measurement:
    return Measurement(
        backend="unicorn",
        cpu=firmware.board.cpu,
        outputs=tuple(decode_output(port, data) for port, data in zip(firmware.outputs, run.outputs)),
        instructions=run.instructions,
        arena_touched_bytes=None if touched is None else sum(touched),
        pools_touched_bytes=None if touched is None else tuple(touched),
        stack_bytes=stack_bytes,
        sram_bytes=None if stack_bytes is None else firmware.sizes.statics_bytes + stack_bytes,
        flash_bytes=firmware.flash_bytes + run.files_bytes,
        profile=profile,
    )


def _owned_ranges(firmware: Firmware) -> tuple[tuple[int, int], ...]:
    """Addresses of the stack, the statics (.data and .bss) and the pools: all that the firmware may write."""
    address = firmware.elf.address
    pools = ((address(pool.symbol), pool.nbytes) for pool in firmware.pools)
    return (
        (address("mcup_stack_bottom"), address("mcup_stack_top")),
        (address("mcup_data_start"), address("mcup_bss_stop")),
        *((start, start + nbytes) for start, nbytes in pools),
    )


def _find_stray_write(firmware: Firmware, inputs: list[bytes]) -> None:
    """Run once more with a check on every write. Raises EmulationFault that names the one outside."""
    _run(firmware, Machine(firmware, _owned_ranges(firmware), INSTRUCTION_LIMIT), inputs, _FILLS[0])
    raise EmulationFault(
        "The network wrote to RAM that belongs neither to its stack, its data nor its arena."
    )
