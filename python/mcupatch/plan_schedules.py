"""Schedules from the search, planned: the search counts bytes, the planner places them, and what it finds decides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

from mcupatch.errors import BadInput, Infeasible
from mcupatch.ir.graph import Graph
from mcupatch.kernels import find_scratch_bytes
from mcupatch.memory.plan import MemoryPlan
from mcupatch.memory.planner import plan_memory
from mcupatch.schedule.cost import extra_macs, total_macs
from mcupatch.schedule.explain import describe_bottleneck, describe_schedule, format_bytes
from mcupatch.schedule.search import find_cheapest, find_least_sram, find_smallest
from mcupatch.schedule.search_problem import SearchProblem, build_problem
from mcupatch.schedule.stage import Schedule
from mcupatch.schedule.whole import plan_layer_by_layer
from mcupatch.schedule.work import predicted_instructions
from mcupatch.scratch import find_column_scratch, find_schedule_scratch

TRIES = 6  # schedules of the search that are planned before the best of them is taken
MOST_EXTRA = 4  # times the MACs of the network: more recomputation never pays


class SchedulePlanner:
    """Memory plans of one network's schedules, each made once, and the choice among those of the search.

    ``streamed`` are the model inputs that come row by row.
    """

    def __init__(self, graph: Graph, streamed: tuple[str, ...] = ()) -> None:
        self.graph, self.streamed = graph, streamed
        self._plans: dict[Schedule, MemoryPlan] = {}

    def plan(self, schedule: Schedule) -> MemoryPlan:
        """The memory plan of ``schedule``, with the scratch that its calls need."""
        if schedule not in self._plans:
            scratch = find_schedule_scratch(self.graph, schedule)
            self._plans[schedule] = plan_memory(self.graph, schedule, scratch)
        return self._plans[schedule]

    def arena_bytes(self, schedule: Schedule) -> int:
        """Bytes of the planned arena."""
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
        """What is searched."""
        scratch, column_scratch = find_scratch_bytes(self.graph), find_column_scratch(self.graph)
        return build_problem(self.graph, scratch, column_scratch, self.streamed)

    def find_fitting(self, budget_bytes: int) -> Schedule:
        """Layer by layer if that fits, else the fewest extra MACs, then instructions, that do by the search's count.

        Where the plan of such a schedule needs more than the search counts, the next one asked for is smaller by that.
        Raises Infeasible, which says by how much the smallest schedule misses the budget and what is in the way.
        """
        if self.plain is not None and self.arena_bytes(self.plain) <= budget_bytes:
            return self.plain
        smallest = find_smallest(self.problem)  # quickly tells whether to look for the cheapest one at all
        asked = budget_bytes
        for _ in range(TRIES):
            point = find_cheapest(self.problem, asked) if smallest.bytes <= asked else None
            if point is None:
                break
            excess = self.arena_bytes(point.schedule) - budget_bytes
            if excess <= 0:
                return point.schedule
            asked = point.bytes - excess
        least = min(smallest.schedule, self.find_least(0), key=self.arena_bytes)
        if self.arena_bytes(least) <= budget_bytes:
            return least
        raise self.explain_miss(budget_bytes, least)

    def find_least(self, max_extra_macs: int | None) -> Schedule:
        """The smallest arena with at most so many extra MACs (None: any number); equal ones: the least work.

        Layer by layer is the answer unless another schedule is smaller.
        """
        if not self.graph.ops:
            return Schedule(())
        limit = total_macs(self.graph) * MOST_EXTRA if max_extra_macs is None else max_extra_macs
        candidates = [*self._smallest(limit)]
        if self.plain is not None:
            candidates.append(self.plain)
        return min(candidates, key=self._order)

    def _smallest(self, max_extra_macs: int) -> Iterator[Schedule]:
        """The schedule of least bytes by the search's count; where its plan needs more, others from there up to it.

        Others only without extra MACs: with them each further search takes seconds.
        """
        point = find_least_sram(self.problem, max_extra_macs)
        yield point.schedule
        if max_extra_macs > 0:
            return
        best = self.arena_bytes(point.schedule)
        for k in range(1, TRIES):
            budget = point.bytes + (best - 1 - point.bytes) * k // (TRIES - 1)
            other = find_cheapest(self.problem, budget) if budget > point.bytes else None
            if other is not None:
                yield other.schedule
                best = min(best, self.arena_bytes(other.schedule))

    def _order(self, schedule: Schedule) -> tuple[int, int, int]:
        cost = extra_macs(self.graph, schedule)
        return self.arena_bytes(schedule), cost, predicted_instructions(self.graph, schedule)

    def find_smallest(self, shares: Iterable[float | None]) -> Iterator[Schedule]:
        """``find_least`` for each share of the network's MACs; None is any number."""
        for share in shares:
            yield self.find_least(None if share is None else int(share * total_macs(self.graph)))

    def explain_miss(self, budget: int, least: Schedule) -> Infeasible:
        """That not even the schedule ``least`` fits, and by how much."""
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
