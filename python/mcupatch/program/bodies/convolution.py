"""Convolution, depthwise convolution and dense layers as TIR loops over a window."""

from __future__ import annotations

from typing import Any

from mcupatch.ir.ops import Conv2D, Dense, DepthwiseConv2D
from mcupatch.program.bodies.arithmetic import Requantizer, i32
from mcupatch.program.bodies.loops import accumulate, each_element, each_tap
from mcupatch.program.window import Window
from mcupatch.tvm_api import T

Arrays = dict[str, Any]


def emit_conv2d(op: Conv2D, inputs: list[Window], output: Window, arrays: Arrays) -> None:
    (source,) = inputs
    per_group = source.channels // op.groups
    outs_per_group = output.channels // op.groups
    weights, requantizer = arrays["weights"], Requantizer(op.requant, arrays)
    with each_element(output) as (y, x, c):
        with accumulate(arrays["bias"][c]) as acc:
            taps = each_tap(y, x, source, op.kernel, op.stride, op.dilation, op.padding)
            with taps as (ky, kx, row, col), T.serial(0, per_group) as i:
                channel = (c // outs_per_group) * per_group + i if op.groups > 1 else i
                tap = i32(source.load(row, col, channel)) - op.input_zero_point
                weight = i32(weights[c, ky, kx, i]) - op.weight_zero_point
                T.buffer_store(acc, acc[0] + tap * weight, [0])
            result = requantizer.to_int8(acc[0], c, op.output_zero_point, op.clamp)
            T.buffer_store(output.buffer, result, output.index(y, x, c))


def emit_depthwise_conv2d(op: DepthwiseConv2D, inputs: list[Window], output: Window, arrays: Arrays) -> None:
    (source,) = inputs
    weights, requantizer = arrays["weights"], Requantizer(op.requant, arrays)
    with each_element(output) as (y, x, c):
        with accumulate(arrays["bias"][c]) as acc:
            taps = each_tap(y, x, source, op.kernel, op.stride, op.dilation, op.padding)
            with taps as (ky, kx, row, col):
                channel = c // op.multiplier if op.multiplier > 1 else c
                tap = i32(source.load(row, col, channel)) - op.input_zero_point
                weight = i32(weights[ky, kx, c]) - op.weight_zero_point
                T.buffer_store(acc, acc[0] + tap * weight, [0])
            result = requantizer.to_int8(acc[0], c, op.output_zero_point, op.clamp)
            T.buffer_store(output.buffer, result, output.index(y, x, c))


def emit_dense(op: Dense, inputs: list[Any], output: Any, arrays: Arrays) -> None:
    """``inputs`` and ``output`` are flat buffers: [batch * I] and [batch * O]."""
    (source,) = inputs
    outs, ins = (int(n) for n in op.weights.shape)
    batch = output.elements // outs
    weights, requantizer = arrays["weights"], Requantizer(op.requant, arrays)
    with T.grid(batch, outs) as (n, o):
        with accumulate(arrays["bias"][o]) as acc:
            with T.serial(0, ins) as i:
                tap = i32(source[n * ins + i]) - op.input_zero_point
                weight = i32(weights[o, i]) - op.weight_zero_point
                T.buffer_store(acc, acc[0] + tap * weight, [0])
            result = requantizer.to_int8(acc[0], o, op.output_zero_point, op.clamp)
            output.store(result, n * outs + o)
