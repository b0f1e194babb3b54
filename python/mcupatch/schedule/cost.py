"""Multiply-accumulates of a schedule, in the papers' convention (convolutions and dense layers, border taps included)."""

from __future__ import annotations

from mcupatch.ir.access import macs, macs_per_pixel
from mcupatch.ir.graph import Graph
from mcupatch.schedule.holdings import lay_out_schedule
from mcupatch.schedule.stage import Schedule
from mcupatch.schedule.stage_layout import StageLayout


def total_macs(graph: Graph) -> int:
    """MACs of whole-tensor execution: every output position once."""
    return sum(macs(graph, op) for op in graph.ops)


def stage_macs(graph: Graph, layout: StageLayout) -> int:
    """MACs of a stage in tiles: what every operator computes at the steps that run, clipped at the borders."""
    total = 0
    for i in layout.stage.operators:
        op = graph.ops[i]
        total += computed_positions(layout, i) * macs_per_pixel(op, graph.output_tensor(op).hwc[2])
    return total


def computed_positions(layout: StageLayout, op: int) -> int:
    """Positions of its output that operator ``op`` computes in all tiles, each as often as it does."""
    segment = layout.stage.segment_of(op)
    walk, steps = layout.walks[segment], layout.executed(segment)
    # the calls are all pairs of a row interval and a column interval, so the sum of areas is a product
    rows = sum(interval.length for interval in walk.rows.computed[op][:steps])
    return rows * sum(interval.length for interval in walk.cols.computed[op])


def schedule_macs(graph: Graph, schedule: Schedule) -> int:
    """MACs of all stages."""
    total = 0
    for stage, layout in zip(schedule.stages, lay_out_schedule(graph, schedule)):
        total += macs(graph, graph.ops[stage.first]) if layout is None else stage_macs(graph, layout)
    return total


def extra_macs(graph: Graph, schedule: Schedule) -> int:
    """MACs beyond whole-tensor execution: recomputed halos.

    Negative if the network computes positions that nothing reads and the tiles leave them out.
    """
    return schedule_macs(graph, schedule) - total_macs(graph)
