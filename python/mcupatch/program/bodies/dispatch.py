"""From an operator to its TIR body."""

from __future__ import annotations

from typing import Any

from mcupatch.ir import ops
from mcupatch.program.bodies import convolution, elementwise, movement, pooling, softmax
from mcupatch.program.window import FlatView, Window

Arrays = dict[str, Any]

_WINDOWED: dict[type[ops.Operator], Any] = {
    ops.Conv2D: convolution.emit_conv2d,
    ops.DepthwiseConv2D: convolution.emit_depthwise_conv2d,
    ops.MaxPool2D: pooling.emit_max_pool2d,
    ops.AvgPool2D: pooling.emit_avg_pool2d,
    ops.Add: elementwise.emit_add,
    ops.Mul: elementwise.emit_mul,
    ops.Lut: elementwise.emit_lut,
    ops.Quantize: elementwise.emit_quantize,
    ops.Dequantize: elementwise.emit_dequantize,
    ops.Pad: movement.emit_pad,
    ops.ResizeNearest: movement.emit_resize_nearest,
    ops.ResizeBilinear: movement.emit_resize_bilinear,
}


def is_windowed(op: ops.Operator, rank: int) -> bool:
    """Whether the operator works on windows; the others see whole tensors as flat bytes."""
    if isinstance(op, ops.Concat):
        return rank == 4 and op.axis == 3
    return type(op) in _WINDOWED


def emit_body(op: ops.Operator, inputs: list[Window], output: Window, arrays: Arrays) -> None:
    """Write the loops of ``op`` over ``output`` at the builder's current place."""
    rank = len(output.tensor.shape)
    if isinstance(op, ops.Concat) and is_windowed(op, rank):
        movement.emit_concat_channels(op, inputs, output, arrays)
        return
    if type(op) in _WINDOWED:
        _WINDOWED[type(op)](op, inputs, output, arrays)
        return
    sources, target = [FlatView(w) for w in inputs], FlatView(output)
    shape = inputs[0].tensor.shape
    if isinstance(op, ops.Dense):
        convolution.emit_dense(op, sources, target, arrays)
    elif isinstance(op, ops.Mean):
        pooling.emit_mean(op, sources, target, arrays, shape)
    elif isinstance(op, ops.Concat):
        movement.emit_concat(op, sources, target, arrays, [w.tensor.shape for w in inputs])
    elif isinstance(op, ops.Reshape):
        movement.emit_reshape(op, sources, target, arrays)
    elif isinstance(op, ops.Transpose):
        movement.emit_transpose(op, sources, target, arrays, shape)
    elif isinstance(op, ops.Softmax):
        softmax.emit_softmax(op, sources, target, arrays, shape[-1])
    else:
        raise TypeError(f"no TIR body for the operator {type(op).__name__}")
