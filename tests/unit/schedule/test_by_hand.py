"""Schedules by hand: what they are, and what is said where they cannot be."""

from __future__ import annotations

import pytest

from mcupatch.errors import BadInput, Infeasible
from mcupatch.ir.graph import Graph
from mcupatch.ir.quant import Rounding
from mcupatch.memory.check import check_plan
from mcupatch.memory.planner import plan_memory
from mcupatch.schedule.by_hand import schedule_by_hand
from mcupatch.schedule.check import check_schedule
from mcupatch.schedule.cost import extra_macs
from mcupatch.schedule.stage import Segment, Stage
from mcupatch.schedule.whole import plan_layer_by_layer
from tests.support.graphs import GraphBuilder
from tests.support.stages import pooled_network


def residual_net() -> Graph:
    """stem, residual block (expand, depthwise, project, add), conv, mean, dense: cuts after 1, 5 and 6 operators."""
    b = GraphBuilder()
    x = b.conv(b.input(24, 20, 3), 8, kernel=3, stride=2, pad=1, name="stem")
    y = b.depthwise(b.conv(x, 32, name="expand"), name="dw")
    x = b.add(x, b.conv(y, 8, name="project"), name="sum")
    x = b.conv(x, 12, kernel=3, stride=2, pad=1, name="down")
    return b.build(b.dense(b.mean(x, name="mean"), 10, name="classify"))


def test_by_hand_makes_the_stage() -> None:
    graph = residual_net()
    schedule = schedule_by_hand(graph, 6, (2, 3))
    inner = (0, 1, 2, 3, 4)
    assert schedule.stages[0] == Stage((Segment(0, 5, (3, 2), recomputed_rows=inner, recomputed_cols=inner),))
    assert [s.first for s in schedule.stages] == [0, 6, 7]
    check_schedule(graph, schedule)


def test_one_tile_is_layer_by_layer() -> None:
    graph = residual_net()
    assert schedule_by_hand(graph, 6, (1, 1)) == plan_layer_by_layer(graph)


def test_a_grid_beyond_the_output_shrinks_to_single_positions() -> None:
    assert schedule_by_hand(residual_net(), 6, (99, 99)).stages[0].segments[0].tile == (1, 1)


@pytest.mark.parametrize("ops, grid", [(0, (2, 2)), (9, (2, 2)), (6, (0, 2)), (6, (2, -1))])
def test_by_hand_refuses_nonsense(ops: int, grid: tuple[int, int]) -> None:
    with pytest.raises(BadInput):
        schedule_by_hand(residual_net(), ops, grid)


def test_kept_halos_recompute_nothing() -> None:
    graph = residual_net()
    schedule = schedule_by_hand(graph, 6, (2, 3), "keep")
    assert schedule.stages[0] == Stage((Segment(0, 5, (3, 2)),))
    assert extra_macs(graph, schedule) == 0 < extra_macs(graph, schedule_by_hand(graph, 6, (2, 3)))
    check_schedule(graph, schedule)


def test_a_result_that_is_read_again_is_computed_once() -> None:
    """The stem's result is read by the sum after the patches: it is written whole, and what is inside is recomputed."""
    graph = residual_net()
    schedule = schedule_by_hand(graph, 3, (2, 2))
    assert schedule.stages[0].segments[0].recomputed_rows == (1,)
    check_schedule(graph, schedule)
    check_plan(graph, schedule, plan_memory(graph, schedule, {}))


def test_an_inner_output_of_the_model_is_computed_once() -> None:
    b = GraphBuilder()
    x = b.conv(b.input(8, 8, 2), 4, name="first")
    y = b.conv(x, 4, kernel=3, pad=1, name="second")
    graph = b.build(y, x)
    schedule = schedule_by_hand(graph, 2, (2, 2))
    assert schedule.stages[0].segments[0].recomputed_rows == ()
    check_plan(graph, schedule, plan_memory(graph, schedule, {}))


@pytest.mark.parametrize("halo", ["recompute", "keep"])
def test_patches_may_end_in_a_reduction(halo: str) -> None:
    graph = residual_net()
    schedule = schedule_by_hand(graph, 7, (3, 1), halo)
    assert schedule.stages[0].segments[0].tile == (2, 5)  # of the mean's input, 6x5
    check_schedule(graph, schedule)
    check_plan(graph, schedule, plan_memory(graph, schedule, {}))


def test_by_hand_explains_an_operator_behind_a_reduction() -> None:
    with pytest.raises(
        Infeasible, match="operator 6 'mean' .* needs its whole input .* Try 7 operators instead"
    ):
        b = GraphBuilder()
        x = b.conv(b.input(8, 8, 2), 4, kernel=3, pad=1, name="first")
        for i in range(5):
            x = b.conv(x, 4, kernel=3, pad=1, name=f"c{i}")
        schedule_by_hand(b.build(b.conv(b.mean(x, keep=True, name="mean"), 5, name="fc")), 8, (2, 2))


def test_by_hand_explains_an_operator_that_cannot_be_cut() -> None:
    b = GraphBuilder()
    x = b.conv(b.conv(b.input(8, 8, 2), 4, name="first"), 4, name="second")
    graph = b.build(b.conv(b.resize(x, 16, 16, name="up"), 4, name="third"))
    with pytest.raises(Infeasible, match="operator 2 'up' .* cannot be cut into tiles. Try 2 operators"):
        schedule_by_hand(graph, 4, (2, 2))


def test_by_hand_explains_tiles_that_cannot_be() -> None:
    b = GraphBuilder()
    x, gate = b.input(8, 8, 4), b.input(1, 1, 4)
    gated = b.build(b.mul(b.conv(x, 4), b.conv(gate, 4), name="gated"))
    with pytest.raises(Infeasible, match="operator 2 'gated' repeats a tensor of its own segment"):
        schedule_by_hand(gated, 3, (2, 2))
    pooled = pooled_network(Rounding.FLOAT)
    with pytest.raises(Infeasible, match="'mean' adds float32 numbers row by row"):
        schedule_by_hand(pooled, 6, (2, 2))
    check_schedule(pooled, schedule_by_hand(pooled, 6, (2, 1)))


def test_a_streamed_input_must_be_read_in_the_patches() -> None:
    b = GraphBuilder()
    x, late = b.input(8, 8, 2), b.input(8, 8, 2)
    y = b.conv(b.conv(x, 2, kernel=3, pad=1), 2)
    graph = b.build(b.add(y, late, name="sum"))
    with pytest.raises(Infeasible, match="operator 2 reads the streamed input 'in1' after them"):
        schedule_by_hand(graph, 2, (2, 2), streamed=("in0", "in1"))
    schedule = schedule_by_hand(graph, 3, (2, 2), streamed=("in0", "in1"))
    check_schedule(graph, schedule)
    check_plan(graph, schedule, plan_memory(graph, schedule, {}))


def test_layer_by_layer_reads_streamed_inputs_row_by_row() -> None:
    graph = residual_net()
    schedule = plan_layer_by_layer(graph, ("in0",))
    assert schedule.stages[0] == Stage((Segment(0, 0, (1, 10)),)) and schedule.streamed == ("in0",)
    check_schedule(graph, schedule)
    b = GraphBuilder()
    x, late = b.input(8, 8, 2), b.input(1, 1, 5)
    graph = b.build(b.mul(b.conv(b.mean(x, keep=True, name="m"), 5), late))
    with pytest.raises(BadInput, match="operator 0 'm' .* needs its input whole"):
        plan_layer_by_layer(graph, ("in0", "in1"))
