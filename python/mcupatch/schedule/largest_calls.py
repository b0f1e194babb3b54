"""The tallest and the widest call of every operator: what the work space of its kernel depends on."""

from __future__ import annotations

from dataclasses import dataclass

from mcupatch.ir.graph import Graph
from mcupatch.schedule.holdings import lay_out_schedule
from mcupatch.schedule.stage import Schedule


@dataclass(frozen=True)
class CallSize:
    """Rows and columns of an operator's output that a call computes at most (of its input, for a reduction in tiles)."""

    rows: int
    cols: int


def find_largest_calls(graph: Graph, schedule: Schedule) -> dict[str, CallSize]:
    """By operator name."""
    largest = {}
    for stage, layout in zip(schedule.stages, lay_out_schedule(graph, schedule)):
        for i in stage.operators:
            op = graph.ops[i]
            if layout is None:
                rows, cols, _ = graph.output_tensor(op).hwc
            else:
                segment = stage.segment_of(i)
                walk, steps = layout.walks[segment], layout.executed(segment)
                rows = max(interval.length for interval in walk.rows.computed[i][:steps])
                cols = max(interval.length for interval in walk.cols.computed[i])
            largest[op.name] = CallSize(rows, cols)
    return largest
