"""The smallest arena, with a proof: branch and bound in C++ (``src/scheduler/placement.h``)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

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


@dataclass(frozen=True)
class Spot:
    """Where a buffer lies: the index of its pool, and bytes from the start of that."""

    pool: int
    offset: int


@dataclass(frozen=True)
class PoolsFit:
    """``spots`` of all buffers, None if none were found; ``is_impossible``: because there are none."""

    spots: list[Spot] | None
    is_impossible: bool


def minimize_arena(
    separation: Separation, start: Offsets, bound_bytes: int, node_limit: int
) -> ExactPlacement:
    """The best placement within ``node_limit`` branches, from a legal ``start`` and a bound that is known to hold."""
    place = load_scheduler()["place_buffers"]
    offsets, arena, bound = place(*_as_numbers(separation), start, bound_bytes, node_limit)
    return ExactPlacement(list(offsets), arena, bound)


def fit_into_pools(separation: Separation, capacities: Sequence[int], node_limit: int) -> PoolsFit:
    """Spots in pools of ``capacities`` bytes: on one long arena, with a wall wherever one pool ends and the next begins.

    Each pool begins at a multiple of the alignment, so up to ``align - 1`` bytes before it belong to none.
    """
    align = separation.align
    starts = [0, *accumulate(-(-capacity // align) * align for capacity in capacities[:-1])]
    ends = [start + capacity for start, capacity in zip(starts, capacities)]
    fit = load_scheduler()["fit_between_walls"]
    answer, offsets = fit(*_as_numbers(separation), ends[:-1], starts[1:], ends[-1], node_limit)
    if answer != 1:
        return PoolsFit(None, answer == 0)
    # An empty pool ends where it begins, and so does an empty buffer.
    pools = [bisect_right(starts, offset) - 1 for offset in offsets]
    return PoolsFit([Spot(pool, offset - starts[pool]) for pool, offset in zip(pools, offsets)], False)


def _as_numbers(separation: Separation) -> tuple[object, ...]:
    above = separation.above
    pairs = [
        number
        for a, row in enumerate(above)
        for b, b_above_a in row.items()
        if a < b
        for number in (a, b, b_above_a, above[b][a])
    ]
    return separation.align, separation.sizes, separation.true_sizes, pairs, separation.together
