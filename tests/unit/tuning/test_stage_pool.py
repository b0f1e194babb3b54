"""Stages of several schedules, combined: against every combination there is."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from mcupatch.schedule.search import FrontPoint
from mcupatch.schedule.stage import Schedule, Segment, Stage
from mcupatch.tuning.stage_pool import StagePool


def make_stage(first: int, last: int, rows: int) -> Stage:
    return Stage((Segment(first, last, (rows, 1)),))


def all_paths(stages: list[Stage], operators: int, first: int = 0) -> Iterator[tuple[Stage, ...]]:
    if first == operators:
        yield ()
    for stage in stages:
        if stage.first == first:
            for rest in all_paths(stages, operators, stage.last + 1):
                yield (stage, *rest)


@pytest.mark.parametrize("seed", range(20))
def test_the_best_schedule_through_every_stage(seed: int) -> None:
    rng = random.Random(seed)
    operators = rng.randint(1, 5)
    spans = {tuple(sorted(rng.choices(range(operators), k=2))) for _ in range(rng.randint(1, 8))}
    stages = [make_stage(a, b, rows) for a, b in sorted(spans) for rows in range(1, rng.randint(2, 3))]
    cost = {stage: float(rng.randint(1, 1000)) for stage in stages}
    pool = StagePool(operators, 0, ("image",))
    pool.add(stages)
    found = list(pool.combine([cost[stage] for stage in pool.stages]))

    paths = {path: sum(cost[stage] for stage in path) for path in all_paths(stages, operators)}
    through = {min((c for p, c in paths.items() if s in p), default=None) for s in stages} - {None}
    assert {c for c, _ in found} == through
    assert [c for c, _ in found] == sorted(c for c, _ in found)
    assert len({s for _, s in found}) == len(found)
    assert all(paths[s.stages] == c and s.streamed == ("image",) for c, s in found)


def test_a_stage_that_is_too_large_is_left_out() -> None:
    small, large = make_stage(0, 0, 1), make_stage(1, 1, 1)
    point = FrontPoint(Schedule((small, large)), 200, 0, 0, (100, 200))
    pool = StagePool(2, 150, ())
    pool.add_point(point)
    assert pool.stages == (small,) and list(pool.combine([1.0])) == []
    pool.add([large])
    assert [s.stages for _, s in pool.combine([1.0, 2.0])] == [(small, large)]
