"""The choice among planned schedules: none that the search finds is better than what is taken."""

from __future__ import annotations

import pytest

from mcupatch.model_file import load_model_file
from mcupatch.pipeline import read_graph
from mcupatch.plan_schedules import SchedulePlanner
from mcupatch.schedule.cost import extra_macs, total_macs
from mcupatch.schedule.search import find_instructions_front, find_macs_front, search_front
from mcupatch.schedule.search_problem import KEEP_ALL_FINELY
from mcupatch.schedule.stage import Schedule
from mcupatch.schedule.streaming import find_streamed_inputs
from mcupatch.schedule.work import predicted_instructions

NETWORKS = ("zoo:mcunet_vww1", "zoo:mcunet_in0@48", "zoo:mlperf_vww96")


def plan_fronts(source: str) -> tuple[SchedulePlanner, list[Schedule]]:
    """A planner of the network, its image streamed, and every schedule of both its fronts."""
    graph = read_graph(load_model_file(source), "int8", True)
    planner = SchedulePlanner(graph, find_streamed_inputs(graph))
    most = total_macs(graph) * 4
    fronts = (find_macs_front(planner.problem, most), find_instructions_front(planner.problem))
    return planner, [point.schedule for front in fronts for point in front.points]


@pytest.mark.parametrize("source", NETWORKS)
def test_least_sram_takes_the_least_work_of_its_bytes(source: str) -> None:
    planner, found = plan_fronts(source)
    least = planner.find_least(None)
    need, work = planner.arena_bytes(least), extra_macs(planner.graph, least)
    assert all(planner.arena_bytes(other) >= need for other in found)
    assert all(
        extra_macs(planner.graph, other) >= work for other in found if planner.arena_bytes(other) == need
    )


@pytest.mark.parametrize("source", NETWORKS)
def test_what_fits_is_the_cheapest_that_does(source: str) -> None:
    planner, found = plan_fronts(source)

    def cost(schedule: Schedule) -> tuple[int, int]:
        return extra_macs(planner.graph, schedule), predicted_instructions(planner.graph, schedule)

    least = planner.arena_bytes(planner.find_least(None))
    for percent in (100, 104, 115, 130, 150):
        budget = least * percent // 100
        taken = planner.find_fitting(budget)
        assert planner.arena_bytes(taken) <= budget
        assert cost(taken) <= min(cost(s) for s in [*found, taken] if planner.arena_bytes(s) <= budget)


def test_operators_alone_run_whole_where_their_tiles_need_more_than_the_search_counts() -> None:
    planner, _ = plan_fronts("zoo:mlperf_vww96")
    budget = 13 * 1024
    points = search_front(planner.problem, KEEP_ALL_FINELY, budget + budget // 8)
    fitting = [p.schedule for p in points if planner.arena_bytes(p.schedule) <= budget]
    taken = planner.find_fitting(budget)
    assert planner.arena_bytes(taken) <= budget
    assert predicted_instructions(planner.graph, taken) < min(
        predicted_instructions(planner.graph, schedule) for schedule in fitting
    )
