"""The widest call of every operator: what the work space of its kernel depends on."""

from __future__ import annotations

from mcupatch.ir.graph import Graph
from mcupatch.schedule.holdings import lay_out_schedule
from mcupatch.schedule.stage import Schedule


def find_widest_columns(graph: Graph, schedule: Schedule) -> dict[str, int]:
    """By operator name the most columns of its output that one call computes (of its input, for a reduction in tiles)."""
    widest = {}
    for stage, layout in zip(schedule.stages, lay_out_schedule(graph, schedule)):
        for i in stage.operators:
            op = graph.ops[i]
            if layout is None:
                widest[op.name] = graph.output_tensor(op).hwc[1]
            else:
                computed = layout.walks[stage.segment_of(i)].cols.computed[i]
                widest[op.name] = max(interval.length for interval in computed)
    return widest
