"""The schedule checker objects to every kind of wrong schedule and of wrong layout."""

from __future__ import annotations

from typing import Any

import pytest

from mcupatch.ir.graph import Graph
from mcupatch.schedule.check import ScheduleError, check_schedule
from mcupatch.schedule.stage import Schedule, Segment, Stage
from mcupatch.schedule.stage_layout import lay_out_stage
from mcupatch.schedule.whole import plan_layer_by_layer, whole_operator
from tests.support.graphs import GraphBuilder
from tests.support.layout_faults import spoil_layout


def chain() -> Graph:
    b = GraphBuilder()
    x = b.conv(b.input(12, 12, 2), 4, kernel=3, pad=1)
    return b.build(b.conv(x, 4, kernel=5, stride=2, pad=2))


def one_stage(*segments: Segment) -> Schedule:
    return Schedule((Stage(segments),))


@pytest.mark.parametrize("tile", [(1, 1), (2, 3), (6, 1), (1, 6), (6, 6)])
@pytest.mark.parametrize("rows", [(), (0,)])
@pytest.mark.parametrize("cols", [(), (0,)])
def test_good_ones_pass(tile: tuple[int, int], rows: tuple[int, ...], cols: tuple[int, ...]) -> None:
    check_schedule(chain(), one_stage(Segment(0, 1, tile, rows, cols)))
    check_schedule(chain(), plan_layer_by_layer(chain()))
    check_schedule(chain(), one_stage(Segment(0, 0, (2, 5)), Segment(1, 1, tile)))


def test_an_operator_left_out() -> None:
    with pytest.raises(ScheduleError, match="holds 1 operators, the model 2"):
        check_schedule(chain(), one_stage(Segment(0, 0, (12, 12))))


def test_an_operator_that_needs_its_input_whole() -> None:
    b = GraphBuilder()
    x = b.conv(b.input(8, 8, 2), 4)
    graph = b.build(b.mul(x, b.mean(x, keep=True)))
    check_schedule(graph, one_stage(Segment(0, 1, (2, 3)), Segment(2, 2, (1, 8))))
    with pytest.raises(ScheduleError, match="only end a segment"):
        check_schedule(graph, one_stage(Segment(0, 2, (4, 4))))
    b = GraphBuilder()
    x = b.softmax(b.conv(b.input(8, 8, 2), 4))
    with pytest.raises(ScheduleError, match="cannot be cut into tiles"):
        check_schedule(b.build(x), one_stage(Segment(0, 1, (4, 4))))


@pytest.mark.parametrize("recomputed", [(), (0,)])
def test_what_is_folded_is_read_by_nobody_else(recomputed: tuple[int, ...]) -> None:
    """The fold sees its own tiles; the other reader would want more of the same tensor."""
    b = GraphBuilder()
    x = b.conv(b.input(8, 8, 2), 4)
    graph = b.build(b.conv(x, 3), b.mean(x))
    check_schedule(graph, one_stage(Segment(0, 0, (3, 8)), Segment(1, 1, (3, 2)), Segment(2, 2, (2, 3))))
    with pytest.raises(ScheduleError, match="reads what the last of its segment folds"):
        check_schedule(graph, one_stage(Segment(0, 2, (3, 2), recomputed)))


def test_a_streamed_input_of_a_later_stage() -> None:
    b = GraphBuilder()
    x, y = b.input(8, 8, 2), b.input(8, 8, 2)
    graph = b.build(b.add(b.lut(x), y))
    later = Schedule((whole_operator(graph, 0), Stage((Segment(1, 1, (1, 8)),))), ("in1",))
    with pytest.raises(ScheduleError, match="'in1' cannot be streamed"):
        check_schedule(graph, later)
    check_schedule(graph, Schedule((Stage((Segment(0, 1, (1, 8)),)),), ("in0", "in1")))


def three_segments() -> Graph:
    """An inverted residual between convolutions, then a mean."""
    b = GraphBuilder()
    x = b.conv(b.input(14, 15, 2), 4, kernel=3, pad=1)
    x = b.conv(b.depthwise(x, stride=2), 3)
    y = b.conv(b.depthwise(b.conv(x, 6)), 3)
    return b.build(b.mean(b.conv(b.add(x, y), 4, kernel=3, pad=1)))


@pytest.mark.parametrize(
    "tiles", [((1, 2), (1, 3), (2, 2)), ((2, 4), (1, 8), (1, 1)), ((1, 8), (2, 8), (1, 8))]
)
@pytest.mark.parametrize(
    "halos", [{}, {"recomputed_cols": (0,)}, {"recomputed_rows": (0, 1)}, {"early": (0, 1)}], ids=str
)  # fmt: skip
def test_every_single_fault_of_a_layout(tiles: tuple[tuple[int, int], ...], halos: dict[str, Any]) -> None:
    graph = three_segments()
    stage = Stage((Segment(0, 2, tiles[0], **halos), Segment(3, 6, tiles[1]), Segment(7, 8, tiles[2])))
    schedule = Schedule((stage,), graph.inputs)
    check_schedule(graph, schedule)
    unnoticed, count = [], 0
    for what, layout in spoil_layout(lay_out_stage(graph, stage, graph.inputs)):
        count += 1
        try:
            check_schedule(graph, schedule, lambda _graph, _stage, _streamed, layout=layout: layout)
        except ScheduleError:
            continue
        unnoticed.append(what)
    assert count > 80 and unnoticed == []


def test_a_complaint_says_where() -> None:
    graph = chain()
    stage = Stage((Segment(0, 1, (1, 2)),))
    layouts = dict(spoil_layout(lay_out_stage(graph, stage)))
    name = graph.ops[0].output
    with pytest.raises(ScheduleError) as caught:
        spoilt = layouts[f"no move to the left of '{name}'"]
        check_schedule(graph, Schedule((stage,)), lambda _graph, _stage, _streamed: spoilt)
    assert str(caught.value) == (
        "stage 0 to 1: operator 'op1_conv2d', step 1, tile 1: position (0, 2) of 'op0_conv2d.out' is not in its row cache"
    )
