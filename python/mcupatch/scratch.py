"""The work space of every kernel: the kernels say how much, the schedule how large their calls are."""

from __future__ import annotations

from mcupatch.ir.graph import Graph
from mcupatch.kernels import general_scratch_bytes, scratch_by_size, scratch_bytes
from mcupatch.schedule.largest_calls import find_largest_calls
from mcupatch.schedule.search_problem import SCRATCH_COLS
from mcupatch.schedule.stage import Schedule


def find_schedule_scratch(graph: Graph, schedule: Schedule) -> dict[str, int]:
    """Bytes that each operator's kernel needs while it runs, by the operator's name."""
    largest = find_largest_calls(graph, schedule)
    return {op.name: scratch_bytes(op, largest[op.name].rows, largest[op.name].cols) for op in graph.ops}


def find_scratch_by_size(graph: Graph) -> dict[str, tuple[int, ...]]:
    """The same for calls of a single row, then of all rows of its output; of ``SCRATCH_COLS`` columns each, then of all."""
    found = {}
    for op in graph.ops:
        height, width, _ = graph.output_tensor(op).hwc
        sizes = [(rows, min(cols, width)) for rows in (1, height) for cols in (*SCRATCH_COLS, width)]
        found[op.name] = tuple(scratch_by_size(op, sizes))
    return found


def find_general_room(graph: Graph, schedule: Schedule) -> frozenset[str]:
    """The operators whose general kernel finds enough work space where that of their own kernel is planned."""
    planned = find_schedule_scratch(graph, schedule)
    return frozenset(op.name for op in graph.ops if general_scratch_bytes(op) <= planned[op.name])
