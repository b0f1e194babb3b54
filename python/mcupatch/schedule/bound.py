"""What must lie in the arena at each step at least: a cheap bound for any placement, and the story of a bottleneck.

Scratch is not known here, so the memory planner's own bound may be higher; it is never lower.
"""

from __future__ import annotations

from dataclasses import dataclass

from mcupatch.ir.graph import Graph
from mcupatch.schedule.holdings import Holding, Place, find_holdings, lay_out_schedule
from mcupatch.schedule.stage import Schedule
from mcupatch.schedule.trailing import union_bytes
from mcupatch.schedule.trails import Trail, find_trails


@dataclass(frozen=True)
class StepLoad:
    """Bytes needed at least while operator ``step`` runs, and what is held there, largest first."""

    step: int
    nbytes: int
    held: tuple[Holding, ...]


def step_loads(graph: Graph, schedule: Schedule) -> list[StepLoad]:
    """The load of every step, outputs over dying inputs where that is legal."""
    layouts = lay_out_schedule(graph, schedule)
    holdings = find_holdings(graph, schedule, layouts)
    trails = find_trails(graph, schedule, layouts, holdings)
    loads = []
    for step in range(len(graph.ops)):
        here = [h for h in holdings if h.first <= step <= h.last]
        total = sum(h.nbytes for h in here) - _shared_bytes(here, trails, step)
        loads.append(StepLoad(step, total, tuple(sorted(here, key=lambda h: -h.nbytes))))
    return loads


def _shared_bytes(here: list[Holding], trails: tuple[Trail, ...], step: int) -> int:
    """How many bytes outputs may share with inputs that die, at most."""
    sizes = {h.name: h.nbytes for h in here if h.place not in (Place.CACHE, Place.SUMS)}
    pairs: dict[str, list[tuple[int, int]]] = {}
    for trail in trails:
        if trail.first <= step <= trail.last:
            distance = min(trail.distance, sizes[trail.output])
            pairs.setdefault(trail.output, []).append((sizes[trail.input], distance))
    return sum(
        sizes[output] + sum(nbytes for nbytes, _ in trailed) - union_bytes(sizes[output], trailed)
        for output, trailed in pairs.items()
    )
