"""Greedy placements: buffers in some order, each at a legal offset that depends on those placed before.

Three ways, which fail on different networks: the lowest offset, the same upside down, and the offset that makes
the arena grow least. Offsets are in bytes, one per buffer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from mcupatch.memory.separation import Separation

Offsets = list[int]
Placement = Callable[[Iterable[int]], Offsets]


def find_placements(separation: Separation) -> tuple[Placement, ...]:
    """The ways to place an order, the ones that do well most often first."""
    return (
        partial(place_floating, separation),
        partial(place_low, separation),
        partial(_place_high, separation, separation.mirrored()),
    )


def place_low(separation: Separation, order: Iterable[int]) -> Offsets:
    """The lowest legal offset for each buffer in turn."""
    offsets: list[int | None] = [None] * len(separation.sizes)
    for b in order:
        offsets[b] = lowest_offset(separation, offsets, b)
    return [o or 0 for o in offsets]


def lowest_offset(separation: Separation, offsets: Sequence[int | None], b: int) -> int:
    """Where buffer ``b`` may lie lowest beside those that have an offset."""
    offset = 0
    for low, high in _forbidden(separation, offsets, b):
        if low >= offset:
            break
        offset = max(offset, high)
    return offset


def _place_high(separation: Separation, mirrored: Separation, order: Iterable[int]) -> Offsets:
    offsets = place_low(mirrored, order)
    top = max((o + s for o, s in zip(offsets, separation.sizes)), default=0)
    return [top - o - s for o, s in zip(offsets, separation.sizes)]


def place_floating(separation: Separation, order: Iterable[int]) -> Offsets:
    """For each buffer in turn the legal offset that makes the arena grow least, upwards or downwards.

    The first buffers may so get company below them: an output that trails one lies lower by its distance.
    """
    sizes = separation.sizes
    offsets: list[int | None] = [None] * len(sizes)
    bottom = top = 0
    for b in order:
        size = sizes[b]
        best, best_growth = bottom, -1
        for offset in _gap_ends(_forbidden(separation, offsets, b), bottom, top - size):
            growth = max(bottom - offset, 0) + max(offset + size - top, 0)
            if best_growth < 0 or growth < best_growth:
                best, best_growth = offset, growth
        offsets[b] = best
        bottom, top = min(bottom, best), max(top, best + size)
    return [(o or 0) - bottom for o in offsets]


def arena_of(separation: Separation, offsets: Offsets) -> int:
    """End of the highest buffer."""
    return max((o + s for o, s in zip(offsets, separation.true_sizes)), default=0)


def _forbidden(separation: Separation, offsets: Sequence[int | None], b: int) -> list[tuple[int, int]]:
    """Open intervals of offsets that the placed neighbours forbid to buffer ``b``, ascending."""
    above, found = separation.above, []
    for p, over in above[b].items():
        at = offsets[p]
        if at is not None:
            found.append((at - over, at + above[p][b]))
    found.sort()
    return found


def _gap_ends(forbidden: list[tuple[int, int]], bottom: int, top: int) -> Iterator[int]:
    """Legal offsets worth trying, ascending: both ends of every gap that the forbidden intervals leave.

    ``bottom`` and ``top``, the lowest and highest offset inside the arena, end the outer gaps.
    """
    if not forbidden:
        yield bottom
        return
    reach = forbidden[0][0]
    yield min(bottom, reach)
    for low, high in forbidden:
        if low >= reach:
            yield reach
            yield low
        reach = max(reach, high)
    yield reach
    yield max(reach, top)
