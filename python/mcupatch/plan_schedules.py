"""Schedules from the search, planned: the search counts bytes, the planner places them, and what it finds decides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cached_property

from mcupatch.errors import BadInput
from mcupatch.ir.graph import Graph
from mcupatch.memory.plan import MemoryPlan
from mcupatch.memory.planner import plan_memory
from mcupatch.schedule.alone import run_alone_by_row
from mcupatch.schedule.cost import extra_macs, total_macs
from mcupatch.schedule.search import (
    FrontPoint,
    find_cheapest,
    find_least_sram,
    find_smallest,
    search_front,
)
from mcupatch.schedule.search_problem import (
    KEEP_ALL,
    KEEP_ALL_FINELY,
    RECOMPUTE,
    SearchProblem,
    build_problem,
)
from mcupatch.schedule.stage import Schedule
from mcupatch.schedule.whole import plan_layer_by_layer
from mcupatch.schedule.work import INT8_WEIGHTS, WorkModel, predicted_instructions
from mcupatch.scratch import find_schedule_scratch, find_scratch_by_size

TRIES = 24  # schedules of the search that are planned one by one
NEAR = 48  # the plan of a schedule often needs less than the search counts, by up to one part in so many
NEAR_KEPT = 8  # the same where halos are kept, and the search is quick: more was never seen
ALONE_COLS = (1, 2, 4)  # of the tiles that are tried for operators alone
MOST_EXTRA = 4  # times the MACs of the network: more recomputation never pays


class SchedulePlanner:
    """Memory plans of one network's schedules, each made once, and the choice among those of the search.

    ``streamed`` are the model inputs that come row by row. ``model`` says what is taken for the least work.
    """

    def __init__(self, graph: Graph, streamed: tuple[str, ...] = (), model: WorkModel = INT8_WEIGHTS) -> None:
        self.graph, self.streamed, self._model = graph, streamed, model
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

    def instructions(self, schedule: Schedule) -> int:
        """Those of one run, predicted."""
        return predicted_instructions(self.graph, schedule, self._model)

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
        return build_problem(self.graph, find_scratch_by_size(self.graph), self.streamed, self._model)

    def find_fitting(self, budget_bytes: int) -> Schedule:
        """Layer by layer if that fits, else the fewest extra MACs, then instructions, whose plan does.

        Or the smallest there is, where nothing fits. The search knows schedules in the order of their work. Those
        that it counts a little above the budget may fit as well.
        """
        if self.plain is not None and self.arena_bytes(self.plain) <= budget_bytes:
            return self.plain
        kept = self._find_fitting_kept(budget_bytes) or self.find_least(0)
        if self.arena_bytes(kept) <= budget_bytes:
            return kept
        asked = budget_bytes + budget_bytes // NEAR
        smallest = find_smallest(self.problem)  # quickly tells whether to look for the cheapest one at all
        for tried in range(2 * TRIES):
            point = find_cheapest(self.problem, asked) if smallest.bytes <= asked else None
            if point is None:
                break
            fitting = self._fit(point, budget_bytes)
            if fitting is not None:
                return self._restore(fitting, point.schedule, budget_bytes)
            excess = self.arena_bytes(point.schedule) - budget_bytes
            # one by one; after many of them by as much as is missing
            asked = point.bytes - (1 if tried < TRIES else excess)
        return self.find_least(None)

    def _find_fitting_kept(self, budget_bytes: int) -> Schedule | None:
        """Of the schedules that recompute nothing the one of least instructions whose plan fits, or None."""
        best: tuple[int, Schedule, Schedule] | None = None
        points = search_front(self.problem, KEEP_ALL_FINELY, budget_bytes + budget_bytes // NEAR_KEPT)
        for point in reversed(points):  # from the least work
            if best is not None and best[0] <= point.instructions:
                break
            fitting = self._fit(point, budget_bytes)
            if fitting is not None:
                work = self.instructions(fitting)
                if best is None or work < best[0]:
                    best = work, fitting, point.schedule
        return None if best is None else self._restore(best[1], best[2], budget_bytes)

    def find_least(self, max_extra_macs: int | None) -> Schedule:
        """The smallest arena with at most so many extra MACs (None: any number); equal ones: the least work.

        Layer by layer is the answer unless another schedule is smaller.
        """
        if not self.graph.ops:
            return Schedule(())
        limit = total_macs(self.graph) * MOST_EXTRA if max_extra_macs is None else max_extra_macs
        points = self._find_near_least(limit)
        origins = {point.schedule: point.schedule for point in points}
        for point in points:
            for cut in self._cut(point):
                origins.setdefault(cut, point.schedule)
        if self.plain is not None:
            origins[self.plain] = self.plain
        best = min(origins, key=self._order)
        return self._restore(best, origins[best], self.arena_bytes(best))

    def shrink(self, point: FrontPoint) -> Schedule:
        """Its schedule, with smaller tiles for operators alone where that needs less and the plan more than counted."""
        best = min((point.schedule, *self._cut(point)), key=self._order)
        return self._restore(best, point.schedule, self.arena_bytes(best))

    def _fit(self, point: FrontPoint, budget_bytes: int) -> Schedule | None:
        """The point's schedule, or the one of ``_cut`` that takes the least work, if the plan fits."""
        if self.arena_bytes(point.schedule) <= budget_bytes:
            return point.schedule
        if point.bytes > budget_bytes:
            return None
        fitting = [cut for cut in self._cut(point) if self.arena_bytes(cut) <= budget_bytes]
        return min(fitting, key=self.instructions, default=None)

    def _cut(self, point: FrontPoint) -> list[Schedule]:
        """Its schedule with smaller tiles for all operators that it runs alone, if its plan needs more than counted."""
        if self.arena_bytes(point.schedule) <= point.bytes:
            return []
        return [run_alone_by_row(self.graph, point.schedule, cols) for cols in ALONE_COLS]

    def _restore(self, cut: Schedule, whole: Schedule, budget_bytes: int) -> Schedule:
        """``cut`` with the tiles of ``whole`` again wherever that takes less work and fits."""
        least = self.instructions(cut)
        for i, stage in enumerate(whole.stages):
            if stage != cut.stages[i]:
                trial = replace(cut, stages=(*cut.stages[:i], stage, *cut.stages[i + 1 :]))
                work = self.instructions(trial)
                if work <= least and self.arena_bytes(trial) <= budget_bytes:
                    cut, least = trial, work
        return cut

    def _find_near_least(self, max_extra_macs: int) -> list[FrontPoint]:
        """The point of least bytes by the search's count, and those of less work that it counts a little higher.

        The plans of these may need no more. Of many some are planned, then the neighbours of the best of them.
        """
        least = find_least_sram(self.problem, max_extra_macs)
        needed = min(self.arena_bytes(schedule) for schedule in (least.schedule, *self._cut(least)))
        top = max(needed, least.bytes + least.bytes // NEAR)
        space = RECOMPUTE if max_extra_macs > 0 else KEEP_ALL
        others = search_front(self.problem, space, top, max_extra_macs)
        stride = max(1, len(others) // TRIES)
        best = min(range(0, len(others), stride), key=lambda i: self.arena_bytes(others[i].schedule))
        return [least, *others[::stride], *others[max(0, best + 1 - stride) : best + stride]]

    def _order(self, schedule: Schedule) -> tuple[int, int, int]:
        cost = extra_macs(self.graph, schedule)
        return self.arena_bytes(schedule), cost, self.instructions(schedule)

    def find_smallest(self, shares: Iterable[float | None]) -> Iterator[Schedule]:
        """``find_least`` for each share of the network's MACs; None is any number."""
        for share in shares:
            yield self.find_least(None if share is None else int(share * total_macs(self.graph)))
