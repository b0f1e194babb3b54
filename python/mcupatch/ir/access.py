"""Which part of its inputs each operator reads: the one place that knows kernels, strides and paddings as regions."""

from __future__ import annotations

from mcupatch.ir import ops
from mcupatch.ir.graph import Graph
from mcupatch.ir.region import ELEMENTWISE, Access, AxisAccess


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

    An input that is broadcast along H or W is not tiled: None as well.
    """
    if isinstance(op, ops.Conv2D | ops.DepthwiseConv2D | ops.MaxPool2D):
        return _window(op.kernel, op.stride, op.dilation, op.padding)
    if isinstance(op, ops.AvgPool2D):
        return _window(op.kernel, op.stride, (1, 1), op.padding)
    if isinstance(op, ops.Pad):
        return _window((1, 1), (1, 1), (1, 1), op.padding)
    if isinstance(op, ops.Lut | ops.Quantize | ops.Dequantize):
        return ELEMENTWISE
    if isinstance(op, ops.Add | ops.Mul):
        same = graph.tensors[op.inputs[position]].hwc[:2] == graph.output_tensor(op).hwc[:2]
        return ELEMENTWISE if same else None
    if isinstance(op, ops.Concat):
        along_channels = op.axis == len(graph.output_tensor(op).shape) - 1
        return ELEMENTWISE if along_channels else None
    return None


def slides_window(op: ops.Operator) -> bool:
    """Whether ``op`` reads a window around each output position, so that some of it may lie outside the tensor."""
    return isinstance(op, ops.Conv2D | ops.DepthwiseConv2D | ops.AvgPool2D | ops.MaxPool2D | ops.Pad)


def is_tileable(graph: Graph, op: ops.Operator) -> bool:
    """Whether ``op`` may run inside a patch stage of more than one tile."""
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
