"""The loop of a tuning: search, predict, measure, learn.

search    the exact search, with the work of every operator scaled by what was measured and a little by chance,
          gives whole schedules; their stages go into one pool
predict   the learned model prices every stage; the pool combines them
measure   the most promising schedules whose plans fit, and now and then one that is less so
learn     from every operator of what was measured
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from mcupatch.schedule.search import FrontPoint, search_front
from mcupatch.schedule.search_problem import KEEP_ALL, RECOMPUTE, SearchProblem, SearchSpace, scale_work
from mcupatch.schedule.stage import Schedule
from mcupatch.tuning.features import FeatureReader, Floats
from mcupatch.tuning.learned_model import LearnedModel
from mcupatch.tuning.record import Record
from mcupatch.tuning.stage_pool import StagePool

BATCH = 4  # schedules that are measured between two lessons; the last of them by chance
BY_CHANCE = 30  # among so many
MOST_PLANS = 40  # made in vain for one batch
OVER = 8  # the search counts up to one part in so many more bytes than a plan needs
PLANNED_OVER = 24  # of the schedules that it counts above the budget, so many are planned
DRY = 6  # searches one after the other that find nothing promising
SAME = 1e-4  # schedules whose expected costs differ by no more of the best are taken for the same
HOPELESS = 1.02  # a schedule that is expected to cost so much more than the best is not measured,
UNLIKELY = 1.5  # but where there is no other, one of these is: the model may be wrong about it
NOISE = 0.15  # of the logarithm of the work, so that the search finds others

FINE = SearchSpace(
    (1, 2, 4, 6, 8, 0), (1, 2, 4, 8, 12, 16, 24, 0), (2, 3, 4, 5, 6, 8), most_recomputed=1, recompute_all=True
)
SPACES = (KEEP_ALL, RECOMPUTE, FINE)


@dataclass(frozen=True)
class Trial:
    """``predicted``: its cost by the learned model before it was measured (None: nothing was learned yet)."""

    record: Record
    predicted: float | None


class ScheduleTuner:
    """The trials of one network within ``budget_bytes`` of arena.

    ``fits`` plans a schedule; ``measure`` builds and runs it (None: its firmware does not fit).
    """

    def __init__(
        self,
        problem: SearchProblem,
        reader: FeatureReader,
        budget_bytes: int,
        fits: Callable[[Schedule], bool],
        measure: Callable[[Schedule], Record | None],
        seed: int,
    ) -> None:
        self._problem, self._reader, self._budget_bytes = problem, reader, budget_bytes
        self._fits, self._measure = fits, measure
        self._model = LearnedModel(seed)
        self._random = np.random.default_rng(seed)
        self._pool = StagePool(len(problem.graph.ops), budget_bytes, problem.streamed)
        self._measured: dict[Schedule, Record] = {}
        self._refused: set[Schedule] = set()  # their plans or firmwares are too large

    def run(self, known: Iterable[Record], trials: int) -> Iterator[Trial]:
        """Up to ``trials`` measurements. ``known``, at least one, were measured before and fit."""
        for record in known:
            self._remember(record)
        left = trials
        for space in SPACES:
            self._search(space, 0.0)
        dry = 0
        while left > 0 and dry < DRY:
            self._learn()
            batch = self._choose(min(BATCH, left), HOPELESS)
            dry = 0 if batch else dry + 1
            if not batch:
                self._search(SPACES[dry % len(SPACES)], NOISE)
                batch = self._choose(1, UNLIKELY)
            for predicted, schedule in batch:
                trial = self._try(schedule, predicted)
                left -= 1
                if trial is not None:
                    yield trial

    def _try(self, schedule: Schedule, predicted: float) -> Trial | None:
        record = self._measure(schedule)
        if record is None:
            self._refused.add(schedule)
            return None
        self._remember(record)
        return Trial(record, predicted)

    def _remember(self, record: Record) -> None:
        self._measured[record.schedule] = record
        self._pool.add(record.schedule.stages)

    def _search(self, space: SearchSpace, noise: float) -> None:
        """Schedules of least work, as far as it is known, at every number of bytes up to the budget."""
        factors = self._ratios() * np.exp(noise * self._random.standard_normal(len(self._problem.graph.ops)))
        move = float(np.exp(noise * self._random.standard_normal()))
        budget = self._budget_bytes + self._budget_bytes // OVER
        points = search_front(
            scale_work(self._problem, factors.tolist(), move), space, budget, work_first=True
        )
        for point in points:
            self._pool.add_point(point)
        self._plan_over([point for point in points if point.bytes > self._budget_bytes])

    def _plan_over(self, points: list[FrontPoint]) -> None:
        for point in points[:PLANNED_OVER]:
            if self._fits(point.schedule):
                self._pool.add(point.schedule.stages)

    def _ratios(self) -> Floats:
        """Of each operator: what was measured, by what the fitted model says of the same calls."""
        runs = [self._reader.read(schedule.stages) for schedule in self._measured]
        modelled = np.sum([np.concatenate([stage.modelled for stage in run]) for run in runs], axis=0)
        measured = np.sum([record.operators for record in self._measured.values()], axis=0)
        return np.asarray(np.maximum(measured, 1) / modelled)

    def _learn(self) -> None:
        runs = [self._reader.read(schedule.stages) for schedule in self._measured]
        records = self._measured.values()
        self._model.fit(
            runs,
            np.array([record.operators for record in records], float),
            np.array([record.glue for record in records], float),
        )

    def _choose(self, count: int, hopeless: float) -> list[tuple[float, Schedule]]:
        """Up to ``count`` schedules that fit, with their predicted costs: the best ones, and the last one by chance.

        None is expected to cost more than ``hopeless`` times the best that was measured.
        """
        best = min(record.cost for record in self._measured.values())
        stages = self._pool.stages
        price = dict(zip(stages, self._model.predict(self._reader.read(stages)).tolist()))

        def rounded(cost: float) -> int:
            return round(cost / best / SAME)

        seen = {rounded(sum(map(price.__getitem__, schedule.stages))) for schedule in self._measured}
        found: list[tuple[float, Schedule]] = []
        plans = 0
        for cost, schedule in self._pool.combine(list(price.values())):
            if cost > best * hopeless or len(found) == BY_CHANCE or plans == MOST_PLANS:
                break
            if schedule in self._measured or schedule in self._refused or rounded(cost) in seen:
                continue
            plans += 1
            if self._fits(schedule):
                found.append((cost, schedule))
                seen.add(rounded(cost))
            else:
                self._refused.add(schedule)
        if len(found) <= count:
            return found
        return [*found[: count - 1], found[int(self._random.integers(count - 1, len(found)))]]
