"""Operators that become a table of 256 bytes, and the ends of the network: QUANTIZE, DEQUANTIZE, SOFTMAX."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mcupatch.importer.tflite_converters import table_arithmetic as arithmetic
from mcupatch.importer.tflite_converters.conversion import Conversion, Malformed, NotSupported
from mcupatch.importer.tflite_converters.softmax_table import exponential_table
from mcupatch.importer.tflite_reader import TfliteOperator
from mcupatch.ir import ops
from mcupatch.ir.quant import QuantParams

MAX_SLOPE = 1 << 20
TableMaker = Callable[[QuantParams, QuantParams], NDArray[np.int8]]


def convert_with_table(c: Conversion, op: TfliteOperator, make: TableMaker) -> None:
    """``make`` gives the output for the stored values -128 to 127, in that order."""
    x, y = c.input(op, 0), c.output(op)
    c.require_quantized(x, y)
    add_table(c, op, make(c.quant(x), c.quant(y)))


def add_table(c: Conversion, op: TfliteOperator, by_value: NDArray[np.int8]) -> None:
    by_byte = np.roll(by_value, -128)  # entry 0 is the stored value 0, entry 128 is -128
    x, y = c.input(op, 0), c.output(op)
    c.add(ops.Lut(name=c.op_name(op, "lut"), inputs=(c.read(x),), output=c.declare(y), table=by_byte))


def convert_relu(c: Conversion, op: TfliteOperator) -> None:
    low, high = RELU_RANGES[op.kind]
    convert_with_table(c, op, lambda x, y: arithmetic.relu_table(x, y, low, high))


RELU_RANGES: dict[str, tuple[float, float | None]] = {
    "RELU": (0.0, None),
    "RELU6": (0.0, 6.0),
    "RELU_N1_TO_1": (-1.0, 1.0),
    "RELU_0_TO_1": (0.0, 1.0),
}


def convert_hard_swish(c: Conversion, op: TfliteOperator) -> None:
    convert_with_table(c, op, arithmetic.hard_swish_table)


def convert_logistic(c: Conversion, op: TfliteOperator) -> None:
    yq = c.quant(c.output(op))
    if yq != QuantParams(1 / 256, -128):
        raise Malformed("its output is not in 1/256 from the lowest value, as every runtime asks for")
    convert_with_table(c, op, arithmetic.logistic_table)


def convert_tanh(c: Conversion, op: TfliteOperator) -> None:
    convert_with_table(c, op, arithmetic.tanh_table)


def convert_leaky_relu(c: Conversion, op: TfliteOperator) -> None:
    alpha = op.options.alpha
    if not 0 <= alpha <= MAX_SLOPE:
        raise NotSupported(f"has the slope {alpha}: use one from 0 to {MAX_SLOPE}")
    convert_with_table(c, op, lambda x, y: arithmetic.leaky_relu_table(x, y, alpha))


def convert_softmax(c: Conversion, op: TfliteOperator) -> None:
    x, y = c.input(op, 0), c.output(op)
    c.require_quantized(x, y)
    if len(x.shape) < 1:
        raise Malformed("it works on a scalar")
    if x.shape[-1] > ops.MAX_FIXED_SOFTMAX_CHANNELS:
        most = ops.MAX_FIXED_SOFTMAX_CHANNELS
        raise NotSupported(f"adds up {x.shape[-1]} exponentials: LiteRT's sum overflows beyond {most}")
    yq = c.quant(y)
    if yq != QuantParams(1 / 256, -128):
        raise NotSupported("has an output that is not in 1/256 from the lowest value: convert again")
    beta = op.options.beta
    if not (np.isfinite(beta) and beta > 0):
        raise Malformed(f"it has beta {beta}")
    c.add(
        ops.Softmax(
            name=c.op_name(op, "softmax"),
            inputs=(c.read(x),),
            output=c.declare(y),
            table=exponential_table(c.quant(x).scale, beta),
            output_scale=yq.scale,
            output_zero_point=yq.zero_point,
        )
    )


def convert_quantize(c: Conversion, op: TfliteOperator) -> None:
    x, y = c.input(op, 0), c.output(op)
    c.require_quantized(y)
    yq = c.quant(y)
    if x.dtype in ("int8", "uint8"):
        add_table(c, op, arithmetic.requantize_table(c.quant(x), yq))
        return
    if x.dtype != "float32" or x.data is not None:
        raise NotSupported(f"quantises {x.dtype}: use float32 inputs")
    c.add(
        ops.Quantize(
            name=c.op_name(op, "quantize"),
            inputs=(c.read(x),),
            output=c.declare(y),
            scale=yq.scale,
            zero_point=yq.zero_point,
            half_even=False,
        )
    )


def convert_dequantize(c: Conversion, op: TfliteOperator) -> None:
    x, y = c.input(op, 0), c.output(op)
    c.require_quantized(x)
    if y.dtype != "float32":
        raise NotSupported(f"makes {y.dtype}: use float32 outputs")
    xq = c.quant(x)
    c.add(
        ops.Dequantize(
            name=c.op_name(op, "dequantize"),
            inputs=(c.read(x),),
            output=c.declare(y),
            scale=xq.scale,
            zero_point=xq.zero_point,
        )
    )
