"""How far an operator's output must lie below its input so that it may be written over it while it is computed.

Here for one call of the operator on whole tensors, or for every call on tiles; ``stage_trailing.py`` has whole stages.

The kernels keep an order (``kernels.h``). Element operators read element i of an input no later than they
write element i. Window operators write row by row, and while row y is written they read only the input rows of
y and later. So the output may trail the input through the same bytes: it is safe where

    offset(input) - offset(output) >= distance

    element   distance = max over elements i of  end of out[i]  -  start of in[i + 1]
    row       distance = max over rows y     of  end of out row y  -  start of the first input row of y

with offsets counted from each buffer's own start. The rows of a tile lie at one distance, whatever a step computes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcupatch.ir import ops
from mcupatch.ir.access import input_access
from mcupatch.ir.graph import Graph
from mcupatch.ir.region import AxisAccess, Interval
from mcupatch.ir.tensor import Tensor

Int64Array = NDArray[np.int64]

ELEMENT_OPS = (ops.Lut, ops.Add, ops.Mul, ops.Quantize, ops.Dequantize)
WINDOW_OPS = (ops.Conv2D, ops.DepthwiseConv2D, ops.AvgPool2D, ops.MaxPool2D, ops.Pad)
RESIZE_OPS = (ops.ResizeNearest, ops.ResizeBilinear)


@dataclass(frozen=True)
class AxisWindow:
    """One axis of an operator at work on a window of its input, both counted from their buffers' starts.

    Output position ``o`` in ``[0, out_length)`` reads input positions from ``o * stride + offset`` on.
    """

    out_length: int
    in_length: int
    offset: int


def axis_windows(
    access: AxisAccess, outs: Sequence[Interval], ins: Sequence[Interval]
) -> frozenset[AxisWindow]:
    """The distinct windows of all calls along one axis, given what each computes and where its input begins and ends."""
    return frozenset(
        AxisWindow(o.length, i.length, o.start * access.stride - access.pad - i.start)
        for o, i in zip(outs, ins)
        if o.length
    )


def may_trail(graph: Graph, op: ops.Operator, name: str) -> bool:
    """Whether ``op`` may ever write its output over its input ``name`` while it reads it."""
    if isinstance(op, ELEMENT_OPS):  # a repeated operand is read again later
        return graph.tensors[name].hwc == graph.output_tensor(op).hwc
    return isinstance(op, (*WINDOW_OPS, *RESIZE_OPS))


def whole_distance(graph: Graph, op: ops.Operator, name: str) -> int | None:
    """Distance in bytes when ``op`` runs on whole tensors; None if it never may overlap its input ``name``."""
    source, out = graph.tensors[name], graph.output_tensor(op)
    access = input_access(graph, op, op.inputs.index(name))
    pads = (0, 0) if access is None else (access.rows.pad, access.cols.pad)
    rows = AxisWindow(out.hwc[0], source.hwc[0], -pads[0])
    cols = AxisWindow(out.hwc[1], source.hwc[1], -pads[1])
    return trailing_distance(graph, op, name, (rows,), (cols,), (out.hwc[1], source.hwc[1]))


def trailing_distance(
    graph: Graph,
    op: ops.Operator,
    name: str,
    rows: Iterable[AxisWindow],
    cols: Iterable[AxisWindow],
    row_positions: tuple[int, int],
) -> int | None:
    """Distance in bytes that serves every pair of a row and a column window; None if ``op`` never may overlap.

    ``row_positions``: from one row to the next, in positions of the output's buffer and of the input's.
    """
    if not may_trail(graph, op, name):
        return None
    source, out = graph.tensors[name], graph.output_tensor(op)
    strides = (row_positions[0] * position_bytes(out), row_positions[1] * position_bytes(source))
    columns = tuple(cols)
    distance = 0
    for row in rows:
        first_rows = None if isinstance(op, ELEMENT_OPS) else _first_input_rows(op, row)
        for col in columns:
            if first_rows is None:
                found = _element_distance(source, out, row, col, strides)
            else:
                found = _row_distance(source, out, first_rows, col, strides)
            distance = max(distance, found)
    return distance


def position_bytes(tensor: Tensor) -> int:
    """Bytes of all channels of one position."""
    return tensor.hwc[2] * tensor.item_bytes


def _first_input_rows(op: ops.Operator, row: AxisWindow) -> Int64Array:
    """For each output row the first input row that it or a later one reads, int64 ``[out_length]``."""
    if isinstance(op, RESIZE_OPS):
        lowest = op.row_index.astype(np.int64).reshape(row.out_length, -1).min(axis=1)
        return np.minimum.accumulate(lowest[::-1])[::-1]
    assert isinstance(op, WINDOW_OPS)
    stride = 1 if isinstance(op, ops.Pad) else op.stride[0]
    first = np.arange(row.out_length, dtype=np.int64) * stride + row.offset
    return np.clip(first, 0, row.in_length)


def _row_distance(
    source: Tensor, out: Tensor, first_rows: Int64Array, col: AxisWindow, strides: tuple[int, int]
) -> int:
    ends = np.arange(len(first_rows), dtype=np.int64) * strides[0] + col.out_length * position_bytes(out)
    first_col = min(max(col.offset, 0), col.in_length)
    starts = first_rows * strides[1] + first_col * position_bytes(source)
    return int((ends - starts).max(initial=0))


def _element_distance(
    source: Tensor, out: Tensor, row: AxisWindow, col: AxisWindow, strides: tuple[int, int]
) -> int:
    per_row = col.out_length * out.hwc[2]  # elements
    y = np.arange(row.out_length, dtype=np.int64)
    out_start = y * strides[0]
    in_start = (y + row.offset) * strides[1] + col.offset * position_bytes(source)
    found = [0]
    if per_row >= 2:
        # within a row both sides are linear in the element, so the extremes are the first and the last but one
        for i in (0, per_row - 2):
            ends, starts = out_start + (i + 1) * out.item_bytes, in_start + (i + 1) * source.item_bytes
            found.append(int((ends - starts).max(initial=0)))
    if row.out_length >= 2 and per_row:
        found.append(int((out_start[:-1] + per_row * out.item_bytes - in_start[1:]).max()))
    return max(found)


def union_bytes(out_bytes: int, trailed: Sequence[tuple[int, int]]) -> int:
    """Bytes that an output and the inputs it may overwrite need at least together.

    ``trailed`` holds (bytes, distance) of each such input; the inputs are disjoint from each other.
    """
    inputs = sum(nbytes for nbytes, _ in trailed)
    return (
        max(out_bytes, inputs, *(nbytes + distance for nbytes, distance in trailed)) if trailed else out_bytes
    )
