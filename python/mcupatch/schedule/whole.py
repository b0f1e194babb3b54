"""Operators that run whole: stages of one operator and one tile, and the schedule that has no others."""

from __future__ import annotations

from mcupatch.ir.access import is_tileable, tiled_tensor
from mcupatch.ir.graph import Graph
from mcupatch.schedule.stage import Schedule, Segment, Stage


def plan_layer_by_layer(graph: Graph) -> Schedule:
    """Every operator whole, one after the other."""
    return Schedule(tuple(whole_operator(graph, i) for i in range(len(graph.ops))))


def whole_operator(graph: Graph, op: int) -> Stage:
    """Operator ``op`` as a stage of its own, in one tile."""
    return Stage((Segment(op, op, _whole_tile(graph, op)),))


def is_whole(graph: Graph, stage: Stage) -> bool:
    """Whether ``stage`` is an operator that runs whole. Whatever cannot be cut into tiles does."""
    if len(stage.operators) > 1:
        return False
    (segment,) = stage.segments
    return segment.tile == _whole_tile(graph, stage.first)


def _whole_tile(graph: Graph, op: int) -> tuple[int, int]:
    """Rows and columns of all that the operator is cut by: its output, or the input of a reduction."""
    operator = graph.ops[op]
    name = tiled_tensor(graph, op) if is_tileable(graph, operator) else operator.output
    height, width, _ = graph.tensors[name].hwc
    return height, width
