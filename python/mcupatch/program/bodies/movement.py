"""Operators that move bytes: pad, concat, resize, reshape, transpose; and softmax, which reads whole rows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mcupatch.ir.ops import Concat, Pad, Reshape, ResizeBilinear, ResizeNearest, Softmax, Transpose
from mcupatch.ir.ops import Clamp
from mcupatch.program.bodies.arithmetic import clamp_to_int8, f32, i32, i64, round_half_even
from mcupatch.program.bodies.loops import accumulate, each_element
from mcupatch.program.window import Window
from mcupatch.tvm_api import T, tirx

Arrays = dict[str, Any]


def emit_pad(op: Pad, inputs: list[Window], output: Window, arrays: Arrays) -> None:
    (source,) = inputs
    height, width, _ = source.tensor.hwc
    with each_element(output) as (y, x, c):
        row, col = y - op.padding.top, x - op.padding.left
        at = output.index(y, x, c)
        with T.If(tirx.all(row >= 0, row < height, col >= 0, col < width)):
            with T.Then():
                T.buffer_store(output.buffer, source.load(row, col, c), at)
            with T.Else():
                T.buffer_store(output.buffer, tirx.const(op.value, "int8"), at)


def emit_resize_nearest(op: ResizeNearest, inputs: list[Window], output: Window, arrays: Arrays) -> None:
    (source,) = inputs
    with each_element(output) as (y, x, c):
        value = source.load(arrays["row_index"][y], arrays["col_index"][x], c)
        T.buffer_store(output.buffer, value, output.index(y, x, c))


def emit_resize_bilinear(op: ResizeBilinear, inputs: list[Window], output: Window, arrays: Arrays) -> None:
    (source,) = inputs
    fixed = op.row_weight.dtype == np.int32
    widen = i64 if fixed else f32
    with each_element(output) as (y, x, c):
        total: Any = None
        for r in range(2):
            for k in range(2):
                corner = source.load(arrays["row_index"][y, r], arrays["col_index"][x, k], c)
                weighted = widen(i32(corner)) * widen(arrays["row_weight"][y, r]) * widen(arrays["col_weight"][x, k])
                total = weighted if total is None else total + weighted
        if fixed:  # weights are in 1/1024 on each axis; halves go away from zero
            half = i64(tirx.const(1 << 19, "int32"))
            away = tirx.Select(total < i64(tirx.const(0, "int32")), total - half, total + half)
            result = clamp_to_int8(i32(T.truncdiv(away, tirx.const(1 << 20, "int64"))), Clamp())
        else:
            result = round_half_even(total, 0, Clamp())
        T.buffer_store(output.buffer, result, output.index(y, x, c))


def emit_concat(op: Concat, inputs: list[Any], output: Any, arrays: Arrays, shapes: list[tuple[int, ...]]) -> None:
    """Flat buffers; ``shapes`` are the inputs' full shapes."""
    outer = math.prod(shapes[0][: op.axis])
    runs = [math.prod(shape[op.axis :]) for shape in shapes]
    start = 0
    for i, (source, run) in enumerate(zip(inputs, runs)):
        with T.grid(outer, run) as (o, k):
            value = source[o * run + k]
            if op.tables.shape[0]:
                value = arrays["tables"][i, i32(value) + 128]
            output.store(value, o * sum(runs) + start + k)
        start += run


def emit_concat_channels(op: Concat, inputs: list[Window], output: Window, arrays: Arrays) -> None:
    """Concatenation along the channels of one tile."""
    start = 0
    for i, source in enumerate(inputs):
        with T.grid(output.rows, output.cols, source.channels) as (dy, dx, c):
            y, x = output.row0 + dy, output.col0 + dx
            value = source.load(y, x, c)
            if op.tables.shape[0]:
                value = arrays["tables"][i, i32(value) + 128]
            T.buffer_store(output.buffer, value, output.index(y, x, c + start))
        start += source.channels


def emit_reshape(op: Reshape, inputs: list[Any], output: Any, arrays: Arrays) -> None:
    (source,) = inputs
    with T.serial(0, output.elements) as i:
        output.store(source[i], i)


def emit_transpose(op: Transpose, inputs: list[Any], output: Any, arrays: Arrays, shape: tuple[int, ...]) -> None:
    """Flat buffers; ``shape`` is the input's full shape."""
    (source,) = inputs
    strides = [math.prod(shape[i + 1 :]) for i in range(len(shape))]
    sides = [shape[p] for p in op.permutation]
    with T.serial(0, math.prod(shape)) as i:
        rest, at = i, tirx.const(0, "int32")
        for side, axis in reversed(list(zip(sides, op.permutation))):
            at = at + (rest % side) * strides[axis]
            rest = rest // side
        output.store(source[at], i)


def emit_softmax(op: Softmax, inputs: list[Any], output: Any, arrays: Arrays, channels: int) -> None:
    """Flat buffers of rows of ``channels``; exponentials from the table, summed in order, rounded half up."""
    (source,) = inputs
    table = arrays["table"]
    rows = output.elements // channels
    scale = float(np.float32(op.output_scale))
    with T.serial(0, rows) as r:
        with accumulate(i32(source[r * channels])) as largest, accumulate(f32(0.0), "float32") as total:
            with T.serial(0, channels) as c:
                T.buffer_store(largest, tirx.max(largest[0], i32(source[r * channels + c])), [0])
            with T.serial(0, channels) as c:
                T.buffer_store(total, total[0] + table[255 - largest[0] + i32(source[r * channels + c])], [0])
            T.buffer_store(total, f32(1.0) / (total[0] * f32(scale)), [0])
            with T.serial(0, channels) as c:
                share = table[255 - largest[0] + i32(source[r * channels + c])] * total[0]
                rounded = i32(T.floor(T.Cast("float64", share) + tirx.const(0.5, "float64")))
                value = clamp_to_int8(rounded + op.output_zero_point, Clamp())
                output.store(value, r * channels + c)
