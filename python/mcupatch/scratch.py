"""The work space of every kernel: the kernels say how much, the schedule how large their calls are."""

from __future__ import annotations

from mcupatch.ir.graph import Graph
from mcupatch.kernels import general_scratch_bytes, scratch_bytes
from mcupatch.schedule.largest_calls import find_largest_calls
from mcupatch.schedule.search_problem import SCRATCH_COLS
from mcupatch.schedule.stage import Schedule


def find_schedule_scratch(graph: Graph, schedule: Schedule) -> dict[str, int]:
    """Bytes that each operator's kernel needs while it runs, by the operator's name."""
    largest = find_largest_calls(graph, schedule)
    return {op.name: scratch_bytes(op, largest[op.name].rows, largest[op.name].cols) for op in graph.ops}


def find_scratch_by_size(graph: Graph) -> dict[str, tuple[int, ...]]:
    """The same for calls of a single row, then of all rows of its output; of ``SCRATCH_COLS`` columns each, then of all."""
    return {
        op.name: tuple(
            scratch_bytes(op, rows, min(cols, width))
            for rows in (1, height)
            for cols in (*SCRATCH_COLS, width)
        )
        for op in graph.ops
        for height, width, _ in (graph.output_tensor(op).hwc,)
    }


def find_general_room(graph: Graph, schedule: Schedule) -> frozenset[str]:
    """The operators whose general kernel finds enough work space where that of their own kernel is planned."""
    planned = find_schedule_scratch(graph, schedule)
    return frozenset(op.name for op in graph.ops if general_scratch_bytes(op) <= planned[op.name])
