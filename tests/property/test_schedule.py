"""Random legal schedules of random networks pass the schedule checker, and none passes with a fault in its layout."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from mcupatch.ir.access import macs, macs_per_pixel
from mcupatch.ir.graph import Graph
from mcupatch.schedule.check import ScheduleError, check_schedule, runs_whole, streamed_into
from mcupatch.schedule.cost import schedule_macs
from mcupatch.schedule.execution import Compute, execute_stage
from mcupatch.schedule.stage import Schedule, Stage
from mcupatch.schedule.stage_layout import StageLayout, lay_out_stage
from tests.support.layout_faults import spoil_layout
from tests.support.random_graphs import staged_networks, tileable_networks
from tests.support.random_schedules import random_schedule

SLOW = HealthCheck.too_slow  # drawing a network and a schedule takes a while
SETTINGS = settings(max_examples=150, deadline=None, suppress_health_check=[SLOW])
SEEDS = st.integers(0, 1 << 30)

SURE_FAULTS = ("a row less", "a column less", "the last step left out")
"""Faults that no gap between windows, which is held but never read, makes harmless."""


@SETTINGS
@given(tileable_networks(tail=True), SEEDS)
def test_random_schedules_pass(graph: Graph, seed: int) -> None:
    check_schedule(graph, random_schedule(graph, seed))


@SETTINGS
@given(staged_networks(), SEEDS)
def test_random_schedules_of_networks_with_long_skips_pass(graph: Graph, seed: int) -> None:
    check_schedule(graph, random_schedule(graph, seed))


@settings(SETTINGS, suppress_health_check=[SLOW, HealthCheck.filter_too_much])
@given(st.data())
def test_no_fault_passes(data: st.DataObject) -> None:
    graph = data.draw(tileable_networks())
    schedule = random_schedule(graph, data.draw(SEEDS))
    tiled = [stage for stage in schedule.stages if _runs_in_steps(graph, schedule, stage)]
    assume(tiled)
    victim = data.draw(st.sampled_from(tiled))
    layout = lay_out_stage(graph, victim, streamed_into(graph, schedule, victim))
    faults = [(what, spoilt) for what, spoilt in spoil_layout(layout) if what.startswith(SURE_FAULTS)]
    what, spoilt = data.draw(st.sampled_from(faults))

    def lay_out(graph: Graph, stage: Stage, streamed: tuple[str, ...]) -> StageLayout:
        return spoilt if stage == victim else lay_out_stage(graph, stage, streamed)

    with pytest.raises(ScheduleError):
        check_schedule(graph, schedule, lay_out)
        pytest.fail(what)


@SETTINGS
@given(staged_networks(), SEEDS)
def test_macs_are_those_of_all_calls(graph: Graph, seed: int) -> None:
    schedule = random_schedule(graph, seed)
    total = 0
    for stage in schedule.stages:
        if not _runs_in_steps(graph, schedule, stage):
            total += macs(graph, graph.ops[stage.first])
            continue
        for event in execute_stage(graph, lay_out_stage(graph, stage, streamed_into(graph, schedule, stage))):
            if isinstance(event, Compute):
                op = graph.ops[event.op]
                per_position = macs_per_pixel(op, graph.output_tensor(op).hwc[2])
                total += event.rows.length * event.cols.length * per_position
    assert schedule_macs(graph, schedule) == total


def _runs_in_steps(graph: Graph, schedule: Schedule, stage: Stage) -> bool:
    return bool(streamed_into(graph, schedule, stage)) or not runs_whole(graph, stage)
