"""Choosing a schedule: by hand, or the cheapest of all that fits a budget.

``measure`` gives the planned arena of a schedule in bytes. It is the costly part, so candidates are sorted by
what is known without it, and only those that a bound does not rule out are measured.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

from mcupatch.errors import BadInput, Infeasible
from mcupatch.ir.graph import Graph
from mcupatch.schedule.bound import arena_bound
from mcupatch.schedule.candidates import (
    Candidate,
    enumerate_candidates,
    plan_layer_by_layer,
    schedule_with_stage,
)
from mcupatch.schedule.cuts import find_cuts, why_no_cut
from mcupatch.schedule.explain import describe_bottleneck, describe_schedule, format_bytes
from mcupatch.schedule.stage import Schedule, Stage, stage_with_grid

Measure = Callable[[Schedule], int]


class _Arenas:
    """Bounds and measured arenas of candidates, each found once."""

    def __init__(self, graph: Graph, measure: Measure) -> None:
        self._graph, self._measure = graph, measure
        self._bounds: dict[Stage, int] = {}
        self._bytes: dict[Stage, int] = {}

    def bound(self, candidate: Candidate) -> int:
        stage = candidate.stage
        if stage not in self._bounds:
            exact = arena_bound(self._graph, schedule_with_stage(self._graph, stage))
            self._bounds[stage] = max(exact, candidate.bound_bytes)
        return self._bounds[stage]

    def floor(self, candidate: Candidate) -> int:
        """The arena with tiles of one position, all but 2 %: no other grid over the same operators needs less.

        Its buffers are the smallest of all grids; the margin is for placements, which are not always the best.
        """
        last = candidate.stage.last
        height, width, _ = self._graph.output_tensor(self._graph.ops[last]).hwc
        return self._measured(Stage(0, last, (height, width), (1, 1))) * 49 // 50

    def measure(self, candidate: Candidate) -> int:
        return self._measured(candidate.stage)

    def _measured(self, stage: Stage) -> int:
        if stage not in self._bytes:
            self._bytes[stage] = self._measure(schedule_with_stage(self._graph, stage))
        return self._bytes[stage]


def schedule_by_hand(graph: Graph, ops: int, grid: tuple[int, int]) -> Schedule:
    """The first ``ops`` operators in ``grid`` patches (rows x columns), the rest whole; 1x1 is layer by layer.

    Raises BadInput for counts that make no sense and Infeasible where no patch stage may end there.
    """
    if min(grid) < 1:
        raise BadInput(f"The grid {grid[0]}x{grid[1]} needs at least one row and one column of patches.")
    if not 1 <= ops <= len(graph.ops):
        raise BadInput(f"Cannot patch the first {ops} operators: the model has {len(graph.ops)}.")
    if grid == (1, 1):
        return plan_layer_by_layer(graph)
    last = ops - 1
    reason = why_no_cut(graph, last)
    if reason is not None:
        raise Infeasible(
            f"The first {ops} operators cannot run in patches: {reason}. {_nearest_cuts(graph, last)}"
        )
    height, width, _ = graph.output_tensor(graph.ops[last]).hwc
    stage = stage_with_grid(0, last, grid, height, width)
    if not stage.is_patched:
        raise Infeasible(
            f"The result of the first {ops} operators is {height}x{width}: a {grid[0]}x{grid[1]} grid does not cut it. "
            "Cut along the other side or patch fewer operators."
        )
    return schedule_with_stage(graph, stage)


def _nearest_cuts(graph: Graph, last: int) -> str:
    cuts = find_cuts(graph)
    below = [cut + 1 for cut in cuts if cut < last][-1:]
    above = [cut + 1 for cut in cuts if cut > last][:1]
    if not below + above:
        return "No patch stage is possible in this model."
    counts = " or ".join(str(count) for count in below + above)
    return f"Try {counts} operators instead."


def choose_schedule(graph: Graph, budget_bytes: int, measure: Measure) -> Schedule:
    """Layer by layer if that fits the budget, else the patch schedule with the fewest extra MACs that does.

    Equal MACs: the smaller arena, then the fewer patches. Raises Infeasible, which says by how much the best
    schedule misses the budget and what is in the way.
    """
    plain = plan_layer_by_layer(graph)
    plain_bytes = measure(plain)
    if plain_bytes <= budget_bytes:
        return plain
    arenas = _Arenas(graph, measure)
    candidates = enumerate_candidates(graph)
    hopeful = [c for c in candidates if c.bound_bytes <= budget_bytes]
    hopeful.sort(key=lambda c: (c.extra_macs, c.bound_bytes, c.tiles))
    for _, equals in groupby(hopeful, key=lambda c: c.extra_macs):
        best = _smallest(list(equals), arenas, budget_bytes)
        if best is not None:
            return schedule_with_stage(graph, best.stage)
    best = _smallest(candidates, arenas, plain_bytes)
    if best is not None and arenas.measure(best) <= budget_bytes:
        return schedule_with_stage(
            graph, best.stage
        )  # a placement that came out better than its finest grid's
    raise _explain_miss(graph, budget_bytes, plain, plain_bytes, best, arenas)


def smallest_schedule(graph: Graph, measure: Measure, max_extra_macs: int | None = None) -> Schedule:
    """The schedule with the smallest arena, of those with at most ``max_extra_macs`` extra MACs.

    Equal arenas: fewer MACs, then fewer patches. Layer by layer is the answer unless patches are smaller.
    """
    return smallest_schedules(graph, measure, [max_extra_macs])[0]


def smallest_schedules(graph: Graph, measure: Measure, limits: Sequence[int | None]) -> list[Schedule]:
    """``smallest_schedule`` for each of ``limits``; the candidates are enumerated and measured once for all."""
    plain = plan_layer_by_layer(graph)
    plain_bytes = measure(plain)
    candidates, arenas = enumerate_candidates(graph), _Arenas(graph, measure)
    found = []
    for limit in limits:
        cheap = [c for c in candidates if limit is None or c.extra_macs <= limit]
        best = _smallest(cheap, arenas, plain_bytes - 1)
        found.append(plain if best is None else schedule_with_stage(graph, best.stage))
    return found


def _smallest(candidates: list[Candidate], arenas: _Arenas, limit_bytes: int) -> Candidate | None:
    """The candidate of the smallest arena up to ``limit_bytes``; equal arenas: fewer MACs, then fewer patches."""
    best: Candidate | None = None
    best_key = (limit_bytes, 0, 0)
    for candidate in sorted(candidates, key=lambda c: (c.bound_bytes, c.extra_macs, c.tiles)):
        cost = candidate.extra_macs, candidate.tiles
        if candidate.bound_bytes > best_key[0]:
            break
        known = arenas.bound(candidate)
        if known <= best_key[0]:
            known = max(known, arenas.floor(candidate))
        if known > best_key[0] or (best is not None and (known, *cost) >= best_key):
            continue
        key = (arenas.measure(candidate), *cost)
        if key[0] <= limit_bytes and (best is None or key < best_key):
            best, best_key = candidate, key
    return best


def _explain_miss(
    graph: Graph, budget: int, plain: Schedule, plain_bytes: int, best: Candidate | None, arenas: _Arenas
) -> Infeasible:
    schedule, need = plain, plain_bytes
    if best is not None and arenas.measure(best) < plain_bytes:
        schedule, need = schedule_with_stage(graph, best.stage), arenas.measure(best)
    over = need - budget
    exactly = format_bytes(budget) + (f" ({budget} bytes)" if budget >= 1024 else "")
    text = (
        f"No schedule fits {exactly} of arena: the smallest, {describe_schedule(graph, schedule)}, "
        f"needs {format_bytes(need)}, {over} byte{'' if over == 1 else 's'} too many, most of it at "
        f"{describe_bottleneck(graph, schedule)}. "
    )
    if not find_cuts(graph):
        reason = why_no_cut(graph, 0) if graph.ops else None
        text += f"Patches are not possible: {reason}. " if reason else ""
    return Infeasible(text + f"Give it at least {need} bytes, or a smaller input or network.", need)
