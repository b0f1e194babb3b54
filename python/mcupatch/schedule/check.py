"""An independent check of a schedule: tiles, regions and legality, by brute force.

Shares nothing with ``regions.py``, ``trailing.py`` or ``ir/access.py``: windows are read off the operators' own
fields here, and every position that a window touches is looked up one by one.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mcupatch.ir import ops
from mcupatch.ir.graph import Graph
from mcupatch.ir.region import Interval, Region
from mcupatch.schedule.regions import infer_regions
from mcupatch.schedule.stage import Schedule, Stage

InferRegions = Callable[[Graph, Stage, Region], dict[str, Region]]

Window = tuple[int, int, int, int]
"""Along one axis: kernel taps, stride, dilation, padding before."""

POINT: Window = (1, 1, 1, 0)


class ScheduleError(Exception):
    """A schedule that would compute something twice into the output, not at all, or read what is not there."""


def check_schedule(graph: Graph, schedule: Schedule, infer: InferRegions = infer_regions) -> None:
    """Prove ``schedule`` legal for ``graph``; ``infer`` gives the regions that will be computed for each tile.

    Tiles cover each stage's output once; every region lies inside its tensor; every position that a window
    reads inside a tensor is computed in the same tile or is an input of the stage; nothing that a patch stage
    computes in part is used after it. Raises ScheduleError.
    """
    covered = sum(stage.last - stage.first + 1 for stage in schedule.stages)
    if covered != len(graph.ops):
        raise ScheduleError(f"the schedule holds {covered} operators, the model {len(graph.ops)}")
    for stage in schedule.stages:
        _check_tiles(graph, stage)
        if stage.grid == (1, 1):
            if stage.first != stage.last:
                raise ScheduleError(
                    f"stage {stage.first} to {stage.last} holds several operators in one tile"
                )
            continue
        _check_border(graph, stage)
        _check_regions(graph, stage, infer)


def _check_tiles(graph: Graph, stage: Stage) -> None:
    height, width, _ = graph.tensors[graph.ops[stage.last].output].hwc
    count = np.zeros((height, width), np.int64)
    for tile in stage.tiles(height, width):
        if tile.pixels == 0:
            raise ScheduleError(f"stage {stage.first} to {stage.last} has an empty tile")
        count[tile.rows.start : tile.rows.stop, tile.cols.start : tile.cols.stop] += 1
        if tile.rows.stop > height or tile.cols.stop > width:
            raise ScheduleError(f"stage {stage.first} to {stage.last} has a tile outside its output")
    if not (count == 1).all():
        raise ScheduleError(
            f"the tiles of stage {stage.first} to {stage.last} do not cover its output exactly once"
        )


def _check_border(graph: Graph, stage: Stage) -> None:
    """Only the last operator's result may leave the stage."""
    inside = range(stage.first, stage.last + 1)
    results = {graph.ops[i].output for i in inside}
    partial = results - {graph.ops[stage.last].output}
    for i, op in enumerate(graph.ops):
        if i not in inside and partial & set(op.inputs):
            raise ScheduleError(
                f"operator '{op.name}' reads a tensor that stage {stage.first} to {stage.last} only tiles"
            )
    if partial & set(graph.outputs):
        raise ScheduleError(f"stage {stage.first} to {stage.last} only tiles an output of the model")


def _check_regions(graph: Graph, stage: Stage, infer: InferRegions) -> None:
    height, width, _ = graph.tensors[graph.ops[stage.last].output].hwc
    body = graph.ops[stage.first : stage.last + 1]
    computed = {op.output for op in body}
    windows = [[_windows(graph, op, i) for i in range(len(op.inputs))] for op in body]
    known: set[tuple[int, int, int, Interval, Interval]] = set()  # reads already looked up, tile after tile
    for tile in stage.tiles(height, width):
        regions = infer(graph, stage, tile)
        if regions[body[-1].output] != tile:
            raise ScheduleError(
                f"the last operator computes {regions[body[-1].output]} instead of its tile {tile}"
            )
        for name, region in regions.items():
            rows, cols, _ = graph.tensors[name].hwc
            for interval, size in ((region.rows, rows), (region.cols, cols)):
                if interval.length and not 0 <= interval.start < interval.stop <= size:
                    raise ScheduleError(f"region {region} is not inside tensor '{name}' of {rows}x{cols}")
        for i, op in enumerate(body):
            out = regions[op.output]
            for position, name in enumerate(op.inputs):
                if name in graph.constants:
                    continue
                rows, cols, _ = graph.tensors[name].hwc
                here = regions[name] if name in computed else Region(Interval(0, rows), Interval(0, cols))
                if out.pixels == 0:
                    continue
                axes = ((out.rows, here.rows, rows), (out.cols, here.cols, cols))
                for axis, (want, have, size) in enumerate(axes):
                    key = (i, position, axis, want, have)
                    if key not in known and not _holds(windows[i][position][axis], want, have, size):
                        raise ScheduleError(
                            f"operator '{op.name}' reads {'columns' if axis else 'rows'} of '{name}' outside "
                            f"[{have.start}, {have.stop}) to compute [{want.start}, {want.stop}) in tile {tile}"
                        )
                    known.add(key)


def _holds(window: Window, want: Interval, have: Interval, size: int) -> bool:
    """Whether every position inside the tensor that the taps of ``want`` touch lies in ``have``."""
    taps, stride, dilation, before = window
    out = np.arange(want.start, want.stop)[:, None]
    positions = out * stride - before + np.arange(taps)[None, :] * dilation
    inside = positions[(positions >= 0) & (positions < size)]
    return bool(((inside >= have.start) & (inside < have.stop)).all())


def _windows(graph: Graph, op: ops.Operator, position: int) -> tuple[Window, Window]:
    """Row and column window of one input of ``op``. Raises ScheduleError for an operator that needs its input whole."""
    if isinstance(op, (ops.Conv2D, ops.DepthwiseConv2D, ops.MaxPool2D)):
        (kh, kw), (sh, sw), (dh, dw) = op.kernel, op.stride, op.dilation
        return (kh, sh, dh, op.padding.top), (kw, sw, dw, op.padding.left)
    if isinstance(op, ops.AvgPool2D):
        (kh, kw), (sh, sw) = op.kernel, op.stride
        return (kh, sh, 1, op.padding.top), (kw, sw, 1, op.padding.left)
    if isinstance(op, ops.Pad):
        return (1, 1, 1, op.padding.top), (1, 1, 1, op.padding.left)
    source, out = graph.tensors[op.inputs[position]], graph.tensors[op.output]
    elementwise = isinstance(op, (ops.Lut, ops.Quantize, ops.Dequantize, ops.Add, ops.Mul))
    elementwise = elementwise or (isinstance(op, ops.Concat) and op.axis == len(out.shape) - 1)
    if elementwise and (op.inputs[position] in graph.constants or source.hwc[:2] == out.hwc[:2]):
        return POINT, POINT
    raise ScheduleError(f"operator '{op.name}' ({op.kind}) cannot run tile by tile")
