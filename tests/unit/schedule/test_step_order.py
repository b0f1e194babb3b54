"""Steps in the order in which they are wanted: a row window holds what is read, and nothing else."""

from __future__ import annotations

from mcupatch.ir.region import Interval
from mcupatch.plan_schedules import SchedulePlanner
from mcupatch.schedule.check import check_schedule
from mcupatch.schedule.stage import Schedule, Segment, Stage
from mcupatch.schedule.stage_layout import lay_out_stage
from mcupatch.schedule.step_order import WindowRows, order_steps
from tests.support.graphs import GraphBuilder


def rows(*firsts: int) -> list[Interval]:
    return [Interval(first, first + 1) for first in firsts]


def test_steps_that_never_run_hold_nothing() -> None:
    """Segment 1 wants rows 0 and 2 of segment 0, whose last steps are wanted by nobody and read segment 2 again."""
    windows = {
        "middle": WindowRows(0, rows(0, 1, 2, 3), {1: rows(0, 2)}),
        "image": WindowRows(2, rows(0, 1, 2, 3), {0: rows(0, 1, 3, 0)}),
    }
    order = order_steps([4, 2, 4], windows, [1])
    assert order.sequence == (2, 0, 1, 2, 0, 2, 2, 0, 1)
    assert order.windows["image"].base == (0, 1, 2, 3)


def test_an_image_leaves_when_its_last_reader_has_run() -> None:
    b = GraphBuilder()
    x = b.depthwise(b.input(8, 10, 3), kernel=(1, 1), stride=(3, 1), pad=(3, 1, 0, 0))
    graph = b.build(b.max_pool(x, kernel=(1, 7), stride=(2, 2), pad=(0, 4, 0, 1), dilation=(1, 2)))
    stage = Stage((Segment(0, 0, (1, 11)), Segment(1, 1, (1, 2))))
    schedule = Schedule((stage,), graph.inputs)
    assert lay_out_stage(graph, stage, graph.inputs).windows[graph.inputs[0]].rows == 1
    check_schedule(graph, schedule)
    assert SchedulePlanner(graph, graph.inputs).arena_bytes(schedule) <= 80
