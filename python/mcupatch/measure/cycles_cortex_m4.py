"""Cycles of a block on a Cortex-M4: a model. One instruction at a time, in order, memory without wait states.

Costs are those of Arm's "Cortex-M4 Processor Technical Reference Manual", r0p1 (100166): "Table of processor
instructions", "Load/store timings" and the table of its floating-point unit. Where it gives a range, the middle is
taken: 7 cycles for a division (2 to 12), 2 for the refill of the pipeline after a taken branch (1 to 3). Not modelled: wait
states of the flash and what its accelerator hides of them, contention on the bus, unaligned accesses.
"""

from __future__ import annotations

from collections.abc import Sequence

from mcupatch.measure.instruction import Instruction, Kind

REFILL = 2
_DIVISION = 7
_FLOAT_DIVISION = 14
_FUSED = 3
_COMPUTES = (Kind.SIMPLE, Kind.SHIFTED, Kind.ALU, Kind.BITS, Kind.MULTIPLY, Kind.DIVIDE)
_FLOATS = (Kind.FLOAT, Kind.FUSED, Kind.FLOAT_DIVIDE)


def block_cycles(block: Sequence[Instruction]) -> float:
    """Of one pass, without the refill if it ends in a taken branch."""
    return float(sum(_cycles(each, before) for each, before in zip(block, (None, *block))))


def _cycles(each: Instruction, before: Instruction | None) -> int:
    if each.kind is Kind.LOAD:
        return _load_cycles(each, before) + _wait_for_address(each, before)
    if each.kind is Kind.STORE:
        return _store_cycles(each, before) + _wait_for_address(each, before)
    return _own_cycles(each, before) + _wait_for_float(each, before)


def _load_cycles(each: Instruction, before: Instruction | None) -> int:
    """One more than the registers; single loads in a row overlap, unless one needs the other for its address."""
    if not each.is_single_transfer:
        return 1 + each.words
    return 1 if _follows_load(each, before) else 2


def _store_cycles(each: Instruction, before: Instruction | None) -> int:
    """A single store is buffered; with two registers in its address it hides only behind a load."""
    if not each.is_single_transfer:
        return 1 + each.words
    return 2 if each.register_offset and not _follows_load(each, before) else 1


def _follows_load(each: Instruction, before: Instruction | None) -> bool:
    return (
        before is not None
        and before.kind is Kind.LOAD
        and before.is_single_transfer
        and not before.writes & each.addresses
    )


def _wait_for_address(each: Instruction, before: Instruction | None) -> int:
    """There is no forwarding from a computation to an address."""
    return int(before is not None and before.kind in _COMPUTES and bool(before.writes & each.addresses))


def _wait_for_float(each: Instruction, before: Instruction | None) -> int:
    """A float's result takes one cycle more if the next instruction consumes it."""
    return int(before is not None and before.kind in _FLOATS and bool(before.writes & each.reads))


def _own_cycles(each: Instruction, before: Instruction | None) -> int:
    if each.kind is Kind.DIVIDE:
        return _DIVISION
    if each.kind is Kind.FUSED:
        return _FUSED
    if each.kind is Kind.FLOAT_DIVIDE:
        return _FLOAT_DIVISION
    if each.kind is Kind.CONDITION:
        return 0 if before is not None and before.nbytes == 2 else 1  # folded into a 16-bit instruction
    if each.kind is Kind.BRANCH and each.addresses:
        return 2  # TBB and TBH load their offset
    return 1
