"""The files through which a host and the runner of an image speak (``firmware/support/hosted/runner.c.j2``).

Each set of inputs is run twice, with the arena and the stack full of one byte and then of another, as on Unicorn: a byte
of the arena that is not the fill in either run was written, and a network that reads what it never wrote gives two answers.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mcupatch.emit.csources import Port, WorkspacePool
from mcupatch.errors import EmulationFault

FILLS = (0xA5, 0x5A)
RUNS, RESULTS, FAULT = "runs", "results", "fault"
_RESULT = struct.Struct("<iIQ")  # struct result of the runner
_FAULT = struct.Struct("<4I")
_BUS_ADDRESS_VALID, _MEMORY_ADDRESS_VALID = 1 << 15, 1 << 7
_STACKING = 1 << 20 | 1 << 12 | 1 << 4  # the limit, or an exception that found no room
_UNKNOWN_INSTRUCTION = 1 << 16


@dataclass(frozen=True)
class HostedRun:
    """What the runner reports of one set of inputs. ``ticks`` are its timer's."""

    ticks: int
    stack_bytes: int
    pools_touched_bytes: tuple[int, ...]
    outputs: tuple[bytes, ...]


def write_runs(folder: Path, input_sets: Sequence[Sequence[bytes]]) -> None:
    """The file that the runner reads: each set of encoded inputs once for each fill."""
    parts = [bytes([fill] * 4) + b"".join(inputs) for inputs in input_sets for fill in FILLS]
    (folder / RUNS).write_bytes(b"".join(parts))


def read_results(
    folder: Path, count: int, pools: Sequence[WorkspacePool], outputs: Sequence[Port]
) -> list[HostedRun]:
    """The results of ``count`` sets of inputs.

    Raises EmulationFault where there are fewer, the network returned an error, or read what it never wrote.
    """
    data = (folder / RESULTS).read_bytes() if (folder / RESULTS).exists() else b""
    record_bytes = _RESULT.size + sum(pool.nbytes for pool in pools)
    if len(data) != count * len(FILLS) * record_bytes:
        done = len(data) // (len(FILLS) * record_bytes)
        raise EmulationFault(f"The image ended after {done} of {count} inferences.")
    records = [data[at : at + record_bytes] for at in range(0, len(data), record_bytes)]
    pairs = zip(records[::2], records[1::2])
    return [_compare([_parse(r, pools, outputs) for r in pair]) for pair in pairs]


@dataclass(frozen=True)
class _Record:
    ticks: int
    stack_bytes: int
    pools: tuple[bytes, ...]
    outputs: tuple[bytes, ...]


def _parse(record: bytes, pools: Sequence[WorkspacePool], outputs: Sequence[Port]) -> _Record:
    status, stack_bytes, ticks = _RESULT.unpack_from(record)
    if status != 0:
        raise EmulationFault(f"The network returned the error {status}.")
    contents, at = {}, _RESULT.size
    for pool in pools:
        contents[pool.c_name] = record[at : at + pool.nbytes]
        at += pool.nbytes
    values = []
    for port in outputs:
        assert port.offset is not None, "outputs lie in the arena"
        values.append(contents[port.pool][port.offset : port.offset + port.tensor.nbytes])
    return _Record(ticks, stack_bytes, tuple(contents.values()), tuple(values))


def _compare(records: Sequence[_Record]) -> HostedRun:
    first, second = records
    if first.outputs != second.outputs:
        raise EmulationFault(
            "The network reads memory that it never wrote: its output depends on what the RAM held before."
        )
    touched = []
    for contents in zip(first.pools, second.pools):
        written = [np.frombuffer(data, np.uint8) != fill for data, fill in zip(contents, FILLS)]
        touched.append(int(np.count_nonzero(written[0] | written[1])))
    stack_bytes = max(first.stack_bytes, second.stack_bytes)
    return HostedRun(first.ticks, stack_bytes, tuple(touched), first.outputs)


def read_fault(folder: Path, function_at: Callable[[int], str | None]) -> str | None:
    """The fault that the image reported, as a sentence; None if there was none."""
    path = folder / FAULT
    if not path.exists():
        return None
    data = path.read_bytes()
    if len(data) != _FAULT.size:
        return "The program faulted and could not say where."
    pc, status, bus_address, memory_address = _FAULT.unpack(data)
    if pc == 0 or status & _STACKING:
        return "The stack overflowed its reserve."
    where = f"in {function_at(pc & ~1) or 'code of no function'} (pc {pc:#010x})"
    if status & _BUS_ADDRESS_VALID:
        return f"The program left the board's memories {where}: it accessed {bus_address:#010x}."
    if status & _MEMORY_ADDRESS_VALID:
        return f"The program accessed {memory_address:#010x}, which it may not, {where}."
    if status & _UNKNOWN_INSTRUCTION:
        return f"The program ran into what is no instruction {where}."
    return f"The program faulted {where}, fault status {status:#010x}."
