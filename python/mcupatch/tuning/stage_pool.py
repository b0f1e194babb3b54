"""Stages from many schedules, and the schedules that can be put together from them.

What a stage costs and how many bytes it needs does not depend on how the rest of the network is cut, so that stages
that follow each other make a schedule, whatever schedules they come from:

    found    [0-5][6][7-9]    [0-3][4-6][7-9]    [0-5][6-9]
    new      [0-3][4-6][7-9] with the [7-9] of the first; ...
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

from mcupatch.schedule.search import FrontPoint
from mcupatch.schedule.stage import Schedule, Stage


class StagePool:
    """The stages of a network of ``operators`` operators that need no more than ``budget_bytes`` by the search's count.

    Those of a schedule whose plan fits are in it too, whatever the search counts.
    """

    def __init__(self, operators: int, budget_bytes: int, streamed: tuple[str, ...]) -> None:
        self._operators, self._budget_bytes, self._streamed = operators, budget_bytes, streamed
        self._stages: dict[Stage, None] = {}

    @property
    def stages(self) -> tuple[Stage, ...]:
        """In the order in which they came."""
        return tuple(self._stages)

    def add_point(self, point: FrontPoint) -> None:
        """The stages of ``point`` that fit on their own."""
        stages = zip(point.schedule.stages, point.stage_bytes)
        self.add(stage for stage, nbytes in stages if nbytes <= self._budget_bytes)

    def add(self, stages: Iterable[Stage]) -> None:
        """Stages that are known to fit."""
        self._stages.update(dict.fromkeys(stages))

    def combine(self, costs: Sequence[float]) -> Iterator[tuple[float, Schedule]]:
        """The best schedule through each stage, ascending in cost, each once. ``costs``: of ``stages``, in their order."""
        stages = self.stages
        by_first: dict[int, list[int]] = {}
        for index, stage in enumerate(stages):
            by_first.setdefault(stage.first, []).append(index)
        before: list[tuple[float, int]] = [(math.inf, -1)] * (self._operators + 1)  # cost, last stage
        before[0] = (0.0, -1)
        for first in range(self._operators):
            for index in by_first.get(first, ()):
                stop = stages[index].last + 1
                before[stop] = min(before[stop], (before[first][0] + costs[index], index))
        after: list[tuple[float, int]] = [(math.inf, -1)] * self._operators + [(0.0, -1)]  # cost, next stage
        for first in reversed(range(self._operators)):
            reached = (
                (costs[index] + after[stages[index].last + 1][0], index) for index in by_first.get(first, ())
            )
            after[first] = min(reached, default=after[first])
        through = sorted(
            (before[stage.first][0] + costs[i] + after[stage.last + 1][0], i)
            for i, stage in enumerate(stages)
        )
        seen = set()
        for cost, index in through:
            if cost == math.inf:
                return
            schedule = self._follow(index, before, after)
            if schedule not in seen:
                seen.add(schedule)
                yield cost, schedule

    def _follow(
        self, index: int, before: Sequence[tuple[float, int]], after: Sequence[tuple[float, int]]
    ) -> Schedule:
        stages = self.stages
        path = [stages[index]]
        while path[0].first > 0:
            path.insert(0, stages[before[path[0].first][1]])
        while path[-1].last + 1 < self._operators:
            path.append(stages[after[path[-1].last + 1][1]])
        return Schedule(tuple(path), self._streamed)
