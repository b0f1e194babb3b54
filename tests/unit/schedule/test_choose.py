"""Schedules by hand and by choice: the messages, and what is never done."""

from __future__ import annotations

import time

import pytest

from mcupatch.errors import BadInput, Infeasible
from mcupatch.ir.graph import Graph
from mcupatch.memory.check import check_plan
from mcupatch.memory.planner import plan_memory
from mcupatch.schedule.bound import step_loads
from mcupatch.schedule.candidates import plan_layer_by_layer
from mcupatch.schedule.check import check_schedule
from mcupatch.schedule.choose import choose_schedule, schedule_by_hand, smallest_schedule, smallest_schedules
from mcupatch.schedule.cost import extra_macs
from mcupatch.schedule.stage import Schedule, Stage
from tests.support.graphs import GraphBuilder
from tests.support.networks import load_network
from tests.support.shared import shared_path


def residual_net() -> Graph:
    """stem, residual block (expand, depthwise, project, add), conv, mean, dense: cuts after 1, 5 and 6 operators."""
    b = GraphBuilder()
    x = b.conv(b.input(24, 20, 3), 8, kernel=3, stride=2, pad=1, name="stem")
    y = b.depthwise(b.conv(x, 32, name="expand"), name="dw")
    x = b.add(x, b.conv(y, 8, name="project"), name="sum")
    x = b.conv(x, 12, kernel=3, stride=2, pad=1, name="down")
    return b.build(b.dense(b.mean(x, name="mean"), 10, name="classify"))


def quick_arena(graph: Graph):  # type: ignore[no-untyped-def]
    return lambda schedule: plan_memory(graph, schedule, {}, quick=True).arena_bytes


def test_by_hand_makes_the_stage() -> None:
    graph = residual_net()
    schedule = schedule_by_hand(graph, 6, (2, 3))
    assert schedule.stages[0] == Stage(0, 5, (2, 3), (3, 2))
    assert [s.first for s in schedule.stages] == [0, 6, 7]
    check_schedule(graph, schedule)


def test_one_tile_is_layer_by_layer() -> None:
    graph = residual_net()
    assert schedule_by_hand(graph, 6, (1, 1)) == plan_layer_by_layer(graph)


def test_a_grid_beyond_the_output_shrinks_to_single_positions() -> None:
    stage = schedule_by_hand(residual_net(), 6, (99, 99)).patched
    assert stage == Stage(0, 5, (6, 5), (1, 1))


@pytest.mark.parametrize("ops, grid", [(0, (2, 2)), (9, (2, 2)), (6, (0, 2)), (6, (2, -1))])
def test_by_hand_refuses_nonsense(ops: int, grid: tuple[int, int]) -> None:
    with pytest.raises(BadInput):
        schedule_by_hand(residual_net(), ops, grid)


def test_by_hand_explains_a_cut_through_a_skip() -> None:
    with pytest.raises(Infeasible) as caught:
        schedule_by_hand(residual_net(), 3, (2, 2))
    text = str(caught.value)
    assert "operator 0 'stem' is read again by operator 4 'sum'" in text
    assert "Try 1 or 5 operators instead." in text


def test_by_hand_explains_an_operator_that_cannot_be_cut() -> None:
    with pytest.raises(Infeasible, match="operator 6 'mean' .* cannot be cut into tiles. Try 6 operators"):
        schedule_by_hand(residual_net(), 7, (2, 2))


def test_by_hand_explains_an_inner_output() -> None:
    b = GraphBuilder()
    x = b.conv(b.input(8, 8, 2), 4, name="first")
    y = b.conv(x, 4, name="second")
    with pytest.raises(Infeasible, match="'first' is an output of the model"):
        schedule_by_hand(b.build(y, x), 2, (2, 2))


def test_layer_by_layer_is_kept_when_it_fits() -> None:
    graph = residual_net()
    plain = plan_layer_by_layer(graph)
    measure = quick_arena(graph)
    assert choose_schedule(graph, measure(plain), measure) == plain
    assert choose_schedule(graph, measure(plain) - 1, measure) != plain


def test_patches_that_raise_the_peak_are_never_chosen() -> None:
    """A wide tail: whatever is patched at the front, the whole operators at the end decide."""
    b = GraphBuilder()
    x = b.conv(b.input(8, 8, 1), 2, kernel=3, pad=1)
    graph = b.build(b.dense(b.reshape(b.conv(b.mean(x, keep=True), 900), 1, 900), 900))
    assert smallest_schedule(graph, quick_arena(graph)) == plan_layer_by_layer(graph)


def test_infeasible_says_what_is_missing() -> None:
    graph = residual_net()
    with pytest.raises(Infeasible) as caught:
        choose_schedule(graph, 1000, quick_arena(graph))
    text = str(caught.value)
    best = quick_arena(graph)(smallest_schedule(graph, quick_arena(graph)))
    assert (
        "1000 bytes" in text and f"{best - 1000} bytes too many" in text and f"at least {best} bytes" in text
    )
    assert "patches" in text and "largest buffers are" in text


def test_infeasible_without_patches_says_why() -> None:
    b = GraphBuilder()
    graph = b.build(b.dense(b.mean(b.input(8, 8, 4), name="pool"), 5))
    with pytest.raises(Infeasible, match="Patches are not possible: operator 0 'pool' .* cannot be cut"):
        choose_schedule(graph, 10, quick_arena(graph))


def test_extra_macs_can_be_limited() -> None:
    graph = residual_net()
    measure = quick_arena(graph)
    free, limited = (
        smallest_schedule(graph, measure),
        smallest_schedule(graph, measure, max_extra_macs=20_000),
    )
    assert smallest_schedules(graph, measure, [None, 20_000]) == [free, limited]
    assert extra_macs(graph, limited) <= 20_000 < extra_macs(graph, free)
    assert measure(free) < measure(limited) < measure(plan_layer_by_layer(graph))


def test_a_model_without_operators_has_an_empty_schedule() -> None:
    b = GraphBuilder()
    graph = b.build(b.input(2, 2, 1))
    schedule = plan_layer_by_layer(graph)
    assert schedule == Schedule(())
    assert smallest_schedule(graph, quick_arena(graph)) == schedule
    check_plan(graph, schedule, plan_memory(graph, schedule, {}))
    assert step_loads(graph, schedule) == []


def test_choice_for_mobilenet_is_quick() -> None:
    graph, _ = load_network(shared_path("networks/mobilenet_v2.json"))
    started = time.perf_counter()
    schedule = choose_schedule(graph, 256 * 1024, quick_arena(graph))
    assert time.perf_counter() - started < 10  # a second on an idle core
    plan = plan_memory(graph, schedule, {})
    assert plan.arena_bytes <= 256 * 1024
    check_schedule(graph, schedule)
    check_plan(graph, schedule, plan)
