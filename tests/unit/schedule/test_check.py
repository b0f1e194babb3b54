"""The schedule checker objects to every kind of wrong schedule."""

from __future__ import annotations

import pytest

from mcupatch.ir.graph import Graph
from mcupatch.ir.region import Interval, Region
from mcupatch.schedule.candidates import plan_layer_by_layer, schedule_with_stage
from mcupatch.schedule.check import ScheduleError, check_schedule
from mcupatch.schedule.regions import infer_regions
from mcupatch.schedule.stage import Schedule, Stage
from tests.support.graphs import GraphBuilder


def chain() -> Graph:
    b = GraphBuilder()
    x = b.conv(b.input(12, 12, 2), 4, kernel=3, pad=1)
    return b.build(b.conv(x, 4, kernel=5, stride=2, pad=2))


GOOD = Stage(0, 1, (2, 3), (3, 2))


def test_the_good_one_passes() -> None:
    check_schedule(chain(), schedule_with_stage(chain(), GOOD))


@pytest.mark.parametrize(
    "stages",
    [
        (Stage(0, 1, (2, 3), (2, 2)),),  # rows left out
        (Stage(0, 1, (3, 3), (3, 2)),),  # an empty tile
        (Stage(0, 1, (2, 2), (3, 2)),),  # columns left out
        (Stage(0, 0, (1, 1), (12, 12)),),  # an operator left out
        (Stage(0, 1, (1, 1), (6, 6)),),  # two operators in one tile
        (Stage(0, 0, (1, 1), (6, 6)), Stage(1, 1, (1, 1), (6, 6))),  # a whole operator with a small tile
    ],
)
def test_wrong_stages(stages: tuple[Stage, ...]) -> None:
    with pytest.raises(ScheduleError):
        check_schedule(chain(), Schedule(stages))


def test_a_tensor_used_after_the_stage() -> None:
    b = GraphBuilder()
    x = b.conv(b.input(8, 8, 2), 4)
    graph = b.build(b.add(x, b.lut(b.lut(x))))
    with pytest.raises(ScheduleError, match="only tiles"):
        check_schedule(graph, schedule_with_stage(graph, Stage(0, 1, (2, 2), (4, 4))))


def test_an_operator_that_needs_its_input_whole() -> None:
    b = GraphBuilder()
    x = b.conv(b.input(8, 8, 2), 4)
    graph = b.build(b.mul(x, b.mean(x, keep=True)))
    with pytest.raises(ScheduleError, match="cannot run tile by tile"):
        check_schedule(graph, schedule_with_stage(graph, Stage(0, 2, (2, 2), (4, 4))))


@pytest.mark.parametrize("side", ["top", "bottom", "left", "right", "outside"])
def test_a_region_that_is_off_by_one(side: str) -> None:
    graph = chain()
    inner = graph.ops[0].output

    def wrong(graph: Graph, stage: Stage, tile: Region) -> dict[str, Region]:
        regions = infer_regions(graph, stage, tile)
        rows, cols = regions[inner].rows, regions[inner].cols
        if side == "outside":
            changed = Region(Interval(rows.start, 13), cols)
        else:
            changed = Region(
                Interval(rows.start + (side == "top"), rows.stop - (side == "bottom")),
                Interval(cols.start + (side == "left"), cols.stop - (side == "right")),
            )
        return {**regions, inner: changed}

    with pytest.raises(ScheduleError):
        check_schedule(graph, schedule_with_stage(graph, GOOD), wrong)


def test_layer_by_layer_passes() -> None:
    check_schedule(chain(), plan_layer_by_layer(chain()))
