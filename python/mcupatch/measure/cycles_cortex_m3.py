"""Cycles of a block on a Cortex-M3: a model. That of the M4, with multiplications that take longer.

Costs are those of Arm's "Cortex-M3 Technical Reference Manual", r2p1 (100165), "Processor instructions": 2 cycles for
a multiplication with accumulation, 3 to 5 for a long one and 4 to 7 with accumulation, of which the middle is taken.
"""

from __future__ import annotations

from collections.abc import Sequence

from mcupatch.measure import cycles_cortex_m4
from mcupatch.measure.instruction import Instruction

_MORE = {"mla": 1, "mls": 1, "smull": 3, "umull": 3, "smlal": 4, "umlal": 4}


def block_cycles(block: Sequence[Instruction]) -> float:
    """Of one pass, without the refill if it ends in a taken branch."""
    return cycles_cortex_m4.block_cycles(block) + sum(_MORE.get(each.name, 0) for each in block)
