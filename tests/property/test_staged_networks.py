"""The random networks for schedules of many stages: well formed, planned layer by layer, and of every kind wanted."""

from __future__ import annotations

from hypothesis import find, given, settings

from mcupatch.ir import ops
from mcupatch.ir.graph import Graph
from mcupatch.ir.verify import verify_graph
from mcupatch.memory.check import check_plan
from mcupatch.memory.planner import plan_memory
from mcupatch.schedule.check import check_schedule
from mcupatch.schedule.whole import plan_layer_by_layer
from tests.support.random_graphs import staged_networks


@settings(max_examples=80, deadline=None)
@given(staged_networks())
def test_whole_operators_are_planned(graph: Graph) -> None:
    verify_graph(graph)
    schedule = plan_layer_by_layer(graph)
    check_schedule(graph, schedule)
    check_plan(graph, schedule, plan_memory(graph, schedule, {}, quick=True), {})


def test_every_kind_is_drawn() -> None:
    """Raises NoSuchExample for a kind that never comes."""
    kinds = (_has_global_pool, _has_gate, _has_several_outputs, _has_long_skip, _has_jump)
    for has_kind in kinds:
        find(staged_networks(), has_kind, settings=settings(max_examples=2000, deadline=None))


def _has_global_pool(graph: Graph) -> bool:
    pools = [op for op in graph.ops if isinstance(op, ops.AvgPool2D)]
    return any(op.kernel == graph.tensors[op.inputs[0]].shape[1:3] != (1, 1) for op in pools)


def _has_gate(graph: Graph) -> bool:
    products = [op for op in graph.ops if isinstance(op, ops.Mul)]
    return any(len({graph.tensors[name].shape for name in op.inputs}) == 2 for op in products)


def _has_several_outputs(graph: Graph) -> bool:
    return len(graph.outputs) > 1


def _has_long_skip(graph: Graph) -> bool:
    """A sum with an operand of more than eight operators before."""
    made = {op.output: index for index, op in enumerate(graph.ops)}
    sums = [(index, op) for index, op in enumerate(graph.ops) if isinstance(op, ops.Add)]
    return any(index - made.get(name, index) > 8 for index, op in sums for name in op.inputs)


def _has_jump(graph: Graph) -> bool:
    convolutions = [op for op in graph.ops if isinstance(op, ops.Conv2D)]
    return any(op.stride[0] > op.kernel[0] for op in convolutions)
