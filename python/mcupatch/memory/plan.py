"""The decision of the memory planner: where in the arena every buffer lies, and for how long."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class BufferKind(str, Enum):
    """What a buffer holds."""

    INPUT = "input"  # a model input, whole
    OUTPUT = "output"  # a model output, whole
    TENSOR = "tensor"  # an activation between stages, whole
    WINDOW = "window"  # an activation between segments of a stage (or a streamed input): a few of its rows
    TILE = "tile"  # an activation inside a segment: what a tile holds of it
    CACHE = "cache"  # of the same activation: rows of earlier steps, full width
    SUMS = "sums"  # the accumulators of a reduction
    SCRATCH = "scratch"  # work space of one operator's kernel


ACTIVATIONS = (
    BufferKind.INPUT,
    BufferKind.OUTPUT,
    BufferKind.TENSOR,
    BufferKind.WINDOW,
    BufferKind.TILE,
)


@dataclass(frozen=True)
class Buffer:
    """``name`` is the tensor's name, or the operator's for scratch and sums. Alive in steps ``[first_step, last_step]``.

    A step is an operator's index in the graph. ``aliases`` are tensors that share the very same bytes
    (the output of a reshape).
    """

    name: str
    kind: BufferKind
    nbytes: int
    first_step: int
    last_step: int
    align: int = 4
    aliases: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.nbytes < 0 or self.first_step > self.last_step or self.align < 1:
            raise ValueError(f"buffer {self.name!r} is malformed: {self}")


@dataclass(frozen=True)
class SafeOverlap:
    """Operator ``op`` may write ``output`` over ``input`` where ``offset(input) - offset(output) >= distance``.

    The write of every output element then lies at or below the bytes that are still to be read. Holds only if the
    two share no step but the operator's own, or those of its stage (``by_stage``: the output and the input are whole,
    the stage goes through both tile by tile), and the kernels keep their order contract (``memory/overlap.py``).
    """

    op: str
    output: str
    input: str
    distance: int
    by_stage: bool = False


@dataclass(frozen=True)
class Pool:
    """A memory, or a part of one, that holds a part of the arena.

    ``reserved_bytes`` lie there beside the arena: the stack and the data.
    """

    name: str
    nbytes: int
    reserved_bytes: int = 0


@dataclass(frozen=True)
class PlacedBuffer:
    """``offset`` in bytes from the start of pool ``pool``."""

    buffer: Buffer
    offset: int
    pool: int = 0

    @property
    def end(self) -> int:
        return self.offset + self.buffer.nbytes


@dataclass(frozen=True)
class MemoryPlan:
    """Every buffer at its offset in one arena. ``arena_bytes`` is the end of the highest one.

    An arena in several memories has ``pools``, each with the bytes used of it; ``arena_bytes`` is their sum then.
    """

    placed: tuple[PlacedBuffer, ...]
    overlaps: tuple[SafeOverlap, ...]
    arena_bytes: int
    lower_bound_bytes: int
    pools: tuple[Pool, ...] = ()

    @property
    def optimal(self) -> bool:
        return self.arena_bytes == self.lower_bound_bytes

    def tensor(self, tensor: str) -> PlacedBuffer:
        """Where an activation (whole tensor, row window or tile) lies. Raises KeyError if it has no buffer."""
        for p in self.placed:
            if p.buffer.kind in ACTIVATIONS and tensor in (p.buffer.name, *p.buffer.aliases):
                return p
        raise KeyError(tensor)

    def cache(self, tensor: str) -> PlacedBuffer:
        """Where the row cache of a tensor inside a segment lies. Raises KeyError if it has none."""
        return self._find(BufferKind.CACHE, tensor)

    def sums(self, op: str) -> PlacedBuffer:
        """Where the accumulators of a reduction lie. Raises KeyError if it has none."""
        return self._find(BufferKind.SUMS, op)

    def scratch(self, op: str) -> PlacedBuffer | None:
        """Where an operator's scratch lies, None if its kernel needs none."""
        try:
            return self._find(BufferKind.SCRATCH, op)
        except KeyError:
            return None

    def _find(self, kind: BufferKind, name: str) -> PlacedBuffer:
        for p in self.placed:
            if p.buffer.kind is kind and p.buffer.name == name:
                return p
        raise KeyError(name)
