"""Reductions that take their input in pieces: clear the sums, add each piece, make the result of them.

The sums are int32, or float32 in the order of the rows where ``AvgPool2D`` has a scale (then each piece is of full width).
"""

from __future__ import annotations

from typing import Any

from mcupatch.ir.graph import Graph
from mcupatch.ir.ops import AvgPool2D, Mean, Operator
from mcupatch.program.bodies.arithmetic import Requantizer, f32, i32
from mcupatch.program.bodies.loops import each_element
from mcupatch.program.bodies.pooling import average, pooled_count
from mcupatch.program.window import Window
from mcupatch.tvm_api import T, tirx

Arrays = dict[str, Any]


def sums_dtype(op: Operator) -> str:
    return "float32" if isinstance(op, AvgPool2D) and op.requant is not None else "int32"


def emit_clear_sums(sums: Any) -> None:
    """``sums`` is a buffer of one entry a channel."""
    with T.serial(0, sums.shape[0]) as c:
        T.buffer_store(sums, tirx.const(0, str(sums.dtype)), [c])


def emit_add_to_sums(op: Operator, source: Window, sums: Any, arrays: Arrays) -> None:
    scales = arrays.get("requant.multiplier") if isinstance(op, AvgPool2D) else None
    with each_element(source) as (y, x, c):
        value = i32(source.load(y, x, c))
        if isinstance(op, Mean):
            value = value - op.input_zero_point
        elif isinstance(op, AvgPool2D) and scales is not None:
            value = f32(value - op.input_zero_point) * scales[0]
        T.buffer_store(sums, sums[c] + value, [c])


def emit_finish_sums(graph: Graph, op: Operator, sums: Any, output: Window, arrays: Arrays) -> None:
    height, width, channels = graph.tensors[op.inputs[0]].hwc
    with T.serial(0, channels) as c:
        if isinstance(op, Mean):
            requantizer = Requantizer(op.requant, arrays)
            result = requantizer.to_int8(sums[c], 0, op.output_zero_point, op.clamp)
        elif isinstance(op, AvgPool2D):
            count = pooled_count(op, height * width)
            result = average(op, sums[c], tirx.const(count, "int32"), arrays)
        else:
            raise TypeError(f"{type(op).__name__} is not a reduction")
        T.buffer_store(output.buffer, result, output.index(0, 0, c))
