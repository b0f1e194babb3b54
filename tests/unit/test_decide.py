"""Where schedule and memory meet: what is asked for, and what is said when it cannot be had."""

from __future__ import annotations

import dataclasses

import pytest

from mcupatch.decide import Request, decide_schedule
from mcupatch.errors import BadInput, Infeasible
from mcupatch.ir.graph import Graph
from mcupatch.ir.ops import Quantize
from mcupatch.ir.tensor import Tensor
from mcupatch.memory.check import check_plan
from mcupatch.memory.plan import BufferKind
from mcupatch.model_file import load_model_file
from mcupatch.options import ByHand, FitBudget, LeastSram, Mode, PerLayer
from mcupatch.pipeline import read_graph
from mcupatch.schedule.by_hand import schedule_by_hand
from mcupatch.schedule.cost import extra_macs, total_macs
from mcupatch.schedule.stage import Schedule
from mcupatch.schedule.whole import plan_layer_by_layer
from mcupatch.target.board import STATICS_BYTES, load_board
from tests.support.graphs import GraphBuilder
from tests.support.small_graph import small_graph


def with_float_input(graph: Graph) -> Graph:
    x = graph.tensors["x"]
    real = Tensor("x_float", x.shape, "float32")
    end = Quantize("quantize", ("x_float",), "x", scale=0.1, zero_point=-3, half_even=False)
    tensors = {**graph.tensors, "x_float": real}
    return dataclasses.replace(graph, inputs=("x_float",), ops=(end, *graph.ops), tensors=tensors)


def test_a_budget_that_fits_takes_no_patches() -> None:
    graph = small_graph()
    assert decide_schedule(graph, Request(FitBudget(), 1 << 20)).schedule == plan_layer_by_layer(graph)


def test_never_worse_than_layer_by_layer() -> None:
    graph = small_graph()
    whole = decide_schedule(graph, Request(PerLayer())).plan.arena_bytes
    least = decide_schedule(graph, Request(LeastSram())).plan.arena_bytes
    assert least <= whole


@pytest.mark.parametrize("share", [0.0, 0.05, 0.5])
def test_least_sram_keeps_its_bound_of_extra_macs(share: float) -> None:
    graph = small_graph()
    decision = decide_schedule(graph, Request(LeastSram(share)))
    assert extra_macs(graph, decision.schedule) <= share * total_macs(graph)


