"""Operators that run alone in smaller tiles than the search chose: it counts them one by one, the planner all together.

Along a chain of operators each output lies a distance below its input. A whole operator's is a row or two, that of
one in tiles of a row a few columns more or less; what all of them add up to only the plan tells.
"""

from __future__ import annotations

from dataclasses import replace

from mcupatch.ir.access import is_reduction, is_tileable
from mcupatch.ir.graph import Graph
from mcupatch.schedule.stage import Schedule, Segment, Stage


def run_alone_by_row(graph: Graph, schedule: Schedule, cols: int) -> Schedule:
    """``schedule`` with its stages of one operator in tiles of a row and ``cols`` columns at most.

    Reductions, and what cannot be cut, stay as they are.
    """
    return replace(schedule, stages=tuple(_cut(graph, stage, cols) for stage in schedule.stages))


def _cut(graph: Graph, stage: Stage, cols: int) -> Stage:
    op = graph.ops[stage.first]
    if len(stage.operators) > 1 or not is_tileable(graph, op) or is_reduction(graph, op):
        return stage
    tile = (1, min(cols, graph.output_tensor(op).hwc[1]))
    return Stage((Segment(stage.first, stage.first, tile),))
