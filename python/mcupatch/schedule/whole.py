"""Operators that run whole: stages of one operator and one tile, and the schedule that has no others."""

from __future__ import annotations

from mcupatch.errors import BadInput
from mcupatch.ir.access import is_reduction, is_tileable, tiled_tensor
from mcupatch.ir.graph import Graph
from mcupatch.ir.ops import Lut, Quantize
from mcupatch.schedule.stage import Schedule, Segment, Stage


def plan_layer_by_layer(graph: Graph, streamed: tuple[str, ...] = ()) -> Schedule:
    """Every operator whole, one after the other.

    Those that read a ``streamed`` input, or the values it is converted to, and all before them, run row by row in its
    stead. Raises BadInput where they cannot.
    """
    last = max((_last_reader(graph, name) for name in streamed), default=-1)
    first = (_row_by_row(graph, last),) if streamed else ()
    rest = tuple(whole_operator(graph, i) for i in range(last + 1, len(graph.ops)))
    return Schedule((*first, *rest), streamed)


def _last_reader(graph: Graph, name: str) -> int:
    """Seen through a conversion of its values, which would else hold all of the input in another type."""
    last = graph.consumers[name][-1]
    op = graph.ops[last]
    users = graph.consumers[op.output]
    if isinstance(op, Lut | Quantize) and op.output not in graph.outputs and len(users) == 1:
        if is_tileable(graph, graph.ops[users[0]]):
            return _last_reader(graph, op.output)
    return last


def _row_by_row(graph: Graph, last: int) -> Stage:
    for i, op in enumerate(graph.ops[: last + 1]):
        if not is_tileable(graph, op) or (is_reduction(graph, op) and i < last):
            raise BadInput(
                f"The inputs of this model cannot come row by row: operator {i} '{op.name}' ({op.kind}), which runs before "
                f"operator {last} reads the last of them, needs its input whole."
            )
    return Stage((Segment(0, last, (1, _whole_tile(graph, last)[1])),))


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
    height, width, _ = graph.tensors[tiled_tensor(graph, op)].hwc
    return height, width
