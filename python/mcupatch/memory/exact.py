"""The smallest arena, with a proof: branch and bound in C++ (``src/scheduler/placement.h``)."""

from __future__ import annotations

from collections.abc import Sequence
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


@dataclass(frozen=True)
class WalledFit:
    """``offsets`` of a placement, None if none was found; ``is_impossible``: because there is none."""

    offsets: Offsets | None
    is_impossible: bool


def minimize_arena(
    separation: Separation, start: Offsets, bound_bytes: int, node_limit: int
) -> ExactPlacement:
    """The best placement within ``node_limit`` branches, from a legal ``start`` and a bound that is known to hold."""
    place = load_scheduler()["place_buffers"]
    offsets, arena, bound = place(*_as_numbers(separation), start, bound_bytes, node_limit)
    return ExactPlacement(list(offsets), arena, bound)


def fit_between_walls(
    separation: Separation, walls: Sequence[int], arena_bytes: int, node_limit: int
) -> WalledFit:
    """A placement in ``arena_bytes`` in which no buffer lies across one of ``walls``, multiples of the alignment."""
    fit = load_scheduler()["fit_between_walls"]
    answer, offsets = fit(*_as_numbers(separation), walls, arena_bytes, node_limit)
    return WalledFit(list(offsets) if answer == 1 else None, answer == 0)


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
