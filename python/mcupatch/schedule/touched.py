"""Which positions of its inputs an operator touches, tap by tap: for the checkers.

Windows are read off the operators' own fields; nothing is shared with ``ir/access.py``, by which schedules are made.
"""

from __future__ import annotations

from collections.abc import Iterable

from mcupatch.ir import ops
from mcupatch.ir.graph import Graph
from mcupatch.ir.region import Interval

ELEMENTWISE = (ops.Lut, ops.Quantize, ops.Dequantize, ops.Add, ops.Mul)


def touched_positions(
    graph: Graph, op: ops.Operator, position: int, axis: int, out: Interval
) -> tuple[range, ...] | None:
    """The positions inside input ``position`` that ``out`` of the output (a reduction: of its input) reads.

    Along rows (``axis`` 0) or columns (1); a few ranges that together hold each once or more. None if the operator
    cannot run tile by tile.
    """
    size = graph.tensors[op.inputs[position]].hwc[axis]
    if folds_map(graph, op):
        return (range(out.start, out.stop),)
    window = _window(graph, op, position, axis)
    if window is None:
        return None
    taps, stride, dilation, before = window
    if out.length == 0:
        return ()
    if stride == 0:
        return (range(1),)
    found = (
        _inside(range(first, first + (out.length - 1) * stride + 1, stride), size)
        for first in (out.start * stride - before + k * dilation for k in range(taps))
    )
    return _joined(found)


def folds_map(graph: Graph, op: ops.Operator) -> bool:
    """Whether every position of the input map goes into the one position of the output, alike."""
    if not isinstance(op, ops.Mean | ops.AvgPool2D):
        return False
    source, out = graph.tensors[op.inputs[0]], graph.tensors[op.output]
    height, width, channels = source.hwc
    if len(source.shape) != 4 or out.elements != channels:
        return False
    if isinstance(op, ops.Mean):
        return op.axes == (1, 2)
    (rows, cols), padding = op.kernel, op.padding
    return rows - padding.top >= height and cols - padding.left >= width


def _window(graph: Graph, op: ops.Operator, position: int, axis: int) -> tuple[int, int, int, int] | None:
    """Taps, stride, dilation and padding before."""
    if isinstance(op, ops.Conv2D | ops.DepthwiseConv2D | ops.MaxPool2D):
        before = (op.padding.top, op.padding.left)[axis]
        return op.kernel[axis], op.stride[axis], op.dilation[axis], before
    if isinstance(op, ops.AvgPool2D):
        return op.kernel[axis], op.stride[axis], 1, (op.padding.top, op.padding.left)[axis]
    if isinstance(op, ops.Pad):
        return 1, 1, 1, (op.padding.top, op.padding.left)[axis]
    source, out = graph.tensors[op.inputs[position]], graph.tensors[op.output]
    by_channels = isinstance(op, ops.Concat) and op.axis == len(out.shape) - 1
    if isinstance(op, ELEMENTWISE) or by_channels:
        if source.hwc[:2] == out.hwc[:2]:
            return 1, 1, 1, 0
        if source.hwc[:2] == (1, 1) and isinstance(op, ops.Add | ops.Mul):
            return 1, 0, 1, 0
    return None


def _inside(positions: range, size: int) -> range:
    """Those in ``[0, size)``."""
    step = positions.step
    skipped = max(0, -(-(0 - positions.start) // step))
    return range(positions.start + skipped * step, min(positions.stop, size), step)


def _joined(found: Iterable[range]) -> tuple[range, ...]:
    """One range if the positions are evenly spaced, which they nearly always are; else those that came."""
    kept = tuple(r for r in found if r)
    every = sorted({p for r in kept for p in r})
    if len(every) < 2:
        return tuple(range(p, p + 1) for p in every)
    step = every[1] - every[0]
    if every[-1] - every[0] == step * (len(every) - 1) and all(
        b - a == step for a, b in zip(every, every[1:])
    ):
        return (range(every[0], every[-1] + 1, step),)
    return kept
