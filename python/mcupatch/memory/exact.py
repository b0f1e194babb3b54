"""The smallest arena, with a proof: branch and bound in C++ (``src/scheduler/placement.h``)."""

from __future__ import annotations

from dataclasses import dataclass

from mcupatch.memory.placement import Offsets
from mcupatch.memory.separation import Separation
from mcupatch.native_scheduler import load_scheduler


@dataclass(frozen=True)
class ExactPlacement:
    """No placement is below ``bound_bytes``. Where it is below ``arena_bytes``, the limit was hit."""

    offsets: Offsets
    arena_bytes: int
    bound_bytes: int

    @property
    def optimal(self) -> bool:
        return self.arena_bytes == self.bound_bytes


def minimize_arena(
    separation: Separation, start: Offsets, bound_bytes: int, node_limit: int
) -> ExactPlacement:
    """The best placement within ``node_limit`` branches, from a legal ``start`` and a bound that is known to hold."""
    above = separation.above
    pairs = [
        number
        for a, row in enumerate(above)
        for b, b_above_a in row.items()
        if a < b
        for number in (a, b, b_above_a, above[b][a])
    ]
    offsets, arena, bound, _ = load_scheduler()["place_buffers"](
        separation.align,
        separation.sizes,
        separation.true_sizes,
        pairs,
        separation.together,
        start,
        bound_bytes,
        node_limit,
    )
    return ExactPlacement(list(offsets), arena, bound)
