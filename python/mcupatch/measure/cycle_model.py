"""Cycles of a run by the model of its core, from how often each block of instructions ran. Not a measurement."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from mcupatch.measure import cycles_cortex_m3, cycles_cortex_m4, cycles_cortex_m7
from mcupatch.measure.decode import decode
from mcupatch.measure.instruction import Instruction, Kind
from mcupatch.measure.profile import Block, Profile, Span


@dataclass(frozen=True)
class ModelledCycles:
    """By operator, and of what ran outside of all of them."""

    operators: Mapping[str, int]
    glue: int

    @property
    def total(self) -> int:
        return sum(self.operators.values()) + self.glue


@dataclass(frozen=True)
class _Core:
    """``block_cycles`` of one pass (the second argument: a loop over this block), and what a taken branch adds."""

    block_cycles: Callable[[Sequence[Instruction], bool], float]
    refill: int


_CORES = {
    "cortex-m3": _Core(lambda block, is_loop: cycles_cortex_m3.block_cycles(block), cycles_cortex_m4.REFILL),
    "cortex-m4": _Core(lambda block, is_loop: cycles_cortex_m4.block_cycles(block), cycles_cortex_m4.REFILL),
    "cortex-m7": _Core(cycles_cortex_m7.block_cycles, cycles_cortex_m7.REFILL),
}


def model_cycles(profile: Profile, cpu: str) -> ModelledCycles:
    """What the run takes on ``cpu``, by the model of that core."""
    core = _CORES[cpu]
    known: dict[tuple[int, int], float] = {}  # operators share the blocks of their kernels

    def pass_cycles(block: Block) -> float:
        place = block.start, block.stop
        if place not in known:
            known[place] = _pass_cycles(core, profile, block)
        return known[place]

    def span_cycles(span: Span) -> int:
        return round(sum(b.times * pass_cycles(b) + b.jumps * core.refill for b in span.blocks))

    operators = {name: span_cycles(span) for name, span in profile.operators.items()}
    return ModelledCycles(operators, span_cycles(profile.glue))


def _pass_cycles(core: _Core, profile: Profile, block: Block) -> float:
    code = profile.code[block.start - profile.base : block.stop - profile.base]
    instructions = decode(code)
    last = instructions[-1]
    return core.block_cycles(instructions, last.kind is Kind.BRANCH and last.target == 0)
