"""The fit of the work model: its features are the model's own, and it finds numbers that it was given."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.fit_work import HUNDRED, Glue, count_all, describe_glue, fit, make_sample, single_numbers
from mcupatch.model_file import load_model_file
from mcupatch.pipeline import read_graph
from mcupatch.plan_schedules import SchedulePlanner
from mcupatch.schedule.work import WorkModel, operator_work


def test_features_by_numbers_are_what_the_model_predicts() -> None:
    graph = read_graph(load_model_file("zoo:mcunet_in0@48"), "int8", False)
    planner = SchedulePlanner(graph)
    schedule = planner.find_least(0)
    model, numbers = WorkModel(), single_numbers(graph)
    work = operator_work(graph, model)
    counts = count_all(graph, schedule)
    assert {is_tiled for _, is_tiled in counts} == {False, True}
    for op, (count, is_tiled) in enumerate(counts):
        sample = make_sample(numbers, op, count, 1, is_tiled)
        predicted = sum(
            getattr(getattr(model, kernel), field) * value
            for (kernel, field), value in sample.features.items()
        )
        # the model rounds each of its coefficients
        assert predicted == pytest.approx(work[op].of(count), rel=1e-3)


def test_the_fit_finds_the_numbers_behind_what_it_is_shown() -> None:
    rng = np.random.default_rng(1)
    numbers = np.array([0.7, 120.0, 3.5])
    rows = rng.integers(1, 1000, (40, 3)).astype(float)
    np.testing.assert_allclose(fit(rows, rows @ numbers), numbers, rtol=1e-6)


def test_moves_are_fitted_to_the_runs_that_move() -> None:
    runs = [
        Glue(copies, nbytes, copies * 50 + nbytes // 4)
        for copies, nbytes in ((10, 4000), (300, 800), (7, 7000))
    ]
    runs.append(replace(runs[0], copies=0, nbytes=0, instructions=900))
    assert describe_glue(runs) == f"move={50 * HUNDRED}, moved_byte={HUNDRED // 4}"
