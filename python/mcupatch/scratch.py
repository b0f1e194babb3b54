"""The work space of every kernel under a schedule: the kernels say how much, the schedule how wide their calls are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcupatch.ir.graph import Graph
from mcupatch.kernels import scratch_bytes
from mcupatch.schedule.stage import Schedule
from mcupatch.schedule.widest_columns import find_widest_columns

if TYPE_CHECKING:
    from mcupatch.schedule.search_problem import OperatorScratch


def find_schedule_scratch(graph: Graph, schedule: Schedule) -> dict[str, int]:
    """Bytes that each operator's kernel needs while it runs, by its name."""
    widest = find_widest_columns(graph, schedule)
    return {op.name: scratch_bytes(op, widest[op.name]) for op in graph.ops}


def find_operator_scratch(graph: Graph) -> dict[str, OperatorScratch]:
    """Of each operator, by its name: what it needs when it runs whole, and for calls of a single column."""
    from mcupatch.schedule.search_problem import OperatorScratch

    return {
        op.name: OperatorScratch(scratch_bytes(op, graph.output_tensor(op).hwc[1]), scratch_bytes(op, 1))
        for op in graph.ops
    }
