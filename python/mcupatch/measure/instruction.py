"""One instruction as the cycle models see it: which unit it takes, what it reads when, and what it writes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

_NOTHING: frozenset[str] = frozenset()


class Kind(Enum):
    """What does the work. SIMPLE: adding, subtracting, moving and shifting; SHIFTED: an operand shifted on its way;
    BITS: bit fields, saturation and parallel arithmetic; FUSED: a multiplication and addition of floats.
    """

    SIMPLE = auto()
    SHIFTED = auto()
    ALU = auto()
    BITS = auto()
    MULTIPLY = auto()
    DIVIDE = auto()
    LOAD = auto()
    STORE = auto()
    BRANCH = auto()
    CONDITION = auto()  # IT
    FLOAT = auto()
    FUSED = auto()
    FLOAT_DIVIDE = auto()


@dataclass(frozen=True)
class Instruction:
    """``name`` is the mnemonic without condition, type and width; ``nbytes`` 2 or 4.

    ``reads`` are all registers read; of them ``addresses`` form an address, ``early`` are needed before the others
    (addresses, shifted operands), and ``accumulators`` after them. A load or store moves ``words`` of 32 bits (1 for a
    byte or half-word, which is ``narrow``). ``target`` is where a branch with an offset leads, from the start of the code.
    """

    name: str
    kind: Kind
    nbytes: int = 4
    reads: frozenset[str] = _NOTHING
    writes: frozenset[str] = _NOTHING
    addresses: frozenset[str] = _NOTHING
    early: frozenset[str] = _NOTHING
    accumulators: frozenset[str] = _NOTHING
    base_update: frozenset[str] = _NOTHING
    words: int = 1
    narrow: bool = False
    register_offset: bool = False
    is_double: bool = False
    target: int | None = None

    @property
    def is_single_transfer(self) -> bool:
        """A load or store of one register."""
        return self.kind in (Kind.LOAD, Kind.STORE) and self.words == 1
