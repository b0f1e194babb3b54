"""Regions of a stage: what every tensor must hold so that one tile of the stage's output can be computed.

Walking backwards from the tile, each operator asks its inputs for the positions that its windows touch; a
tensor with several readers holds the hull of what they ask for. Everything is clipped to the tensor, so
nothing outside is ever computed. Rows and columns are independent of each other.

    conv 3x3 pad 1 -> t -> conv 3x3 stride 2 pad 1 -> out        tile rows [2, 4) of 8 rows of out
    out [2, 4)   t [3, 8)   input [2, 9)
"""

from __future__ import annotations

from mcupatch.ir.access import input_access
from mcupatch.ir.graph import Graph
from mcupatch.ir.region import AxisAccess, Interval, Region
from mcupatch.schedule.stage import Stage

ROWS, COLS = 0, 1

AxisRead = tuple[str, AxisAccess | None, int]
"""One read of an operator along one axis: tensor, access (None: the whole tensor), size of the tensor."""


def axis_reads(graph: Graph, first: int, last: int, axis: int) -> list[tuple[str, tuple[AxisRead, ...]]]:
    """For operators ``last`` down to ``first``: the output and what is read of each activation along ``axis``."""
    reads = []
    for op in reversed(graph.ops[first : last + 1]):
        found = []
        for position, name in enumerate(op.inputs):
            if name in graph.constants:
                continue
            access = input_access(graph, op, position)
            along = None if access is None else (access.rows, access.cols)[axis]
            found.append((name, along, graph.tensors[name].hwc[axis]))
        reads.append((op.output, tuple(found)))
    return reads


def _walk_back(reads: list[tuple[str, tuple[AxisRead, ...]]], out: Interval) -> dict[str, Interval]:
    needed = {reads[0][0]: out}
    for output, inputs in reads:
        done = needed.setdefault(output, Interval(0, 0))
        for name, access, size in inputs:
            part = Interval(0, size) if access is None else access.needed(done, size)
            needed[name] = needed[name].hull(part) if name in needed else part
    return needed


def infer_intervals(graph: Graph, stage: Stage, axis: int, out: Interval) -> dict[str, Interval]:
    """The rows (``axis`` 0) or columns (1) of every activation of the stage that computing ``out`` needs.

    An operator that cannot be cut into tiles needs its inputs whole. Empty where a tile lies in padding alone.
    """
    return _walk_back(axis_reads(graph, stage.first, stage.last, axis), out)


def infer_regions(graph: Graph, stage: Stage, tile: Region) -> dict[str, Region]:
    """The region of every activation that the stage reads or computes for ``tile`` of its output.

    Constants of the graph are left out; the output's region is the tile itself.
    """
    rows = infer_intervals(graph, stage, ROWS, tile.rows)
    cols = infer_intervals(graph, stage, COLS, tile.cols)
    return {name: Region(rows[name], cols[name]) for name in rows}


def tile_intervals(graph: Graph, stage: Stage, axis: int) -> list[dict[str, Interval]]:
    """``infer_intervals`` of every tile along one axis: ``grid[axis]`` dictionaries, in order."""
    size = graph.output_tensor(graph.ops[stage.last]).hwc[axis]
    reads = axis_reads(graph, stage.first, stage.last, axis)
    length = stage.tile[axis]
    return [
        _walk_back(reads, Interval(i * length, min((i + 1) * length, size))) for i in range(stage.grid[axis])
    ]


def largest_lengths(intervals: list[dict[str, Interval]]) -> dict[str, int]:
    """Per tensor the longest interval over all tiles of one axis."""
    return {name: max(tile[name].length for tile in intervals) for name in intervals[0]}


def tile_bytes(
    graph: Graph, rows: list[dict[str, Interval]], cols: list[dict[str, Interval]]
) -> dict[str, int]:
    """Bytes of the largest tile of every activation, rows * cols * channels, from ``tile_intervals`` of both axes."""
    height, width = largest_lengths(rows), largest_lengths(cols)
    return {
        name: height[name] * width[name] * graph.tensors[name].hwc[2] * graph.tensors[name].item_bytes
        for name in height
    }
