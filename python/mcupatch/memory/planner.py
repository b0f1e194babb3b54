"""Placing buffers in one arena: greedy in some orders and ways, then branch and bound, which proves the result.

Where branch and bound gives up, a seeded local search over orders follows: it moves buffers that stick out, or
their neighbours, to another place in the order. The result depends on nothing but the arguments.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from mcupatch.ir.graph import Graph
from mcupatch.memory.exact import minimize_arena
from mcupatch.memory.liveness import find_buffers
from mcupatch.memory.overlap import find_overlaps
from mcupatch.memory.placement import Offsets, arena_of, find_placements, place_low
from mcupatch.memory.plan import ACTIVATIONS, Buffer, MemoryPlan, PlacedBuffer, Pool, SafeOverlap
from mcupatch.memory.pools import divide_buffers
from mcupatch.memory.separation import Separation, build_separation, step_bounds
from mcupatch.schedule.stage import Schedule

EXACT_WORK = 8_000_000  # branches times buffers; below a second
QUICK_EXACT_WORK = 150_000
EXACT_STARTS = 2  # orders placed greedily before branch and bound: the later ones rarely do better
SEARCH_WORK = 80_000  # placed buffers in all; below a second
QUICK_SEARCH_WORK = 20_000
SEARCH_STARTS = 3
QUICK_GAP = 200  # a quick plan is good enough within 1/200 of the bound


def plan_memory(
    graph: Graph,
    schedule: Schedule,
    scratch_bytes: Mapping[str, int],
    quick: bool = False,
    pools: Sequence[Pool] = (),
) -> MemoryPlan:
    """Lay out the arena of ``schedule``. ``quick`` searches less: for comparing many schedules.

    ``scratch_bytes`` maps operator names to the bytes their kernels ask for. With ``pools``, memories in order of
    preference and what may be used of each, the arena may be divided among them. Raises Infeasible if it cannot.
    """
    buffers = find_buffers(graph, schedule, scratch_bytes)
    overlaps = find_overlaps(graph, schedule, buffers)
    if pools:
        return place_in_pools(buffers, overlaps, pools, quick)
    return place_buffers(buffers, overlaps, quick)


def place_in_pools(
    buffers: Sequence[Buffer], overlaps: Sequence[SafeOverlap], pools: Sequence[Pool], quick: bool = False
) -> MemoryPlan:
    """All in the first pool if it fits, else divided (``memory/pools.py``), then each pool as well as it can be.

    Raises Infeasible.
    """
    whole = place_buffers(buffers, overlaps, quick)
    if whole.arena_bytes <= pools[0].nbytes:
        rest = (Pool(p.name, 0) for p in pools[1:])
        return replace(whole, pools=(Pool(pools[0].name, whole.arena_bytes), *rest))
    separation = build_separation(buffers, overlaps)
    orders = _orders(buffers, separation, step_bounds(buffers, overlaps, separation))
    # Pools one after the other are a single arena, but for what aligns the start of each.
    bound = max(0, whole.lower_bound_bytes - (len(pools) - 1) * (separation.align - 1))
    spots = divide_buffers(buffers, separation, pools, orders, bound)
    placed, kept, used = [PlacedBuffer(b, s.offset, s.pool) for b, s in zip(buffers, spots)], [], []
    for k, pool in enumerate(pools):
        here = [i for i, spot in enumerate(spots) if spot.pool == k]
        names = {buffers[i].name for i in here if buffers[i].kind in ACTIVATIONS}
        inside = [o for o in overlaps if o.output in names and o.input in names]
        part = place_buffers([buffers[i] for i in here], inside, quick)
        if part.arena_bytes <= max((placed[i].end for i in here), default=0):
            for i, p in zip(here, part.placed):
                placed[i] = replace(p, pool=k)
        kept += inside
        used.append(Pool(pool.name, max((placed[i].end for i in here), default=0)))
    arena_bytes = sum(p.nbytes for p in used)
    return MemoryPlan(tuple(placed), tuple(kept), arena_bytes, bound, tuple(used))


def place_buffers(
    buffers: Sequence[Buffer], overlaps: Sequence[SafeOverlap], quick: bool = False
) -> MemoryPlan:
    """The best placement found; ``lower_bound_bytes`` is what none can beat."""
    separation = build_separation(buffers, overlaps)
    loads = step_bounds(buffers, overlaps, separation)
    bound = max(loads.values(), default=0)
    goal = bound + bound // QUICK_GAP if quick else bound
    orders = _orders(buffers, separation, loads)
    found = _place_greedily(separation, islice(orders, EXACT_STARTS), goal)
    if arena_of(separation, found[0]) > goal:
        work = QUICK_EXACT_WORK if quick else EXACT_WORK
        exact = minimize_arena(separation, found[0], bound, work // len(buffers))
        bound, goal = exact.bound_bytes, max(goal, exact.bound_bytes)
        found.insert(0, exact.offsets)
    if arena_of(separation, found[0]) > goal:
        found = _sort_by_arena(separation, found + _place_greedily(separation, orders, goal))
        work = QUICK_SEARCH_WORK if quick else SEARCH_WORK
        found.insert(0, _search(separation, found, goal, work))
    placed = tuple(PlacedBuffer(b, offset) for b, offset in zip(buffers, found[0]))
    return MemoryPlan(placed, tuple(overlaps), arena_of(separation, found[0]), bound)


def _place_greedily(separation: Separation, orders: Iterable[list[int]], goal: int) -> list[Offsets]:
    """The placements of ``orders`` up to the one that meets ``goal``, best first."""
    found: list[Offsets] = []
    for order in orders:
        found += [place(order) for place in find_placements(separation)]
        if min(arena_of(separation, offsets) for offsets in found) <= goal:
            break
    return _sort_by_arena(separation, found)


def _sort_by_arena(separation: Separation, found: list[Offsets]) -> list[Offsets]:
    return sorted(found, key=lambda offsets: arena_of(separation, offsets))


def _orders(
    buffers: Sequence[Buffer], separation: Separation, loads: Mapping[int, int]
) -> Iterator[list[int]]:
    """Orders to try, the ones that do well most often first. ``loads`` are the ``step_bounds``."""
    sizes, everything = separation.sizes, range(len(buffers))
    length = [b.last_step - b.first_step + 1 for b in buffers]
    heaviest = [
        max((load for s, load in loads.items() if b.first_step <= s <= b.last_step), default=0)
        for b in buffers
    ]
    yield sorted(everything, key=lambda i: (-heaviest[i], -sizes[i]))
    yield sorted(everything, key=lambda i: (-heaviest[i], -buffers[i].first_step, -sizes[i]))
    yield sorted(everything, key=lambda i: (-sizes[i], -length[i]))
    yield sorted(everything, key=lambda i: (-heaviest[i], sizes[i]))
    yield sorted(everything, key=lambda i: (-sizes[i] * length[i], -sizes[i]))
    yield sorted(everything, key=lambda i: (-length[i], -sizes[i]))
    yield sorted(everything, key=lambda i: (-buffers[i].first_step, -sizes[i]))
    yield sorted(everything, key=lambda i: (buffers[i].first_step, -sizes[i]))


def _search(separation: Separation, starts: Sequence[Offsets], goal: int, work: int) -> Offsets:
    """The best placement found from ``starts`` (best first) with ``work`` placed buffers, or one that meets ``goal``.

    Taking the buffers of a placement from the lowest to the highest puts none of them higher than it was.
    """
    orders = dict.fromkeys(tuple(sorted(range(len(s)), key=lambda i: (s[i], i))) for s in starts)
    best = list(starts[0])
    for seed, order in enumerate(list(orders)[:SEARCH_STARTS]):
        if arena_of(separation, best) <= goal:
            break
        found = _climb(separation, list(order), goal, work // SEARCH_STARTS, random.Random(seed))
        best = min(best, found, key=lambda offsets: arena_of(separation, offsets))
    return best


def _climb(separation: Separation, order: list[int], goal: int, work: int, rng: random.Random) -> Offsets:
    """Move one buffer at a time in the order. Equal arenas are accepted, now and then a slightly larger one."""
    current, offsets = order, place_low(separation, order)
    arena = best_arena = arena_of(separation, offsets)
    best = offsets
    for _ in range(work // max(len(order), 1)):
        if best_arena <= goal:
            break
        trial = _move_one(separation, current, offsets, rng)
        trial_offsets = place_low(separation, trial)
        trial_arena = arena_of(separation, trial_offsets)
        if trial_arena <= arena or (trial_arena <= arena + arena // 20 and rng.random() < 0.02):
            current, offsets, arena = trial, trial_offsets, trial_arena
        if trial_arena < best_arena:
            best, best_arena = trial_offsets, trial_arena
    return best


def _move_one(separation: Separation, order: list[int], offsets: Offsets, rng: random.Random) -> list[int]:
    """``order`` with one buffer elsewhere: a highest or lowest one or a neighbour of it, mostly beside its neighbours."""
    ends = [o + s for o, s in zip(offsets, separation.sizes)]
    top = max(ends)
    moved = rng.choice([i for i in order if ends[i] == top or offsets[i] == 0])
    for _ in range(rng.choice((0, 1, 1, 2))):
        moved = rng.choice(list(separation.above[moved]) or [moved])
    rest = [i for i in order if i != moved]
    neighbours = list(separation.above[moved])
    if neighbours and rng.random() < 0.7:
        to = rest.index(rng.choice(neighbours)) + rng.randrange(2)
    else:
        to = rng.randrange(len(order))
    return rest[:to] + [moved] + rest[to:]
