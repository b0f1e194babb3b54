"""The work space of every kernel: the kernels say how much, the schedule how wide their calls are."""

from __future__ import annotations

from mcupatch.ir.graph import Graph
from mcupatch.kernels import general_scratch_bytes, scratch_bytes
from mcupatch.schedule.search_problem import SCRATCH_COLS
from mcupatch.schedule.stage import Schedule
from mcupatch.schedule.widest_columns import find_widest_columns


def find_schedule_scratch(graph: Graph, schedule: Schedule) -> dict[str, int]:
    """Bytes that each operator's kernel needs while it runs, by the operator's name."""
    widest = find_widest_columns(graph, schedule)
    return {op.name: scratch_bytes(op, widest[op.name]) for op in graph.ops}


def find_scratch_by_width(graph: Graph) -> dict[str, tuple[int, ...]]:
    """The same for calls of ``SCRATCH_COLS`` columns each, and at the end for all columns of its output."""
    return {
        op.name: tuple(scratch_bytes(op, min(cols, width)) for cols in (*SCRATCH_COLS, width))
        for op in graph.ops
        for width in (graph.output_tensor(op).hwc[1],)
    }


def find_general_room(graph: Graph, schedule: Schedule) -> frozenset[str]:
    """The operators whose general kernel finds enough work space where that of their own kernel is planned."""
    planned = find_schedule_scratch(graph, schedule)
    return frozenset(op.name for op in graph.ops if general_scratch_bytes(op) <= planned[op.name])
