"""Where schedule and memory meet: what is asked for, and what is said when it cannot be had."""

from __future__ import annotations

import dataclasses

import pytest

from mcupatch.decide import Request, decide_schedule
from mcupatch.errors import BadInput, Infeasible
from mcupatch.ir.graph import Graph
from mcupatch.ir.ops import Quantize
from mcupatch.ir.tensor import Tensor
from mcupatch.model_file import load_model_file
from mcupatch.options import FitBudget, LeastSram, PerLayer
from mcupatch.pipeline import read_graph
from mcupatch.schedule.cost import extra_macs, total_macs
from tests.support.small_graph import small_graph


def with_float_input(graph: Graph) -> Graph:
    x = graph.tensors["x"]
    real = Tensor("x_float", x.shape, "float32")
    end = Quantize("quantize", ("x_float",), "x", scale=0.1, zero_point=-3, half_even=False)
    tensors = {**graph.tensors, "x_float": real}
    return dataclasses.replace(graph, inputs=("x_float",), ops=(end, *graph.ops), tensors=tensors)


def test_a_budget_that_fits_takes_no_patches() -> None:
    assert decide_schedule(small_graph(), Request(FitBudget(), 1 << 20)).schedule.patched is None


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


def test_float_input_is_named_as_a_way_out() -> None:
    with pytest.raises(Infeasible, match="--io int8"):
        decide_schedule(with_float_input(small_graph()), Request(FitBudget(), 100))
    with pytest.raises(Infeasible) as error:
        decide_schedule(small_graph(), Request(FitBudget(), 100))
    assert "--io" not in str(error.value)


def test_grid_and_operators_belong_together() -> None:
    with pytest.raises(BadInput, match="give both"):
        Request.from_options(board=None, sram=None, grid=(2, 2), ops=None)
