"""Which part of its inputs each operator reads: the one place that knows kernels, strides and paddings as regions."""

from __future__ import annotations

from mcupatch.ir import ops
from mcupatch.ir.graph import Graph
from mcupatch.ir.region import BROADCAST, ELEMENTWISE, Access, AxisAccess


def _window(
    kernel: tuple[int, int], stride: tuple[int, int], dilation: tuple[int, int], padding: ops.Padding
) -> Access:
    (kh, kw), (sh, sw), (dh, dw) = kernel, stride, dilation
    return Access(
        AxisAccess(sh, (kh - 1) * dh + 1, padding.top),
        AxisAccess(sw, (kw - 1) * dw + 1, padding.left),
    )


def input_access(graph: Graph, op: ops.Operator, position: int) -> Access | None:
    """How ``op`` reads its input number ``position``, or None if the operator cannot be cut into tiles.

    An operand of one position (a squeeze-and-excite gate) serves every tile: ``BROADCAST``. One that repeats
    along H or W alone is not tiled. A reduction reads its input position by position: ``ELEMENTWISE``.
    """
    if is_reduction(graph, op):
        return ELEMENTWISE
    if isinstance(op, ops.Conv2D | ops.DepthwiseConv2D | ops.MaxPool2D):
        return _window(op.kernel, op.stride, op.dilation, op.padding)
    if isinstance(op, ops.AvgPool2D):
        return _window(op.kernel, op.stride, (1, 1), op.padding)
    if isinstance(op, ops.Pad):
        return _window((1, 1), (1, 1), (1, 1), op.padding)
    if isinstance(op, ops.Lut | ops.Quantize | ops.Dequantize):
        return ELEMENTWISE
    if isinstance(op, ops.Add | ops.Mul):
        sides = graph.tensors[op.inputs[position]].hwc[:2]
        if sides == graph.output_tensor(op).hwc[:2]:
            return ELEMENTWISE
        return BROADCAST if sides == (1, 1) else None
    if isinstance(op, ops.Concat):
        along_channels = op.axis == len(graph.output_tensor(op).shape) - 1
        return ELEMENTWISE if along_channels else None
    return None


def is_reduction(graph: Graph, op: ops.Operator) -> bool:
    """Whether ``op`` folds its whole input map into one position, so that it may accumulate while tiles come."""
    source, out = graph.tensors[op.inputs[0]], graph.output_tensor(op)
    if len(source.shape) != 4 or out.elements != source.hwc[2]:
        return False
    if isinstance(op, ops.Mean):
        return op.axes == (1, 2)
    return isinstance(op, ops.AvgPool2D) and all(
        # every position of the map lies in the one window
        extent - before >= side
        for extent, before, side in zip(op.kernel, (op.padding.top, op.padding.left), source.hwc[:2])
    )


def tiled_tensor(graph: Graph, last: int) -> str:
    """The tensor whose tiles a segment that ends with operator ``last`` goes through."""
    op = graph.ops[last]
    return op.inputs[0] if is_reduction(graph, op) else op.output


def slides_window(op: ops.Operator) -> bool:
    """Whether ``op`` reads a window around each output position, so that some of it may lie outside the tensor."""
    return isinstance(op, ops.Conv2D | ops.DepthwiseConv2D | ops.AvgPool2D | ops.MaxPool2D | ops.Pad)


def is_tileable(graph: Graph, op: ops.Operator) -> bool:
    """Whether ``op`` may run tile by tile (a reduction: only as the last operator of a segment)."""
    if is_reduction(graph, op):
        return True
    if any(len(graph.tensors[n].shape) != 4 for n in (*op.inputs, op.output)):
        return False
    return all(
        # A constant is always there whole; it serves every tile alike if it repeats along H and W.
        graph.tensors[name].hwc[:2] == (1, 1)
        if name in graph.constants
        else input_access(graph, op, i) is not None
        for i, name in enumerate(op.inputs)
    )


def macs(graph: Graph, op: ops.Operator) -> int:
    """Multiply-accumulates of the whole operator: convolutions and dense layers only, border taps included.

    The convention of the papers (biases, pooling, additions and scalings count nothing).
    """
    height, width, channels = graph.output_tensor(op).hwc
    return height * width * macs_per_pixel(op, channels)


def macs_per_pixel(op: ops.Operator, out_channels: int) -> int:
    """Multiply-accumulates per output position (all channels)."""
    if isinstance(op, ops.Conv2D):
        return out_channels * int(op.weights[0].size)
    if isinstance(op, ops.DepthwiseConv2D):
        return out_channels * op.kernel[0] * op.kernel[1]
    if isinstance(op, ops.Dense):
        return int(op.weights.size)
    return 0
