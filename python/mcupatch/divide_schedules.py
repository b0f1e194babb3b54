"""Schedules whose arena is divided among several memories: the search counts all bytes, the planner decides."""

from __future__ import annotations

from collections.abc import Iterator

from mcupatch.errors import Infeasible
from mcupatch.memory.plan import MemoryPlan, Pool
from mcupatch.memory.planner import plan_memory
from mcupatch.plan_schedules import TRIES, SchedulePlanner
from mcupatch.schedule.search import find_cheapest
from mcupatch.schedule.stage import Schedule
from mcupatch.scratch import find_schedule_scratch

SHRINK = 8  # what could not be divided is followed by a schedule of an eighth less, by the search's count


def divide_arena(planner: SchedulePlanner, schedule: Schedule, pools: tuple[Pool, ...]) -> MemoryPlan:
    """The memory plan of ``schedule`` in ``pools``. Raises Infeasible."""
    scratch = find_schedule_scratch(planner.graph, schedule)
    return plan_memory(planner.graph, schedule, scratch, pools=pools)


def find_dividable(planner: SchedulePlanner, pools: tuple[Pool, ...]) -> Schedule:
    """Layer by layer if it can be divided among ``pools``, else the fewest extra MACs, then instructions, that can.

    Or, where that is larger than all of them, the smallest there is. Raises Infeasible where it cannot be divided.
    """
    total = sum(pool.nbytes for pool in pools)
    if len(pools) == 1:
        return planner.find_fitting(total)
    for schedule in _candidates(planner, total):
        try:
            divide_arena(planner, schedule, pools)
            return schedule
        except Infeasible:
            continue
    least = planner.find_least(None)
    if planner.arena_bytes(least) <= total:
        divide_arena(planner, least, pools)
    return least


def _candidates(planner: SchedulePlanner, total: int) -> Iterator[Schedule]:
    """Layer by layer, then what the search finds in fewer and fewer bytes."""
    if planner.plain is not None:
        yield planner.plain
    asked = total
    for _ in range(TRIES):
        point = find_cheapest(planner.problem, asked)
        if point is None:
            return
        yield point.schedule
        excess = planner.arena_bytes(point.schedule) - total
        asked = point.bytes - (excess if excess > 0 else max(point.bytes // SHRINK, 1))
