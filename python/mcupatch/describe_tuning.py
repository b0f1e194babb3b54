"""The figures of a tuning, from what it measured."""

from __future__ import annotations

from mcupatch.ir.graph import Graph
from mcupatch.report.tuning import TrialFigures, TuningFigures
from mcupatch.schedule.cost import extra_macs, total_macs
from mcupatch.schedule.whole import is_whole
from mcupatch.schedule.work import predicted_instructions
from mcupatch.tune import Outcome
from mcupatch.tuning.record import Record


def describe_tuning(outcome: Outcome, name: str, board: str, cost: str, known: int) -> TuningFigures:
    """``known``: how many records there were before."""
    graph = outcome.graph
    return TuningFigures(
        name,
        total_macs(graph),
        board,
        outcome.task.cpu,
        cost,
        _describe(graph, outcome.untuned, None),
        _describe(graph, outcome.best, None),
        tuple(_describe(graph, trial.record, trial.predicted) for trial in outcome.trials),
        known,
        outcome.interrupted,
    )


def _describe(graph: Graph, record: Record, expected: float | None) -> TrialFigures:
    schedule = record.schedule
    return TrialFigures(
        record.cost,
        expected,
        predicted_instructions(graph, schedule),
        record.arena_bytes,
        record.flash_bytes,
        extra_macs(graph, schedule),
        sum(not is_whole(graph, stage) for stage in schedule.stages),
        len(record.wide),
    )
