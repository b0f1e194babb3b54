"""Schedules from the search, planned: the search counts bytes, the planner places them, and what it finds decides."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from mcupatch.errors import BadInput, Infeasible
from mcupatch.ir.graph import Graph
from mcupatch.memory.plan import MemoryPlan
from mcupatch.memory.planner import plan_memory
from mcupatch.schedule.cost import extra_macs, total_macs
from mcupatch.schedule.explain import describe_bottleneck, describe_schedule, format_bytes
from mcupatch.schedule.stage import Schedule
from mcupatch.schedule.whole import plan_layer_by_layer
from mcupatch.schedule.work import WorkModel, predicted_instructions
from mcupatch.scratch import find_operator_scratch, find_schedule_scratch

if TYPE_CHECKING:
    from mcupatch.schedule.search import FrontPoint, SearchProblem

TRIES = 6  # placements that may miss the search's bytes before the smallest arena is taken


class SchedulePlanner:
    """Memory plans of one network's schedules, each made once, and the choice among those of the search.

    ``streamed`` are the model inputs that come row by row.
    """

    def __init__(self, graph: Graph, streamed: tuple[str, ...] = ()) -> None:
        self.graph, self.streamed = graph, streamed
        self._plans: dict[Schedule, MemoryPlan] = {}

    def plan(self, schedule: Schedule) -> MemoryPlan:
        if schedule not in self._plans:
            scratch = find_schedule_scratch(self.graph, schedule)
            self._plans[schedule] = plan_memory(self.graph, schedule, scratch)
        return self._plans[schedule]

    def arena_bytes(self, schedule: Schedule) -> int:
        return self.plan(schedule).arena_bytes

    @cached_property
    def plain(self) -> Schedule | None:
        """Layer by layer, or None where a streamed input forbids it."""
        try:
            return plan_layer_by_layer(self.graph, self.streamed)
        except BadInput:
            return None

    @cached_property
    def problem(self) -> SearchProblem:
        from mcupatch.schedule.search import build_problem

        scratch = find_operator_scratch(self.graph)
        return build_problem(self.graph, scratch, WorkModel(), self.streamed)

    @cached_property
    def front(self) -> tuple[FrontPoint, ...]:
        """The fewest extra MACs for every number of bytes, by the search's count; bytes ascend."""
        from mcupatch.schedule.search import find_front

        return find_front(self.problem, "macs").points

    def find_fitting(self, budget_bytes: int) -> Schedule:
        """Layer by layer if that fits, else the fewest extra MACs, then instructions, that do.

        Raises Infeasible, which says by how much the smallest schedule misses the budget and what is in the way.
        """
        if self.plain is not None and self.arena_bytes(self.plain) <= budget_bytes:
            return self.plain
        from mcupatch.schedule.search import find_cheapest

        asked = budget_bytes
        for _ in range(TRIES):
            point = find_cheapest(self.problem, asked)
            if point is None:
                break
            excess = self.arena_bytes(point.schedule) - budget_bytes
            if excess <= 0:
                return point.schedule
            asked = point.bytes - max(excess, 1)
        least = self.find_least(None)
        if self.arena_bytes(least) <= budget_bytes:
            return least
        raise self._explain_miss(budget_bytes, least)

    def find_least(self, max_extra_macs: int | None) -> Schedule:
        """The smallest arena with at most so many extra MACs; equal ones: fewer MACs, then fewer instructions."""
        candidates = [self.plain] if self.plain is not None else []
        tried = 0
        for point in self.front:
            if max_extra_macs is not None and point.extra_macs > max_extra_macs:
                continue
            best = min(map(self.arena_bytes, candidates), default=point.bytes)
            if point.bytes > best or tried == TRIES:
                break
            candidates.append(point.schedule)
            tried += 1
        if not candidates:
            raise Infeasible("No schedule of this model can take its input row by row.")
        return min(candidates, key=self._order)

    def _order(self, schedule: Schedule) -> tuple[int, int, int]:
        cost = extra_macs(self.graph, schedule)
        return self.arena_bytes(schedule), cost, predicted_instructions(self.graph, schedule)

    def smallest(self, shares: tuple[float | None, ...]) -> Iterator[Schedule]:
        """``find_least`` for each share of the network's MACs; None is "whatever it takes"."""
        for share in shares:
            yield self.find_least(None if share is None else int(share * total_macs(self.graph)))

    def _explain_miss(self, budget: int, least: Schedule) -> Infeasible:
        need = self.arena_bytes(least)
        over = need - budget
        exactly = format_bytes(budget) + (f" ({budget} bytes)" if budget >= 1024 else "")
        return Infeasible(
            f"No schedule fits {exactly} of arena: the smallest, {describe_schedule(self.graph, least)}, "
            f"needs {format_bytes(need)}, {over} byte{'' if over == 1 else 's'} too many, most of it at "
            f"{describe_bottleneck(self.graph, least)}. "
            f"Give it at least {need} bytes, or a smaller input or network.",
            need,
        )
