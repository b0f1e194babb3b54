"""How far a whole tensor that a stage writes must lie below one that dies in it, to be written over it tile by tile.

A residual block in place: the stage reads ``x`` ahead of what it writes, and the addition reads it once more.

    x      | r0 | r1 | r2 | r3 | r4 |          expand and depthwise 3x3 read one row ahead of what is written,
    out    | r0 | r1 | r2 |                    the addition reads row r2 of x as it writes row r2 of out: distance 0

Calls of operators come in the stage's order. Every call that writes part of the output asks for

    distance >= end of what it writes  -  lowest byte of the input that a later call reads

and if it reads the input itself, for what the order within the call asks (``trailing.py``): element operators read an
element no later than they write it, window operators the rows from y on while they write row y, the others
everything at the end. Both tensors are whole, so all this is addresses counted from their starts.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mcupatch.ir.access import input_access, is_reduction
from mcupatch.ir.graph import Graph
from mcupatch.ir.region import Access, Interval
from mcupatch.schedule.stage_layout import StageLayout
from mcupatch.schedule.trailing import ELEMENT_OPS, WINDOW_OPS, Int64Array, may_trail, position_bytes

NEVER = np.iinfo(np.int64).max


class StageTrailing:
    """The calls of one stage in order, and the distances that follow from them."""

    def __init__(self, graph: Graph, layout: StageLayout) -> None:
        self._graph, self._layout = graph, layout
        order = np.array(layout.order, np.int64)
        self._turns = [np.flatnonzero(order == g) for g in range(len(layout.stage.segments))]
        self._most_tiles = max(walk.cols.steps for walk in layout.walks)

    def distance(self, output: str, inputs: Sequence[str]) -> int:
        """Bytes that ``output`` must lie below the whole tensor that is read under the names ``inputs``."""
        writer = self._graph.producer[output]
        written, ends = self._writes(writer)
        times, lowest = self._reads(inputs)
        later = lowest[np.searchsorted(times, written, side="right")]
        found = [0]
        waited = later != NEVER
        if waited.any():
            found.append(int((ends[waited] - later[waited]).max()))
        op = self._graph.ops[writer]
        found += [self._distance_within(writer, name, ends) for name in inputs if name in op.inputs]
        return max(found)

    def _writes(self, op: int) -> tuple[Int64Array, Int64Array]:
        """When ``op`` writes, and the end of what it writes in bytes; calls that write nothing are left out."""
        out = self._graph.output_tensor(self._graph.ops[op])
        times = self._times(op)
        if is_reduction(self._graph, self._graph.ops[op]):  # written at the very end
            return times[-1:, -1], np.array([position_bytes(out)], np.int64)
        rows, cols = self._computed(op)
        ends = (rows[:, 1:] - 1) * out.hwc[1] + cols[:, 1]
        there = np.outer(rows[:, 1] > rows[:, 0], cols[:, 1] > cols[:, 0])
        return times[there], ends[there] * position_bytes(out)

    def _reads(self, names: Sequence[str]) -> tuple[Int64Array, Int64Array]:
        """When ``names`` are read, ascending, and the lowest byte that is read then or later (one entry more)."""
        times, starts = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        for op in self._layout.stage.operators:
            for name in set(names) & set(self._graph.ops[op].inputs):
                there, first = self._first_bytes(op, name)
                times.append(self._times(op)[there])
                starts.append(first[there])
        when, where = np.concatenate(times), np.concatenate(starts)
        order = np.argsort(when, kind="stable")
        lowest = np.append(where[order], NEVER)
        return when[order], np.minimum.accumulate(lowest[::-1])[::-1]

    def _first_bytes(self, op: int, name: str) -> tuple[NDArray[np.bool_], Int64Array]:
        """Whether each call [step, tile] of ``op`` reads of ``name``, and the first byte that it does."""
        tensor, access = self._graph.tensors[name], self._access(op, name)
        height, width, _ = tensor.hwc
        rows, cols = self._computed(op)
        read_rows = _edges([access.rows.needed(Interval(*r), height) for r in rows.tolist()])
        read_cols = _edges([access.cols.needed(Interval(*c), width) for c in cols.tolist()])
        there = np.outer(read_rows[:, 1] > read_rows[:, 0], read_cols[:, 1] > read_cols[:, 0])
        return there, (read_rows[:, :1] * width + read_cols[:, 0]) * position_bytes(tensor)

    def _distance_within(self, op: int, name: str, ends: Int64Array) -> int:
        """What the calls of ``op`` ask for that read ``name`` while they write."""
        operator, source = self._graph.ops[op], self._graph.tensors[name]
        out = self._graph.output_tensor(operator)
        rows, cols = self._computed(op)
        if isinstance(operator, ELEMENT_OPS) and may_trail(self._graph, operator, name):
            # the same element at the same place of both: only its size may differ
            return max(out.item_bytes - source.item_bytes, 0) * (source.elements - 1)
        if isinstance(operator, WINDOW_OPS) and not is_reduction(self._graph, operator):
            access = self._access(op, name)
            y = np.concatenate([np.arange(start, stop) for start, stop in rows.tolist()])
            first_rows = np.clip(y * access.rows.stride - access.rows.pad, 0, source.hwc[0])
            down = y * out.hwc[1] * position_bytes(out) - first_rows * source.hwc[1] * position_bytes(source)
            first_cols = np.clip(cols[:, 0] * access.cols.stride - access.cols.pad, 0, source.hwc[1])
            across = cols[:, 1] * position_bytes(out) - first_cols * position_bytes(source)
            filled = cols[:, 1] > cols[:, 0]
            return int(down.max(initial=0) + across[filled].max(initial=0))
        if is_reduction(self._graph, operator):
            return int(ends.max())
        # no order within a call is promised: everything is written, then everything is read
        _, first = self._first_bytes(op, name)
        writes = np.outer(rows[:, 1] > rows[:, 0], cols[:, 1] > cols[:, 0])
        return int((ends - first[writes]).max(initial=0))

    def _computed(self, op: int) -> tuple[Int64Array, Int64Array]:
        """[start, stop) of rows for each executed step and of columns for each tile, int64 ``[n, 2]``."""
        segment = self._layout.stage.segment_of(op)
        walk = self._layout.walks[segment]
        steps = len(self._turns[segment])
        return _edges(walk.rows.computed[op][:steps]), _edges(walk.cols.computed[op])

    def _times(self, op: int) -> Int64Array:
        """A number for each call, int64 [executed step, tile]: calls with greater ones come later."""
        stage = self._layout.stage
        segment = stage.segment_of(op)
        tiles = np.arange(self._layout.walks[segment].cols.steps)
        turn = self._turns[segment][:, None] * self._most_tiles + tiles
        return turn * len(stage.operators) + (op - stage.first)

    def _access(self, op: int, name: str) -> Access:
        operator = self._graph.ops[op]
        access = input_access(self._graph, operator, operator.inputs.index(name))
        assert access is not None, "an operator of a tiled stage can be cut into tiles"
        return access


def _edges(intervals: Sequence[Interval]) -> Int64Array:
    return np.array([(i.start, i.stop) for i in intervals], np.int64).reshape(-1, 2)
