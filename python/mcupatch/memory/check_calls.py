"""One call of an operator on the arena of owners, with its writes as early and its reads as late as ``kernels.h`` lets."""

from __future__ import annotations

import numpy as np

from mcupatch.ir import ops
from mcupatch.ir.graph import Graph
from mcupatch.ir.region import Interval
from mcupatch.memory.check_arena import OwnedArena, PlanError
from mcupatch.schedule.execution import Compute, Finish, Place, Source
from mcupatch.schedule.touched import folds_map, touched_positions

ELEMENT = (ops.Lut, ops.Add, ops.Mul, ops.Quantize, ops.Dequantize)
BY_ROWS = (ops.Conv2D, ops.DepthwiseConv2D, ops.MaxPool2D, ops.AvgPool2D, ops.Pad)
RESIZE = (ops.ResizeNearest, ops.ResizeBilinear)

Rows = tuple[int, ...]


class CallReplay:
    """Replays calls on ``arena``; raises PlanError where a read does not find what it should."""

    def __init__(self, graph: Graph, arena: OwnedArena) -> None:
        self._graph, self._arena = graph, arena
        self._rows: dict[tuple[int, int, Interval], Rows] = {}
        self._hulls: dict[tuple[int, int, Interval], Interval] = {}

    def replay(self, event: Compute | Finish) -> None:
        if isinstance(event, Compute):
            self.compute(event)
        else:
            self._finish(event)

    def compute(self, event: Compute) -> None:
        op = self._graph.ops[event.op]
        self._arena.clobber_scratch(op)
        if event.target is None:
            self._arena.check_sums(op)
            self._arena.write_sums(op)
            self._read_all(event)
            self._arena.check_sums(op)
        elif isinstance(op, ELEMENT):
            self._by_elements(event, event.target)
        elif isinstance(op, (*BY_ROWS, *RESIZE)) and not folds_map(self._graph, op):
            self._by_rows(event, event.target)
        else:  # no order is promised: all is written, then all is read
            for row in range(event.rows.start, event.rows.stop):
                self._arena.write(event.target, row, event.cols)
            self._read_all(event)
        self._arena.check_scratch(op)

    def _finish(self, event: Finish) -> None:
        op = self._graph.ops[event.op]
        self._arena.clobber_scratch(op)
        self._arena.check_sums(op)
        self._arena.write(event.target, 0, Interval(0, 1))
        self._arena.check_sums(op)
        self._arena.check_scratch(op)

    def _by_rows(self, event: Compute, target: Place) -> None:
        """Each output row is written in full before anything that it still may read is read."""
        cols = [
            None if source is None else self._columns(event.op, position, event.cols)
            for position, source in enumerate(event.sources)
        ]
        for row in range(event.rows.start, event.rows.stop):
            self._arena.write(target, row, event.cols)
            for position, source in enumerate(event.sources):
                hull = cols[position]
                if source is not None and hull is not None:
                    for read in self._touched(event.op, position, Interval(row, row + 1)):
                        self._check(event, source, read, hull)

    def _read_all(self, event: Compute) -> None:
        for position, source in enumerate(event.sources):
            if source is not None:
                rows, cols = self._whole_region(event, position)
                for row in rows:
                    self._check(event, source, row, cols)

    def _by_elements(self, event: Compute, target: Place) -> None:
        """Element i of every input is read when the elements before i have been written."""
        op = self._graph.ops[event.op]
        out = self._graph.tensors[op.output]
        for row in range(event.rows.start, event.rows.stop):
            written = self._arena.address(target, row, event.cols.start)
            for source in event.sources:
                if source is None:
                    continue
                tensor = self._graph.tensors[source.place.tensor]
                rows, width, depth = tensor.hwc
                read = 0 if rows == 1 else row
                cols = Interval(0, 1) if width == 1 else event.cols
                self._check(event, source, read, cols)
                start = self._arena.address(_place_of(source, read), read, cols.start)
                stop = start + cols.length * depth * tensor.item_bytes
                end = written + event.cols.length * out.hwc[2] * out.item_bytes
                if start < end and stop > written:  # the two share bytes: element by element
                    index = np.arange(event.cols.length * out.hwc[2])
                    channel = index % out.hwc[2] if depth > 1 else 0 * index
                    pixel = index // out.hwc[2] if width > 1 else 0 * index
                    reads = start + (pixel * depth + channel) * tensor.item_bytes
                    before = written + index * out.item_bytes
                    if ((reads < before) & (reads + tensor.item_bytes > written)).any():
                        raise self._damaged(event, source, read)
            self._arena.write(target, row, event.cols)

    def _check(self, event: Compute, source: Source, row: int, cols: Interval) -> None:
        if cols.length and not self._arena.is_intact(_place_of(source, row), row, cols):
            raise self._damaged(event, source, row)

    def _damaged(self, event: Compute, source: Source, row: int) -> PlanError:
        name = self._graph.ops[event.op].name
        return PlanError(
            f"operator '{name}' in step {event.step}, tile {event.tile} reads row {row} of "
            f"'{source.place.tensor}', which was overwritten or never written"
        )

    def _whole_region(self, event: Compute, position: int) -> tuple[Rows, Interval]:
        op = self._graph.ops[event.op]
        height, width, _ = self._graph.tensors[op.inputs[position]].hwc
        folds_at_once = event.target is not None and folds_map(self._graph, op)
        if folds_at_once or touched_positions(self._graph, op, position, 0, event.rows) is None:
            return tuple(range(height)), Interval(0, width)
        return self._touched(event.op, position, event.rows), self._columns(event.op, position, event.cols)

    def _touched(self, op_index: int, position: int, out: Interval) -> Rows:
        """The input rows that output rows ``out`` read."""
        key = op_index, position, out
        if key not in self._rows:
            op = self._graph.ops[op_index]
            if isinstance(op, RESIZE):
                rows = {int(r) for r in np.ravel(op.row_index[out.start : out.stop])}
            else:
                found = touched_positions(self._graph, op, position, 0, out)
                rows = {p for part in found or () for p in part}
            self._rows[key] = tuple(sorted(rows))
        return self._rows[key]

    def _columns(self, op_index: int, position: int, out: Interval) -> Interval:
        """The input columns from the first to the last that output columns ``out`` read."""
        key = op_index, position, out
        if key not in self._hulls:
            op = self._graph.ops[op_index]
            found = touched_positions(self._graph, op, position, 1, out)
            if found is None:  # a resize, which runs on whole rows
                found = (range(self._graph.tensors[op.inputs[position]].hwc[1]),)
            edges = [p for part in found for p in (part[0], part[-1])]
            self._hulls[key] = Interval(min(edges), max(edges) + 1) if edges else Interval(0, 0)
        return self._hulls[key]


def _place_of(source: Source, row: int) -> Place:
    return source.upper if source.upper is not None and row < source.split else source.place
