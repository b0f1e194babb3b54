"""Candidates, bounds and choices on random networks, and the schedule checker against them."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from mcupatch.errors import Infeasible
from mcupatch.ir.graph import Graph
from mcupatch.ir.region import Interval, Region
from mcupatch.memory.planner import plan_memory
from mcupatch.schedule.bound import arena_bound, root_bytes
from mcupatch.schedule.candidates import enumerate_candidates, plan_layer_by_layer, schedule_with_stage
from mcupatch.schedule.check import ScheduleError, check_schedule
from mcupatch.schedule.choose import choose_schedule, smallest_schedule
from mcupatch.schedule.cost import extra_macs
from mcupatch.schedule.cuts import find_cuts, why_no_cut
from mcupatch.schedule.lifetimes import find_lifetimes
from mcupatch.schedule.regions import infer_regions
from mcupatch.schedule.stage import Schedule, Stage
from tests.support.random_graphs import patch_stages, schedules, tileable_networks

SETTINGS = settings(max_examples=60, deadline=None)


@SETTINGS
@given(st.data())
def test_schedules_pass_the_checker(data: st.DataObject) -> None:
    graph = data.draw(tileable_networks(tail=True))
    check_schedule(graph, data.draw(schedules(graph)))


# many stages are a single operator or have dilated windows, where a row or column may go unread
@settings(SETTINGS, suppress_health_check=[HealthCheck.filter_too_much])
@given(st.data())
def test_checker_notices_a_smaller_region(data: st.DataObject) -> None:
    """Shrink one region of one tile by a row or a column that is really read: the checker must object."""
    graph = data.draw(tileable_networks())
    stage = data.draw(patch_stages(graph))
    assume(stage is not None)
    schedule = schedule_with_stage(graph, stage)
    inner = [op.output for op in graph.ops[: stage.last]]
    assume(inner and all(max(getattr(op, "dilation", (1, 1))) == 1 for op in graph.ops))
    height, width, _ = graph.output_tensor(graph.ops[stage.last]).hwc
    victim_tile = data.draw(st.sampled_from(list(stage.tiles(height, width))))
    victim = data.draw(st.sampled_from(inner))
    whole = infer_regions(graph, stage, victim_tile)[victim]
    assume(whole.pixels > 0)
    if data.draw(st.booleans()):
        smaller = Region(Interval(whole.rows.start + 1, whole.rows.stop), whole.cols)
    else:
        smaller = Region(whole.rows, Interval(whole.cols.start, whole.cols.stop - 1))

    def shrunk(graph, stage, tile):  # type: ignore[no-untyped-def]
        regions = infer_regions(graph, stage, tile)
        return {**regions, victim: smaller} if tile == victim_tile else regions

    # a row is read only if some reader computes pixels: regions empty in the other axis are not looked up
    readers = [graph.ops[i].output for i in graph.consumers[victim] if i <= stage.last]
    regions = infer_regions(graph, stage, victim_tile)
    assume(all(regions[name].pixels > 0 for name in readers))
    with pytest.raises(ScheduleError):
        check_schedule(graph, schedule, shrunk)


@SETTINGS
@given(st.data())
def test_candidates_tell_the_truth(data: st.DataObject) -> None:
    graph = data.draw(tileable_networks(tail=True))
    candidates = enumerate_candidates(graph)
    assert {c.stage.last for c in candidates} <= set(find_cuts(graph))
    assert len({c.stage for c in candidates}) == len(candidates)
    for candidate in data.draw(st.lists(st.sampled_from(candidates), max_size=4)) if candidates else []:
        schedule = schedule_with_stage(graph, candidate.stage)
        plan = plan_memory(graph, schedule, {}, quick=True)
        assert candidate.extra_macs == extra_macs(graph, schedule)
        assert candidate.bound_bytes <= arena_bound(graph, schedule)
        assert arena_bound(graph, schedule) - 3 * len(graph.ops) <= plan.lower_bound_bytes
        assert arena_bound(graph, schedule) <= plan.arena_bytes
        check_schedule(graph, schedule)


def largest_sum(graph: Graph, schedule: Schedule) -> int:
    """Bytes alive together, nothing in place: what an arena without safe overlaps needs at least."""
    sizes, lives = root_bytes(graph, schedule), find_lifetimes(graph, schedule)
    return max(
        sum(sizes[name] for name, life in lives.items() if life.first <= step <= life.last)
        for step in range(len(graph.ops))
    )


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_choice_is_the_best_of_all(data: st.DataObject) -> None:
    """Against measuring every candidate, by a measure that no luck of a placement disturbs."""
    graph = data.draw(tileable_networks(max_ops=4, tail=True))
    arenas: dict[Schedule, int] = {}

    def measure(schedule: Schedule) -> int:
        if schedule not in arenas:
            arenas[schedule] = largest_sum(graph, schedule)
        return arenas[schedule]

    plain = plan_layer_by_layer(graph)
    table = [
        (measure(schedule_with_stage(graph, c.stage)), c.extra_macs, c.tiles)
        for c in enumerate_candidates(graph)
    ]
    smallest = smallest_schedule(graph, measure)
    better = [row for row in table if row[0] < measure(plain)]
    if not better:
        assert smallest == plain
    else:
        tiles = smallest.patched.grid[0] * smallest.patched.grid[1]  # type: ignore[union-attr]
        assert (measure(smallest), extra_macs(graph, smallest), tiles) == min(better)
    low, high = measure(smallest), measure(plain)
    assert choose_schedule(graph, high, measure) == plain
    with pytest.raises(Infeasible, match="1 byte too many"):
        choose_schedule(graph, low - 1, measure)
    budget = data.draw(st.integers(low, high))
    chosen = choose_schedule(graph, budget, measure)
    assert measure(chosen) <= budget
    if budget < high:
        cost, arena, count = min((extra, arena, tiles) for arena, extra, tiles in table if arena <= budget)
        tiles = chosen.patched.grid[0] * chosen.patched.grid[1]  # type: ignore[union-attr]
        assert (extra_macs(graph, chosen), measure(chosen), tiles) == (cost, arena, count)


@settings(max_examples=30, deadline=None)
@given(tileable_networks(tail=True))
def test_every_operator_is_a_cut_or_has_a_reason(graph) -> None:  # type: ignore[no-untyped-def]
    cuts = set(find_cuts(graph))
    for last in range(len(graph.ops)):
        assert (why_no_cut(graph, last) is None) == (last in cuts)
        height, width, _ = graph.output_tensor(graph.ops[last]).hwc
        schedule = schedule_with_stage(graph, Stage(0, last, (height, width), (1, 1)))
        if last in cuts:
            check_schedule(graph, schedule)
        elif (height, width) != (1, 1):
            with pytest.raises(ScheduleError):
                check_schedule(graph, schedule)
