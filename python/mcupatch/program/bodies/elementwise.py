"""Operators that work element by element: add, mul, tables, float ends."""

from __future__ import annotations

from typing import Any

import numpy as np

from mcupatch.ir.ops import Add, Clamp, Dequantize, Lut, Mul, Quantize
from mcupatch.ir.quant import Rounding
from mcupatch.program.bodies.arithmetic import Requantizer, clamp_to_int8, f32, hold, i32, round_half_even
from mcupatch.program.bodies.loops import each_element
from mcupatch.program.window import Window
from mcupatch.tvm_api import T, tirx

Arrays = dict[str, Any]


def emit_add(op: Add, inputs: list[Window], output: Window, arrays: Arrays) -> None:
    scales = Requantizer(op.input_requant, arrays, "input_requant")
    final = Requantizer(op.output_requant, arrays, "output_requant")
    with each_element(output) as (y, x, c):
        a, b = (
            i32(window.load(y, x, c)) - zero_point for window, zero_point in zip(inputs, op.input_zero_points)
        )
        if op.input_requant.rounding is Rounding.FLOAT:
            ratios = arrays["input_requant.multiplier"]
            total = T.fma(f32(b), ratios[1], f32(float(np.float32(op.offset))))
            result = round_half_even(T.fma(f32(a), ratios[0], total), op.output_zero_point, op.clamp)
        else:
            shift = tirx.const(op.left_shift, "int32")
            total = scales.scale(a << shift, 0) + scales.scale(b << shift, 1)
            result = final.to_int8(total, 0, op.output_zero_point, op.clamp)
        T.buffer_store(output.buffer, result, output.index(y, x, c))


def emit_mul(op: Mul, inputs: list[Window], output: Window, arrays: Arrays) -> None:
    requantizer = Requantizer(op.requant, arrays)
    with each_element(output) as (y, x, c):
        a, b = (
            i32(window.load(y, x, c)) - zero_point for window, zero_point in zip(inputs, op.input_zero_points)
        )
        if op.requant.rounding is Rounding.FLOAT:
            real = requantizer.scale(a * b, 0) + f32(float(np.float32(op.offset)))
            result = round_half_even(real, op.output_zero_point, op.clamp)
        else:
            result = requantizer.to_int8(a * b, 0, op.output_zero_point, op.clamp)
        T.buffer_store(output.buffer, result, output.index(y, x, c))


def emit_lut(op: Lut, inputs: list[Window], output: Window, arrays: Arrays) -> None:
    (source,) = inputs
    with each_element(output) as (y, x, c):
        index = i32(source.load(y, x, c)) & tirx.const(255, "int32")
        value = arrays["table"][index]
        if output.tensor.dtype != "int8":
            value = T.Cast(output.tensor.dtype, value)
        T.buffer_store(output.buffer, value, output.index(y, x, c))


def emit_quantize(op: Quantize, inputs: list[Window], output: Window, arrays: Arrays) -> None:
    """float32 to int8; values beyond int32 saturate first, so the cast is always defined."""
    (source,) = inputs
    scale = float(np.float32(op.scale))
    with each_element(output) as (y, x, c):
        real = source.load(y, x, c) / f32(scale)
        limited = hold(tirx.max(tirx.min(real, f32(1024.0)), f32(-1024.0)))
        if op.half_even:
            result = clamp_to_int8(i32(T.nearbyint(limited)) + op.zero_point, Clamp())
        else:
            truncated = hold(T.trunc(limited))
            away = tirx.Select(limited < f32(0.0), f32(-1.0), f32(1.0))
            far = T.fabs(limited - truncated) >= f32(0.5)
            result = clamp_to_int8(i32(truncated + tirx.Select(far, away, f32(0.0))) + op.zero_point, Clamp())
        T.buffer_store(output.buffer, result, output.index(y, x, c))


def emit_dequantize(op: Dequantize, inputs: list[Window], output: Window, arrays: Arrays) -> None:
    (source,) = inputs
    scale = float(np.float32(op.scale))
    with each_element(output) as (y, x, c):
        value = f32(i32(source.load(y, x, c)) - op.zero_point) * f32(scale)
        T.buffer_store(output.buffer, value, output.index(y, x, c))
