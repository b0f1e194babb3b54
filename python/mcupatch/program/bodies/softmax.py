"""Softmax over rows, as TIR: LiteRT's fixed point and onnxruntime's float32 (``ir/reference_softmax.py``)."""

from __future__ import annotations

from typing import Any

import numpy as np

from mcupatch.ir.ops import Clamp, Softmax
from mcupatch.ir.quant import Rounding
from mcupatch.program.bodies.arithmetic import clamp_to_int8, f32, hold, i32, i64, round_half_even
from mcupatch.program.bodies.loops import accumulate
from mcupatch.tvm_api import T, tirx

Arrays = dict[str, Any]
SUM_INTEGER_BITS = 12  # the sum of exponentials is Q12.19
Q2_48_OVER_17 = 1515870810
Q2_MINUS_32_OVER_17 = -1010580540


def emit_softmax(op: Softmax, inputs: list[Any], output: Any, arrays: Arrays, channels: int) -> None:
    """Flat buffers of rows of ``channels``; ``arrays["table"]`` entry ``255 - d`` is for a difference d to the largest."""
    (source,) = inputs
    table = arrays["table"]
    fixed = op.rounding is Rounding.FIXED
    sum_type = "int64" if fixed else "float32"
    with T.serial(0, output.elements // channels) as row:
        base = row * channels
        with accumulate(i32(source[base])) as largest:
            with T.serial(0, channels) as c:
                T.buffer_store(largest, tirx.max(largest[0], i32(source[base + c])), [0])

            def exponential(c: Any) -> Any:
                return table[255 - largest[0] + i32(source[base + c])]

            with accumulate(tirx.const(0, sum_type), sum_type) as total:
                with T.serial(0, channels) as c:
                    term = (
                        _divide_by_power_of_two(i64(exponential(c)), SUM_INTEGER_BITS)
                        if fixed
                        else exponential(c)
                    )
                    T.buffer_store(total, total[0] + term, [0])
                if fixed:
                    _store_fixed(output, base, channels, exponential, total)
                    return
                with T.serial(0, channels) as c:
                    share = exponential(c) * f32(float(np.float32(op.output_scale))) / total[0]
                    output.store(round_half_even(share, op.output_zero_point, Clamp()), base + c)


def _store_fixed(output: Any, base: Any, channels: int, exponential: Any, total: Any) -> None:
    """Every element times the reciprocal of the sum, by three Newton steps on the sum scaled to [1, 2)."""
    with (
        accumulate(tirx.const(0, "int64"), "int64") as leading_zeros,
        accumulate(tirx.const(0, "int64"), "int64") as half,
        accumulate(tirx.const(0, "int64"), "int64") as x,
    ):
        with T.While(total[0] < tirx.const(1 << 31, "int64")):
            T.buffer_store(total, total[0] * tirx.const(2, "int64"), [0])
            T.buffer_store(leading_zeros, leading_zeros[0] + tirx.const(1, "int64"), [0])
        # total is now sum << leading_zeros, in [2**31, 2**32)
        T.buffer_store(half, total[0] >> tirx.const(1, "int64"), [0])
        first = tirx.const(Q2_48_OVER_17, "int64") + _high(half[0], tirx.const(Q2_MINUS_32_OVER_17, "int64"))
        T.buffer_store(x, first, [0])
        with T.serial(0, 3):
            error = tirx.const(1 << 29, "int64") - _high(half[0], x[0])
            T.buffer_store(x, x[0] + _saturate(_high(x[0], error) * tirx.const(4, "int64")), [0])
        T.buffer_store(x, _saturate(x[0] * tirx.const(2, "int64")), [0])
        with T.serial(0, channels) as c:
            exponent = tirx.const(SUM_INTEGER_BITS + 31 - 8, "int64") - leading_zeros[0]
            quotient = _divide_by_power_of_two(_high(x[0], i64(exponential(c))), exponent)
            output.store(clamp_to_int8(i32(quotient) - 128, Clamp()), base + c)


def _high(a: Any, b: Any) -> Any:
    """``round(a * b / 2**31)``, halves up; int64 that hold int32 values."""
    return (a * b + tirx.const(1 << 30, "int64")) >> tirx.const(31, "int64")


def _saturate(value: Any) -> Any:
    """int64 to the range of int32."""
    return tirx.max(tirx.min(value, tirx.const(2**31 - 1, "int64")), tirx.const(-(2**31), "int64"))


def _divide_by_power_of_two(value: Any, exponent: Any) -> Any:
    """``round(value / 2**exponent)``, halves away from zero; ``exponent`` at least 1."""
    value = hold(value)
    exponent = tirx.const(exponent, "int64") if isinstance(exponent, int) else hold(exponent)
    one = tirx.const(1, "int64")
    half = one << (exponent - one)
    magnitude = (
        tirx.Select(value < tirx.const(0, "int64"), tirx.const(0, "int64") - value, value) + half
    ) >> exponent
    return tirx.Select(value < tirx.const(0, "int64"), tirx.const(0, "int64") - magnitude, magnitude)
