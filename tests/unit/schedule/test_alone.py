"""Operators that run alone, row by row in place of what the search chose."""

from __future__ import annotations

from mcupatch.ir.graph import Graph
from mcupatch.schedule.alone import run_alone_by_row
from mcupatch.schedule.check import check_schedule
from mcupatch.schedule.stage import Schedule, Segment, Stage
from tests.support.graphs import GraphBuilder


def three_convolutions_and_a_mean() -> Graph:
    builder = GraphBuilder("alone")
    x = builder.input(8, 8, 2)
    for _ in range(3):
        x = builder.conv(x, 2, kernel=3, pad=1)
    return builder.build(builder.mean(x))


def staged(*segments: Segment) -> Schedule:
    return Schedule(tuple(Stage((s,)) for s in segments))


def test_one_row_and_so_many_columns() -> None:
    graph = three_convolutions_and_a_mean()
    schedule = staged(Segment(0, 1, (4, 4)), Segment(2, 2, (8, 8)), Segment(3, 3, (8, 8)))
    changed = run_alone_by_row(graph, schedule, 2)
    check_schedule(graph, changed)
    # a stage of two operators stays, and so does a reduction
    assert [stage.segments[0].tile for stage in changed.stages] == [(4, 4), (1, 2), (8, 8)]
    assert run_alone_by_row(graph, schedule, 40).stages[1].segments[0].tile == (1, 8)