def test_every_budget_between_least_and_whole_is_met() -> None:
    graph = read_graph(load_model_file("zoo:mbv2_w0.3_r80@48"))
    whole = decide_schedule(graph, Request(PerLayer())).plan.arena_bytes
    least = decide_schedule(graph, Request(LeastSram())).plan.arena_bytes
    assert least < whole
    work = []
    for budget in range(least, whole + 1, max((whole - least) // 6, 1)):
        decision = decide_schedule(graph, Request(FitBudget(), budget))
        assert decision.plan.arena_bytes <= budget
        work.append(extra_macs(graph, decision.schedule))
    assert work == sorted(work, reverse=True)  # more room never costs more work
    with pytest.raises(Infeasible, match="byte too many"):
        decide_schedule(graph, Request(FitBudget(), least - 1))


def test_infeasible_says_what_is_missing() -> None:
    graph = small_graph()
    least = decide_schedule(graph, Request(LeastSram())).plan.arena_bytes
    with pytest.raises(Infeasible) as caught:
        decide_schedule(graph, Request(FitBudget(), 100))
    text = str(caught.value)
    assert (
        "100 bytes" in text and f"{least - 100} bytes too many" in text and f"at least {least} bytes" in text
    )
    assert "most of it at operator" in text and caught.value.arena_bytes == least
    assert len(text) < 3 * 124


def test_an_image_in_the_way_is_named() -> None:
    b = GraphBuilder()
    graph = b.build(b.mean(b.conv(b.input(16, 16, 4), 2, kernel=3, pad=1)))
    with pytest.raises(Infeasible, match=f"Input '{graph.inputs[0]}' is in the way: --stream-input"):
        decide_schedule(graph, Request(FitBudget(), 100))
    with pytest.raises(Infeasible) as streamed:
        decide_schedule(graph, Request(FitBudget(), 10, graph.inputs))
    assert "--stream-input" not in str(streamed.value)


def test_an_image_in_the_way_is_named_as_what_it_is_converted_to() -> None:
    b = GraphBuilder()
    x = b.input(16, 16, 4)
    graph = b.build(b.mean(b.conv(b.lut(x), 2, kernel=3, pad=1)))
    with pytest.raises(Infeasible, match=f"Input '{x}' is in the way: --stream-input"):
        decide_schedule(graph, Request(FitBudget(), 100))


def test_users_count_the_stack_too() -> None:
    graph = small_graph()
    least = decide_schedule(graph, Request(LeastSram())).plan.arena_bytes
    board = load_board("generic", 1000)
    with pytest.raises(Infeasible) as caught:
        decide_schedule(graph, Request.for_board(FitBudget(), board))
    text = str(caught.value)
    enough = least + board.stack_bytes + STATICS_BYTES
    assert f"at least {enough} bytes" in text and " 0 bytes" not in text
    decide_schedule(graph, Request.for_board(FitBudget(), load_board("generic", enough)))
    with pytest.raises(Infeasible):
        decide_schedule(graph, Request.for_board(FitBudget(), load_board("generic", enough - 1)))


@pytest.mark.parametrize(
    ("mode", "says"),
    [
        (PerLayer(), "or leave the schedule to mcupatch."),
        (ByHand(5, (2, 2)), "smaller patches"),
        (LeastSram(0.0), "allow more extra MACs"),
    ],
)
def test_what_does_not_fit_says_what_would_help(mode: Mode, says: str) -> None:
    with pytest.raises(Infeasible, match=says):
        decide_schedule(small_graph(), Request(mode, 100))


def test_a_schedule_by_hand_that_does_not_fit_says_by_how_much() -> None:
    graph = small_graph()
    arena = decide_schedule(graph, Request(ByHand(5, (2, 2)))).plan.arena_bytes
    with pytest.raises(Infeasible, match=f"{arena - 500} bytes too many"):
        decide_schedule(graph, Request(ByHand(5, (2, 2)), 500))


@pytest.mark.parametrize("halo", ["recompute", "keep"])
def test_halos_by_hand(halo: str) -> None:
    graph = small_graph()
    decision = decide_schedule(graph, Request(ByHand(5, (2, 2), halo)))
    assert decision.schedule == schedule_by_hand(graph, 5, (2, 2), halo)
    assert (extra_macs(graph, decision.schedule) > 0) == (halo == "recompute")


@pytest.mark.parametrize("mode", [PerLayer(), ByHand(5, (5, 1), "keep"), LeastSram(), FitBudget()])
def test_a_streamed_input_has_rows_only(mode: Mode) -> None:
    graph = small_graph()
    held = decide_schedule(graph, Request(mode, 1 << 20)).plan
    streamed = decide_schedule(graph, Request(mode, 1 << 20, ("x",))).plan
    kinds = {p.buffer.kind for p in streamed.placed if p.buffer.name == "x"}
    assert kinds == {BufferKind.WINDOW}
    assert streamed.arena_bytes <= held.arena_bytes
    assert streamed.arena_bytes < held.arena_bytes or not isinstance(mode, LeastSram)


def test_least_sram_is_one_that_no_budget_undercuts() -> None:
    graph = small_graph()
    least = decide_schedule(graph, Request(LeastSram())).plan.arena_bytes
    assert decide_schedule(graph, Request(FitBudget(), least)).plan.arena_bytes <= least


def test_patches_that_raise_the_peak_are_never_chosen() -> None:
    """A wide tail: whatever runs in tiles at the front, the whole operators at the end decide."""
    b = GraphBuilder()
    x = b.conv(b.input(8, 8, 1), 2, kernel=3, pad=1)
    graph = b.build(b.dense(b.reshape(b.conv(b.mean(x, keep=True), 900), 1, 900), 900))
    assert decide_schedule(graph, Request(LeastSram())).schedule == plan_layer_by_layer(graph)


def test_a_model_without_operators_has_an_empty_schedule() -> None:
    b = GraphBuilder()
    graph = b.build(b.input(2, 2, 1))
    for mode in (PerLayer(), LeastSram(), FitBudget()):
        decision = decide_schedule(graph, Request(mode, 1 << 20))
        assert decision.schedule == Schedule(())
        check_plan(graph, decision.schedule, decision.plan)


def test_float_input_is_named_as_a_way_out() -> None:
    with pytest.raises(Infeasible, match="--io int8"):
        decide_schedule(with_float_input(small_graph()), Request(FitBudget(), 100))
    with pytest.raises(Infeasible) as error:
        decide_schedule(small_graph(), Request(FitBudget(), 100))
    assert "--io" not in str(error.value)


def test_grid_and_operators_belong_together() -> None:
    with pytest.raises(BadInput, match="give both"):
        Request.from_options(board=None, sram=None, grid=(2, 2), ops=None)
