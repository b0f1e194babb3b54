"""The loop of a tuning on a chip that is made up: operators cost what a hidden rule says, and the tuner finds it out."""

from __future__ import annotations

import importlib.util
import sys

import numpy as np
import pytest

from mcupatch.errors import ToolMissing
from mcupatch.plan_schedules import SchedulePlanner
from mcupatch.schedule.stage import Schedule
from mcupatch.schedule.work import operator_work
from mcupatch.tuning.features import FeatureReader
from mcupatch.tuning.learned_model import LearnedModel, load_xgboost
from mcupatch.tuning.record import Record, Task
from mcupatch.tuning.tuner import ScheduleTuner, Trial
from tests.support.graphs import GraphBuilder

TASK = Task("", "model", False, None, "cortex-m7", "", "", "", None)
needs_xgboost = pytest.mark.skipif(
    importlib.util.find_spec("xgboost") is None, reason="xgboost is not installed (the extra 'tune')"
)


class HiddenChip:
    """Depthwise convolutions cost half of what the fitted model says, others in wide calls three times as much."""

    def __init__(self) -> None:
        builder = GraphBuilder("net")
        x = builder.conv(builder.input(48, 48, 3), 8, kernel=3, stride=2, pad=1)
        for stride in (1, 2, 1):
            x = builder.conv(x, 24)
            x = builder.depthwise(x, kernel=3, stride=stride, pad=1)
            x = builder.conv(x, 8)
        self.planner = SchedulePlanner(builder.build(x))
        self.reader = FeatureReader(self.planner.graph, (), operator_work(self.planner.graph))
        self.measured: list[Schedule] = []

    def measure(self, schedule: Schedule) -> Record:
        self.measured.append(schedule)
        stages = self.reader.read(schedule.stages)
        rows = np.array([row for stage in stages for row in stage.operators])
        depthwise = rows[:, 1] == rows[2, 1]
        factors = np.where(depthwise, 0.5, np.where(rows[:, 19] > 8, 3.0, 1.0))
        cost = np.concatenate([stage.modelled for stage in stages]) * factors
        glue = sum(float(stage.glue @ np.array([90.0, 0.3, 5, 60, 300])) for stage in stages)
        arena = self.planner.arena_bytes(schedule)
        return Record(TASK, schedule, (), arena, 0, tuple(cost.astype(int).tolist()), int(glue))

    def tune(self, budget_bytes: int, trials: int, seed: int = 0) -> tuple[Record, list[Trial]]:
        """The untuned record and the trials."""
        untuned = self.measure(self.planner.find_fitting(budget_bytes))
        tuner = ScheduleTuner(
            self.planner.problem,
            self.reader,
            budget_bytes,
            lambda schedule: self.planner.arena_bytes(schedule) <= budget_bytes,
            self.measure,
            seed,
        )
        return untuned, list(tuner.run([untuned], trials))


@needs_xgboost
def test_it_finds_better_schedules_and_learns_what_they_cost() -> None:
    chip = HiddenChip()
    untuned, trials = chip.tune(9_000, 12)
    assert trials and min(trial.record.cost for trial in trials) < untuned.cost
    assert all(trial.record.arena_bytes <= 9_000 for trial in trials)
    assert len(set(chip.measured)) == len(chip.measured) <= 13
    last = trials[-1]
    assert last.predicted is not None
    modelled = sum(float(stage.modelled.sum()) for stage in chip.reader.read(last.record.schedule.stages))
    assert abs(last.predicted / last.record.cost - 1) < abs(modelled / last.record.cost - 1)


@needs_xgboost
def test_it_tries_what_it_thinks_little_of_when_nothing_else_is_left() -> None:
    untuned, trials = HiddenChip().tune(12_000, 12)
    costs = [trial.record.cost for trial in trials]
    assert min(costs[6:]) < 0.95 * min(costs[:6])  # six guesses end where the model is at home
    assert min(costs) < 0.8 * untuned.cost


@needs_xgboost
def test_the_same_seed_gives_the_same_trials() -> None:
    runs = [[trial.record for trial in HiddenChip().tune(9_000, 8, seed)[1]] for seed in (3, 3)]
    assert runs[0] == runs[1] and runs[0]


@needs_xgboost
def test_what_does_not_fit_the_flash_is_left_out_and_not_tried_again() -> None:
    chip = HiddenChip()
    untuned = chip.measure(chip.planner.find_fitting(9_000))
    asked: list[Schedule] = []
    tuner = ScheduleTuner(
        chip.planner.problem, chip.reader, 9_000, lambda schedule: True, lambda s: asked.append(s), 0
    )
    assert list(tuner.run([untuned], 6)) == []
    assert asked and len(set(asked)) == len(asked) <= 6


@needs_xgboost
def test_before_it_is_fitted_the_learned_model_is_the_fitted_one() -> None:
    chip = HiddenChip()
    stages = chip.reader.read(chip.planner.find_fitting(9_000).stages)
    model = LearnedModel(0)
    expected = [stage.modelled.sum() for stage in stages if not stage.glue[-1]]
    predicted = model.predict([stage for stage in stages if not stage.glue[-1]])
    assert np.all(predicted >= expected) and np.all(predicted <= np.array(expected) + 100)


def test_without_xgboost_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xgboost", None)
    with pytest.raises(ToolMissing, match=r"mcupatch\[tune\]"):
        load_xgboost()
