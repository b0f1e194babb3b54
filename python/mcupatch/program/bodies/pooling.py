"""Average and max pooling over a window, and the mean over whole axes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mcupatch.ir.ops import AvgPool2D, MaxPool2D, Mean
from mcupatch.program.bodies.arithmetic import Requantizer, clamp_to_int8, f32, hold, i32, round_half_even
from mcupatch.program.bodies.loops import accumulate, each_element, each_tap
from mcupatch.program.window import Window
from mcupatch.tvm_api import T, tirx

Arrays = dict[str, Any]


def emit_max_pool2d(op: MaxPool2D, inputs: list[Window], output: Window, arrays: Arrays) -> None:
    (source,) = inputs
    with each_element(output) as (y, x, c):
        with accumulate(tirx.const(-128, "int32")) as largest:
            taps = each_tap(y, x, source, op.kernel, op.stride, op.dilation, op.padding)
            with taps as (_, _, row, col):
                T.buffer_store(largest, tirx.max(largest[0], i32(source.load(row, col, c))), [0])
            T.buffer_store(output.buffer, clamp_to_int8(largest[0], op.clamp), output.index(y, x, c))


def emit_avg_pool2d(op: AvgPool2D, inputs: list[Window], output: Window, arrays: Arrays) -> None:
    """Sums are int32, or float32 in the order of the window where ``op`` has a scale."""
    (source,) = inputs
    scales = arrays.get("requant.multiplier")
    dtype = "int32" if scales is None else "float32"
    with each_element(output) as (y, x, c):
        with accumulate(tirx.const(0, dtype), dtype) as total, accumulate(tirx.const(0, "int32")) as count:
            if op.count_include_pad:
                T.buffer_store(count, tirx.const(pooled_count(op, 0), "int32"), [0])
            with each_tap(y, x, source, op.kernel, op.stride, (1, 1), op.padding) as (_, _, row, col):
                value = i32(source.load(row, col, c))
                if scales is not None:
                    value = f32(value - op.input_zero_point) * scales[0]
                T.buffer_store(total, total[0] + value, [0])
                if not op.count_include_pad:
                    T.buffer_store(count, count[0] + 1, [0])
            T.buffer_store(output.buffer, average(op, total[0], count[0], arrays), output.index(y, x, c))


def pooled_count(op: AvgPool2D, inside: int) -> int:
    """By how many positions a sum is divided, of which ``inside`` lie inside the tensor."""
    return math.prod(op.kernel) if op.count_include_pad else inside


def average(op: AvgPool2D, total: Any, count: Any, arrays: Arrays) -> Any:
    """The int8 result of a sum, which is float32 where ``op`` has a scale."""
    scales = arrays.get("requant.multiplier")
    if scales is None:
        return _divide(op, total, count)
    real = total / f32(count) / scales[1] + f32(float(np.float32(op.offset)))
    return round_half_even(real, op.output_zero_point, op.clamp)


def _divide(op: AvgPool2D, total: Any, count: Any) -> Any:
    """The two integer roundings of ``AvgPool2D``: half up, half away from zero."""
    total, count = hold(total), hold(count)
    half = hold(T.truncdiv(count, tirx.const(2, "int32")))
    if op.rounding_up:
        return clamp_to_int8((total + half) // count, op.clamp)
    rounded = T.truncdiv(tirx.Select(total < 0, total - half, total + half), count)
    return clamp_to_int8(rounded, op.clamp)


def emit_mean(op: Mean, inputs: list[Any], output: Any, arrays: Arrays, shape: tuple[int, ...]) -> None:
    """``inputs`` and ``output`` are flat buffers; the input is ``[outer][count][inner]`` of ``shape``."""
    (source,) = inputs
    outer, count, inner = mean_extents(op, shape)
    requantizer = Requantizer(op.requant, arrays)
    with T.grid(outer, inner) as (o, i):
        with accumulate(tirx.const(0, "int32")) as total:
            with T.serial(0, count) as k:
                value = i32(source[(o * count + k) * inner + i]) - op.input_zero_point
                T.buffer_store(total, total[0] + value, [0])
            result = requantizer.to_int8(total[0], 0, op.output_zero_point, op.clamp)
            output.store(result, o * inner + i)


def mean_extents(op: Mean, shape: tuple[int, ...]) -> tuple[int, int, int]:
    """``shape`` seen as (outer, count, inner) around the consecutive axes of ``op``."""
    first, last = op.axes[0], op.axes[-1]
    return math.prod(shape[:first]), math.prod(shape[first : last + 1]), math.prod(shape[last + 1 :])
