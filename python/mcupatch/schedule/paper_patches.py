"""A stage as the MCUNetV2 paper counts it: patches of one size, as if the tensors had no borders."""

from __future__ import annotations

from mcupatch.ir.access import input_access, macs_per_pixel, tiled_tensor
from mcupatch.ir.graph import Graph
from mcupatch.ir.region import AxisAccess, Interval
from mcupatch.schedule.axis_walk import COLS, ROWS
from mcupatch.schedule.stage import Segment
from mcupatch.schedule.stage_layout import SegmentWalk, StageLayout
from mcupatch.schedule.stage_tensors import stage_inputs


def full_patch_macs(graph: Graph, layout: StageLayout) -> int:
    """MACs with every patch of unclipped, interior size, as in the paper's Table 1.

    What is kept along an axis is computed once, so along it the tensor's own size counts.
    """
    total = 0
    for walk in layout.walks:
        rows, cols = (_computed_lengths(graph, walk, axis) for axis in (ROWS, COLS))
        for i in walk.segment.operators:
            op = graph.ops[i]
            total += rows[i] * cols[i] * macs_per_pixel(op, graph.output_tensor(op).hwc[2])
    return total


def input_patch(graph: Graph, layout: StageLayout) -> tuple[int, int]:
    """Rows and columns of the stage's input that its largest tile reads (of the largest input, if several)."""
    patches = [(0, 0)]
    for name in stage_inputs(graph, layout.stage.first, layout.stage.last):
        for walk in layout.walks:
            if name in walk.rows.read:
                rows, cols = walk.rows.read[name], walk.cols.read[name]
                patches.append((max(r.length for r in rows), max(c.length for c in cols)))
    return max(patches, key=lambda patch: patch[0] * patch[1])


def _computed_lengths(graph: Graph, walk: SegmentWalk, axis: int) -> dict[int, int]:
    """By operator, the sum over all tiles of what it computes along one axis."""
    segment, along = walk.segment, (walk.rows, walk.cols)[axis]
    anew = (segment.recomputed_rows, segment.recomputed_cols)[axis]
    unclipped = _unclipped_lengths(graph, segment, axis)
    tiles = along.steps - along.warm_up
    found = {}
    for i in segment.operators:
        computed = sum(interval.length for interval in along.computed[i])
        is_tiled = graph.ops[i].output == tiled_tensor(graph, segment.last)
        found[i] = tiles * unclipped[i] if i in anew or is_tiled else computed
    return found


def _unclipped_lengths(graph: Graph, segment: Segment, axis: int) -> dict[int, int]:
    """By operator, what one tile far from all borders needs of its output along one axis."""
    needed = {tiled_tensor(graph, segment.last): Interval(0, segment.tile[axis])}
    found = {}
    for i in reversed(segment.operators):
        op = graph.ops[i]
        out = needed.setdefault(op.output, Interval(0, 0))
        found[i] = out.length
        for position, name in enumerate(op.inputs):
            access = None if name in graph.constants else input_access(graph, op, position)
            if access is not None and out.length:
                part = _unclipped((access.rows, access.cols)[axis], out)
                needed[name] = needed[name].hull(part) if name in needed else part
    return found


def _unclipped(access: AxisAccess, out: Interval) -> Interval:
    start = out.start * access.stride - access.pad
    return Interval(start, start + (out.length - 1) * access.stride + access.extent)
