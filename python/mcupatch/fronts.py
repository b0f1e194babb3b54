"""The Pareto fronts of a network's schedules, planned: SRAM against extra MACs, and against predicted instructions."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mcupatch.describe import describe_stages
from mcupatch.errors import Infeasible
from mcupatch.explanation import explain_schedule
from mcupatch.ir.graph import Graph
from mcupatch.options import CompileOptions
from mcupatch.pipeline import decide_for_board
from mcupatch.plan_schedules import SchedulePlanner
from mcupatch.report.figures import Fronts, PlannedPoint
from mcupatch.report.fronts import spread
from mcupatch.schedule.cost import extra_macs, total_macs
from mcupatch.schedule.explain import title_schedule
from mcupatch.schedule.search import FrontPoint, find_instructions_front, find_macs_front
from mcupatch.schedule.stage import Schedule
from mcupatch.schedule.streaming import find_streamed_inputs
from mcupatch.schedule.whole import is_whole
from mcupatch.target.board import arena_budget, load_board


class FrontSearch:
    """The fronts of ``graph``, as ``options`` would have it compiled.

    ``with_budget``: the points are compared with the budget of the board that they name, and the schedule that the
    compilation would take is among them.
    """

    def __init__(self, graph: Graph, options: CompileOptions, with_budget: bool = False) -> None:
        self.graph = graph
        streamed = find_streamed_inputs(graph) if options.stream_input else ()
        self._model = options.work_model
        self.planner = SchedulePlanner(graph, streamed, self._model)
        self.budget_bytes: int | None = None
        self.taken: Schedule | None = None
        self.miss = ""
        if with_budget:
            board = load_board(options.board, options.sram_bytes)
            self.budget_bytes = arena_budget(board)
            try:
                self.taken = decide_for_board(graph, options, board, self.planner.streamed).schedule
            except Infeasible as error:
                self.miss = str(error)

    def find(self, max_extra_macs: float, most: int | None = None) -> Fronts:
        """Extra MACs up to a share of the network's. Of each front at most ``most`` points are planned (None: all).

        Raises Infeasible where the streamed inputs cannot come row by row.
        """
        whole = total_macs(self.graph)
        problem = self.planner.problem
        by_macs = find_macs_front(problem, int(whole * max_extra_macs)).points
        by_instructions = find_instructions_front(problem).points
        taken_kept = None if self.taken is None or self._extra_macs(self.taken) else self.taken
        planned_by_macs = [self.planner.shrink(point) for point in _choose(by_macs, most)]
        planned_by_instructions = [point.schedule for point in _choose(by_instructions, most)]
        least = self.planner.find_least(0)
        return Fronts(
            self.graph.name,
            whole,
            self.budget_bytes,
            None if self.planner.plain is None else self._describe(self.planner.plain),
            self._keep_best([*planned_by_macs, least, self.taken], self._extra_macs),
            self._keep_best([*planned_by_instructions, least, taken_kept], self.planner.instructions),
            _count(by_macs, least, self.taken),
            _count(by_instructions, least, taken_kept),
            self.miss,
        )

    def explain(self) -> list[str]:
        """Why the schedule that a compilation takes is cut as it is; without a budget, the smallest one
        that recomputes nothing.
        """
        schedule = self.taken or self.planner.find_least(0)
        return explain_schedule(self.graph, schedule, self._model)

    def _keep_best(
        self, found: Sequence[Schedule | None], cost: Callable[[Schedule], int]
    ) -> tuple[PlannedPoint, ...]:
        """Planned, in the order of their arenas, without those that another one beats, the plain one included.

        The schedule that is taken stays.
        """
        arena = self.planner.arena_bytes
        schedules = dict.fromkeys(s for s in (*found, self.planner.plain) if s is not None)
        cheapest: int | None = None
        kept: list[Schedule] = []
        for schedule in sorted(schedules, key=lambda s: (arena(s), cost(s))):
            better = cheapest is None or cost(schedule) < cheapest
            cheapest = cost(schedule) if better else cheapest
            if (better or schedule == self.taken) and schedule != self.planner.plain:
                kept.append(schedule)
        return tuple(self._describe(schedule) for schedule in kept)

    def _extra_macs(self, schedule: Schedule) -> int:
        return extra_macs(self.graph, schedule)

    def _describe(self, schedule: Schedule) -> PlannedPoint:
        arena_bytes = self.planner.arena_bytes(schedule)
        tiled = tuple(stage for stage in describe_stages(self.graph, schedule) if stage.is_tiled)
        return PlannedPoint(
            arena_bytes,
            self._extra_macs(schedule),
            self.planner.instructions(schedule),
            len(schedule.stages),
            "layer by layer" if schedule == self.planner.plain else _title(self.graph, schedule),
            None if self.budget_bytes is None else arena_bytes <= self.budget_bytes,
            schedule == self.taken,
            tiled,
        )


def _choose(points: Sequence[FrontPoint], most: int | None) -> Sequence[FrontPoint]:
    return points if most is None else spread(points, most)


def _count(points: Sequence[FrontPoint], *more: Schedule | None) -> int:
    """How many schedules there are, those of the search and ``more``."""
    return len({*(point.schedule for point in points), *more} - {None})


def _title(graph: Graph, schedule: Schedule) -> str:
    """``3x3 patches, 40 whole`` or ``4 in tiles, 41 whole``: short enough for a table."""
    whole = sum(is_whole(graph, stage) for stage in schedule.stages)
    tiled = len(schedule.stages) - whole
    if tiled == 0:
        return "all whole"
    title = title_schedule(graph, schedule) if tiled == 1 else f"{tiled} in tiles"
    return f"{title}, {whole} whole" if whole else title
