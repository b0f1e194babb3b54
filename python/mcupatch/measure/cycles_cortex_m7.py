"""Cycles of a block on a Cortex-M7: a model. Two instructions at a time, in order, from memory that never waits.

Arm publishes no table for this core. The model is a scoreboard over the stages that the scheduler of LLVM
(ARMScheduleM7.td) and cycle counts of others on an STM32H743 (jnk0le's "random", pipeline_cycle_test)
agree on:

    EX1   addresses, operands shifted, additions and moves that are ready   -> a result by the next stage
    EX2   every other computation; words loaded                            -> the next instruction pair's EX2
    EX3   bytes and half-words loaded; the sum of a multiply-accumulate
    EX4   data of a store

so that a dependency costs as many cycles as the consumer's stage comes too early. Two instructions do not pair if both
need the one unit of their kind (below), if one of them moves several words, or divides. Not modelled: caches, wait
states, tightly coupled memory, banks of two loads, unaligned accesses, a full store buffer, mispredicted branches.
Over the 30 hottest blocks of mcunet_vww0 it gives 6 to 11 % fewer cycles than llvm-mca 14 for this core.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from mcupatch.measure.instruction import Instruction, Kind

REFILL = 0  # a predicted branch that is taken only ends its pair
_PASSES = 8  # of a loop, until its cycles repeat
# The stage after which a result is there: the first stage of an instruction issued in cycle t runs in cycle t.
_RESULT = {
    Kind.SIMPLE: 2,
    Kind.SHIFTED: 2,
    Kind.ALU: 2,
    Kind.BITS: 2,
    Kind.MULTIPLY: 3,
    Kind.DIVIDE: 8,
    Kind.LOAD: 2,
    Kind.STORE: 2,
    Kind.BRANCH: 2,
    Kind.CONDITION: 2,
    Kind.FLOAT: 4,
    Kind.FUSED: 7,
    Kind.FLOAT_DIVIDE: 17,
}
_NARROW_RESULT = 3
_EARLY_RESULT = 1
_DOUBLE_EXTRA = {Kind.FLOAT: 1, Kind.FUSED: 5, Kind.FLOAT_DIVIDE: 14}
# In which stage an operand is needed.
_EARLY, _NORMAL, _SUM, _FLOAT_SUM, _STORED = 0, 1, 2, 4, 3
_FLOATS = (Kind.FLOAT, Kind.FUSED, Kind.FLOAT_DIVIDE)
_ONE_OF = (Kind.MULTIPLY, Kind.STORE, Kind.BRANCH, Kind.BITS)


@dataclass
class _Scoreboard:
    """``cycle`` issues the instructions of ``pair``. A register is there from the cycle ``ready`` on; those of
    ``loaded`` hold words that were loaded.
    """

    cycle: int = 0
    pair: list[Instruction] = field(default_factory=list)
    ready: dict[str, int] = field(default_factory=dict)
    loaded: set[str] = field(default_factory=set)

    def issue(self, each: Instruction) -> None:
        if self.pair and not _may_pair(self.pair, each):
            self._next_cycle()
        wait = max((self._wait(each, register) for register in each.reads), default=0)
        if wait > 0:
            self._next_cycle(wait)
        result = self._result_stage(each)
        for register in each.writes:
            self.ready[register] = self.cycle + result
        if each.kind is Kind.LOAD and not each.narrow:
            self.loaded |= each.writes
        else:
            self.loaded -= each.writes
        for register in each.base_update:
            self.ready[register] = self.cycle + _EARLY_RESULT
        self.pair.append(each)
        if each.words > 1:  # two words a cycle
            self.cycle += (each.words + 1) // 2 - 1

    def end_pair(self) -> None:
        """What follows is issued later."""
        if self.pair:
            self._next_cycle()

    def _next_cycle(self, count: int = 1) -> None:
        self.cycle += count
        self.pair = []

    def _wait(self, each: Instruction, register: str) -> int:
        stage = _operand_stage(each, register)
        ready = self.ready.get(register, 0)
        if each.kind is Kind.MULTIPLY and stage == _NORMAL and register in self.loaded:
            ready += 1  # a factor does not come straight from a load
        return ready - (self.cycle + stage)

    def _result_stage(self, each: Instruction) -> int:
        if each.kind is Kind.LOAD and each.narrow:
            return _NARROW_RESULT
        is_first = not self.pair or each.name in ("lsl", "lsr", "asr", "ror")
        if each.kind is Kind.SIMPLE and is_first:
            if all(self.ready.get(register, 0) <= self.cycle for register in each.reads):
                return _EARLY_RESULT
        return _RESULT[each.kind] + (_DOUBLE_EXTRA.get(each.kind, 0) if each.is_double else 0)


def _operand_stage(each: Instruction, register: str) -> int:
    if register in each.early:
        return _EARLY
    if register in each.accumulators:
        return _FLOAT_SUM if each.kind is Kind.FUSED else _SUM
    return _STORED if each.kind is Kind.STORE else _NORMAL


def _may_pair(pair: Sequence[Instruction], younger: Instruction) -> bool:
    if len(pair) > 1:
        return False
    older = pair[0]
    kinds = {older.kind, younger.kind}
    if older.words > 1 or younger.words > 1 or Kind.DIVIDE in kinds:
        return False
    if older.kind is younger.kind and older.kind in _ONE_OF:
        return False
    if older.kind in _FLOATS and younger.kind in _FLOATS:
        return False
    shifts = _takes_shifter(older) and _takes_shifter(younger)
    return not shifts and kinds != {Kind.MULTIPLY, Kind.STORE}


def _takes_shifter(each: Instruction) -> bool:
    """The one that shifts an operand before it is used."""
    return each.kind in (Kind.SHIFTED, Kind.BITS) and bool(each.early)


def block_cycles(block: Sequence[Instruction], is_loop: bool) -> float:
    """Of one pass; of a loop over this block alone once its passes repeat."""
    board = _Scoreboard()
    half = 0
    passes = _PASSES if is_loop else 1
    for number in range(passes):
        if number == passes // 2:
            half = board.cycle
        for each in block:
            board.issue(each)
        board.end_pair()
    return (board.cycle - half) / (passes - passes // 2)
