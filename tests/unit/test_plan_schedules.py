"""The choice among planned schedules: none that the search finds is better than what is taken."""

from __future__ import annotations

import pytest

from mcupatch.model_file import load_model_file
from mcupatch.pipeline import read_graph
from mcupatch.plan_schedules import SchedulePlanner
from mcupatch.schedule.alone import run_alone_by_row
from mcupatch.schedule.cost import extra_macs, total_macs
from mcupatch.schedule.search import (
    find_instructions_front,
    find_least_sram,
    find_macs_front,
    search_front,
)
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


@pytest.mark.parametrize("source", ["zoo:mlperf_vww96", "zoo:mobilenet_v2@96"])
def test_what_fits_the_least_arena_is_never_worse_than_the_least(source: str) -> None:
    planner, _ = plan_fronts(source)

    def cost(schedule: Schedule) -> tuple[int, int]:
        return extra_macs(planner.graph, schedule), predicted_instructions(planner.graph, schedule)

    for share in (0.0, 0.02, 0.1, None):
        least = planner.find_least(None if share is None else int(share * total_macs(planner.graph)))
        taken = planner.find_fitting(planner.arena_bytes(least))
        assert planner.arena_bytes(taken) <= planner.arena_bytes(least) and cost(taken) <= cost(least)


def test_a_budget_is_met_with_smaller_tiles_for_operators_alone_before_anything_is_recomputed() -> None:
    planner, _ = plan_fronts("zoo:mlperf_vww96")
    budget = planner.arena_bytes(planner.find_least(0)) * 105 // 100
    points = search_front(planner.problem, KEEP_ALL_FINELY, budget + budget // 8)
    # else this network shows nothing
    assert all(planner.arena_bytes(point.schedule) > budget for point in points)
    taken = planner.find_fitting(budget)
    assert planner.arena_bytes(taken) <= budget and extra_macs(planner.graph, taken) == 0


@pytest.mark.parametrize("share", [0.0, 0.05])
def test_least_sram_takes_smaller_tiles_where_a_chain_of_operators_alone_needs_them(share: float) -> None:
    """What each output lies below its input adds up along the chain, which the search does not count."""
    planner, _ = plan_fronts("zoo:mlperf_vww96")
    most = int(share * total_macs(planner.graph))
    counted = find_least_sram(planner.problem, most)
    assert planner.arena_bytes(counted.schedule) > counted.bytes  # else this network shows nothing
    taken = planner.find_least(most)
    assert planner.arena_bytes(taken) <= counted.bytes
    by_row = run_alone_by_row(planner.graph, counted.schedule, 2)
    assert predicted_instructions(planner.graph, taken) < predicted_instructions(planner.graph, by_row)
