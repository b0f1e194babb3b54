"""Placing buffers in one arena: greedy in several orders, right way up and upside down, then a seeded local search.

Every placement takes the buffers in some order and gives each the lowest offset that no buffer placed before
forbids. The orders differ; the search moves buffers that stick out, and what they rest on, to the front.
The result depends on nothing but the arguments.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence

from mcupatch.ir.graph import Graph
from mcupatch.memory.liveness import find_buffers
from mcupatch.memory.overlap import find_overlaps
from mcupatch.memory.plan import Buffer, MemoryPlan, PlacedBuffer, SafeOverlap
from mcupatch.memory.separation import Separation, build_separation, lower_bound
from mcupatch.schedule.stage import Schedule

SEARCH_WORK = 60_000  # placed buffers in all; about a second
Offsets = list[int]


def plan_memory(
    graph: Graph, schedule: Schedule, scratch_bytes: Mapping[str, int], quick: bool = False
) -> MemoryPlan:
    """Lay out the arena of ``schedule``. ``quick`` leaves out the local search: for comparing many schedules.

    ``scratch_bytes`` maps operator names to the bytes their kernels ask for.
    """
    buffers = find_buffers(graph, schedule, scratch_bytes)
    return place_buffers(buffers, find_overlaps(graph, schedule, buffers), quick)


def place_buffers(
    buffers: Sequence[Buffer], overlaps: Sequence[SafeOverlap], quick: bool = False
) -> MemoryPlan:
    """The best placement found; ``lower_bound_bytes`` is what none can beat."""
    separation = build_separation(buffers, overlaps)
    bound = lower_bound(buffers, overlaps, separation)
    upright, flipped = separation, separation.mirrored()
    best: Offsets = []
    best_peak, best_order, best_flipped = -1, list[int](), False
    for order in _orders(buffers, overlaps, separation):
        for is_flipped in (False, True):
            offsets = _place(flipped if is_flipped else upright, order)
            offsets = _turn_back(separation, offsets) if is_flipped else offsets
            peak = _peak(separation, offsets)
            if best_peak < 0 or peak < best_peak:
                best, best_peak, best_order, best_flipped = offsets, peak, order, is_flipped
            if best_peak == bound:
                break
        if best_peak == bound:
            break
    if not quick and best_peak > bound:
        best = _search(separation, flipped, best, best_order, best_flipped, bound)
    placed = tuple(PlacedBuffer(b, offset) for b, offset in zip(buffers, best))
    return MemoryPlan(placed, tuple(overlaps), _peak(separation, best), bound)


def _orders(
    buffers: Sequence[Buffer], overlaps: Sequence[SafeOverlap], separation: Separation
) -> Iterator[list[int]]:
    """Orders to try, the ones that do well most often first."""
    sizes, everything = separation.sizes, range(len(buffers))
    length = [b.last_step - b.first_step + 1 for b in buffers]
    load = _step_loads(buffers, sizes)
    heaviest = [max(load[s] for s in range(b.first_step, b.last_step + 1)) for b in buffers]
    yield sorted(everything, key=lambda i: (-heaviest[i], -sizes[i]))
    yield sorted(everything, key=lambda i: (-sizes[i], -length[i]))
    yield sorted(everything, key=lambda i: (-heaviest[i], -buffers[i].first_step, -sizes[i]))
    yield sorted(everything, key=lambda i: (-heaviest[i], sizes[i]))
    yield sorted(everything, key=lambda i: (-sizes[i] * length[i], -sizes[i]))
    yield sorted(everything, key=lambda i: (-length[i], -sizes[i]))
    yield sorted(everything, key=lambda i: (-buffers[i].first_step, -sizes[i]))
    yield sorted(everything, key=lambda i: (buffers[i].first_step, -sizes[i]))


def _step_loads(buffers: Sequence[Buffer], sizes: Sequence[int]) -> list[int]:
    steps = max((b.last_step for b in buffers), default=0) + 1
    load = [0] * steps
    for b, size in zip(buffers, sizes):
        for step in range(b.first_step, b.last_step + 1):
            load[step] += size
    return load


def _place(separation: Separation, order: Iterable[int]) -> Offsets:
    """The lowest legal offset for each buffer in turn."""
    above = separation.above
    offsets = [-1] * len(separation.sizes)
    for b in order:
        forbidden = []  # open intervals of offsets
        for p, over in above[b].items():
            at = offsets[p]
            if at >= 0:
                forbidden.append((at - over, at + above[p][b]))
        forbidden.sort()
        offset = 0
        for low, high in forbidden:
            if low >= offset:
                break
            if high > offset:
                offset = high
        offsets[b] = offset
    return offsets


def _turn_back(separation: Separation, offsets: Offsets) -> Offsets:
    top = max((o + s for o, s in zip(offsets, separation.sizes)), default=0)
    return [top - o - s for o, s in zip(offsets, separation.sizes)]


def _peak(separation: Separation, offsets: Offsets) -> int:
    return max((o + s for o, s in zip(offsets, separation.true_sizes)), default=0)


def _search(
    upright: Separation, flipped: Separation, best: Offsets, order: list[int], is_flipped: bool, bound: int
) -> Offsets:
    """Move buffers forward in the order as long as the work allows; equal peaks are accepted."""
    rng = random.Random(0)
    problem = flipped if is_flipped else upright
    best_peak = _peak(upright, best)
    current, peak = list(order), best_peak
    offsets = _place(problem, current)
    for _ in range(max(SEARCH_WORK // max(len(order), 1), 10)):
        trial = _move_one(problem, current, offsets, rng)
        trial_offsets = _place(problem, trial)
        turned = _turn_back(upright, trial_offsets) if is_flipped else trial_offsets
        trial_peak = _peak(upright, turned)
        if trial_peak <= peak:
            current, offsets, peak = trial, trial_offsets, trial_peak
        if trial_peak < best_peak:
            best, best_peak = turned, trial_peak
            if best_peak == bound:
                break
    return best


def _move_one(problem: Separation, order: list[int], offsets: Offsets, rng: random.Random) -> list[int]:
    """``order`` with one of the highest buffers, or a neighbour of it, at an earlier place."""
    top = max(o + s for o, s in zip(offsets, problem.sizes))
    highest = [i for i in order if offsets[i] + problem.sizes[i] == top]
    moved = rng.choice(highest)
    if rng.random() < 0.6 and problem.above[moved]:
        moved = rng.choice(list(problem.above[moved]))
    at = order.index(moved)
    rest = order[:at] + order[at + 1 :]
    to = rng.randrange(len(order)) if at == 0 else rng.randrange(at)
    return rest[:to] + [moved] + rest[to:]
