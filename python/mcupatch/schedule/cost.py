"""Multiply-accumulates of a schedule, in the papers' convention (convolutions and dense layers, border taps included)."""

from __future__ import annotations

from mcupatch.ir.access import macs, macs_per_pixel
from mcupatch.ir.graph import Graph
from mcupatch.ir.region import AxisAccess, Interval
from mcupatch.schedule.regions import COLS, ROWS, axis_reads, largest_lengths, tile_intervals
from mcupatch.schedule.stage import Schedule, Stage
from mcupatch.schedule.stage_tensors import stage_inputs


def total_macs(graph: Graph) -> int:
    """MACs of whole-tensor execution: every output position once."""
    return sum(macs(graph, op) for op in graph.ops)


def stage_macs(graph: Graph, stage: Stage) -> int:
    """MACs of one stage: each operator computes its own region anew for every tile, clipped at the borders."""
    if not stage.is_patched:
        return sum(macs(graph, op) for op in graph.ops[stage.first : stage.last + 1])
    rows = tile_intervals(graph, stage, ROWS)
    cols = tile_intervals(graph, stage, COLS)
    total = 0
    for op in graph.ops[stage.first : stage.last + 1]:
        # the tiles are all pairs of a row interval and a column interval, so the sum of areas is a product
        pixels = sum(t[op.output].length for t in rows) * sum(t[op.output].length for t in cols)
        total += pixels * macs_per_pixel(op, graph.output_tensor(op).hwc[2])
    return total


def schedule_macs(graph: Graph, schedule: Schedule) -> int:
    return sum(stage_macs(graph, stage) for stage in schedule.stages)


def extra_macs(graph: Graph, schedule: Schedule) -> int:
    """MACs beyond whole-tensor execution: recomputed halos.

    Negative if the network computes positions that nothing reads and the patches leave them out.
    """
    return schedule_macs(graph, schedule) - total_macs(graph)


def full_patch_macs(graph: Graph, stage: Stage) -> int:
    """MACs of a patch stage as the paper's Table 1 counts them: every patch has the unclipped, interior size."""
    rows = _unclipped_lengths(graph, stage, ROWS)
    cols = _unclipped_lengths(graph, stage, COLS)
    tiles = stage.grid[0] * stage.grid[1]
    return tiles * sum(
        rows[op.output] * cols[op.output] * macs_per_pixel(op, graph.output_tensor(op).hwc[2])
        for op in graph.ops[stage.first : stage.last + 1]
    )


def input_patch(graph: Graph, stage: Stage) -> tuple[int, int]:
    """Rows and columns of the stage's input that its largest tile reads (of the largest input, if several)."""
    rows = largest_lengths(tile_intervals(graph, stage, ROWS))
    cols = largest_lengths(tile_intervals(graph, stage, COLS))
    names = stage_inputs(graph, stage.first, stage.last)
    return max(((rows[n], cols[n]) for n in names), key=lambda patch: patch[0] * patch[1], default=(0, 0))


def _unclipped_lengths(graph: Graph, stage: Stage, axis: int) -> dict[str, int]:
    reads = axis_reads(graph, stage.first, stage.last, axis)
    needed = {reads[0][0]: Interval(0, stage.tile[axis])}
    for output, inputs in reads:
        for name, access, size in inputs:
            part = Interval(0, size) if access is None else _unclipped(access, needed[output])
            needed[name] = needed[name].hull(part) if name in needed else part
    return {name: interval.length for name, interval in needed.items()}


def _unclipped(access: AxisAccess, out: Interval) -> Interval:
    start = out.start * access.stride - access.pad
    return Interval(start, start + (out.length - 1) * access.stride + access.extent)
