"""Operators that move bytes: pad, concat, resize, reshape, transpose."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mcupatch.ir.ops import Clamp, Concat, Pad, Reshape, ResizeBilinear, ResizeNearest, Transpose
from mcupatch.program.bodies.arithmetic import clamp_to_int8, f32, hold, i32, i64, round_half_even
from mcupatch.program.bodies.loops import each_element
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
    rows, cols, row_weight, col_weight = (
        arrays[key] for key in ("row_index", "col_index", "row_weight", "col_weight")
    )
    with each_element(output) as (y, x, c):
        total: Any = None
        for r in range(2):
            for k in range(2):
                corner = i32(source.load(rows[y, r], cols[x, k], c))
                if fixed:
                    weighted = i64(corner) * i64(row_weight[y, r]) * i64(col_weight[x, k])
                else:
                    real = f32(corner - op.zero_points[0]) * f32(float(np.float32(op.scales[0])))
                    weighted = real * (row_weight[y, r] * col_weight[x, k])
                total = weighted if total is None else total + weighted
        if fixed:  # weights are in 1/1024 on each axis; halves go away from zero
            total, half = hold(total), tirx.const(1 << 19, "int64")
            away = tirx.Select(total < tirx.const(0, "int64"), total - half, total + half)
            result = clamp_to_int8(i32(T.truncdiv(away, tirx.const(1 << 20, "int64"))), Clamp())
        else:
            quotient = total / f32(float(np.float32(op.scales[1])))
            result = round_half_even(quotient, op.zero_points[1], Clamp())
        T.buffer_store(output.buffer, result, output.index(y, x, c))


def emit_concat(
    op: Concat, inputs: list[Any], output: Any, arrays: Arrays, shapes: list[tuple[int, ...]]
) -> None:
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


def emit_transpose(
    op: Transpose, inputs: list[Any], output: Any, arrays: Arrays, shape: tuple[int, ...]
) -> None:
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
