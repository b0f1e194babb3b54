"""ADD and MUL."""

from __future__ import annotations

import numpy as np

from mcupatch.importer.tflite_converters.conversion import Conversion, Malformed, NotSupported, clamp_of
from mcupatch.importer.tflite_reader import TfliteOperator, TfliteTensor
from mcupatch.ir import ops
from mcupatch.ir.quant import QuantParams, Requant, Rounding

LEFT_SHIFT = 20  # LiteRT's headroom for 8-bit sums


def convert_add(c: Conversion, op: TfliteOperator) -> None:
    a, b, y = c.input(op, 0), c.input(op, 1), c.output(op)
    c.require_quantized(a, b, y)
    aq, bq, yq = c.quant(a), c.quant(b), c.quant(y)
    inputs, output = read_operands(c, op, a, b, y)
    input_requant, output_requant = requants_of_sum(c, aq, bq, yq)
    c.add(
        ops.Add(
            name=c.op_name(op, "add"),
            inputs=inputs,
            output=output,
            input_requant=input_requant,
            output_requant=output_requant,
            left_shift=LEFT_SHIFT,
            input_zero_points=(aq.zero_point, bq.zero_point),
            output_zero_point=yq.zero_point,
            clamp=clamp_of(op.options.activation, yq),
        )
    )


def requants_of_sum(c: Conversion, a: QuantParams, b: QuantParams, y: QuantParams) -> tuple[Requant, Requant]:
    """LiteRT brings both operands to twice the larger scale, adds, and scales to the output."""
    if c.rounding is Rounding.FLOAT:
        return c.requant(np.array([a.scale / y.scale, b.scale / y.scale])), c.requant(1.0)
    largest = 2 * max(a.scale, b.scale)
    final = largest / float(np.float32(1 << LEFT_SHIFT) * np.float32(y.scale))
    if final >= 1:
        raise Malformed("the scale of its output is far below those of its inputs")
    return c.requant(np.array([a.scale / largest, b.scale / largest])), c.requant(final)


def convert_mul(c: Conversion, op: TfliteOperator) -> None:
    a, b, y = c.input(op, 0), c.input(op, 1), c.output(op)
    c.require_quantized(a, b, y)
    aq, bq, yq = c.quant(a), c.quant(b), c.quant(y)
    inputs, output = read_operands(c, op, a, b, y)
    scale = np.float32(aq.scale) * np.float32(bq.scale) / np.float32(yq.scale)
    c.add(
        ops.Mul(
            name=c.op_name(op, "mul"),
            inputs=inputs,
            output=output,
            requant=c.requant(float(scale)),
            input_zero_points=(aq.zero_point, bq.zero_point),
            output_zero_point=yq.zero_point,
            clamp=clamp_of(op.options.activation, yq),
        )
    )


def read_operands(
    c: Conversion, op: TfliteOperator, a: TfliteTensor, b: TfliteTensor, y: TfliteTensor
) -> tuple[tuple[str, str], str]:
    """Names of both operands and the output; an operand that repeats gets the output's rank first.

    Kernels broadcast over [H, W, C], and a tensor of lower rank would be seen there with other sides.
    """
    if a.data is not None and b.data is not None:
        raise NotSupported("has two constant operands: fold it when exporting")
    output = c.declare(y)
    if a.shape == b.shape:
        return (c.read(a), c.read(b)), output
    if len(y.shape) > 4 or (len(y.shape) == 4 and y.shape[0] != 1):
        raise NotSupported(f"repeats an operand over the shape {list(y.shape)}: use [1, H, W, C]")
    return (widen(c, op, a, len(y.shape)), widen(c, op, b, len(y.shape))), output


def widen(c: Conversion, op: TfliteOperator, tensor: TfliteTensor, rank: int) -> str:
    """The operand with sides of 1 in front, up to ``rank``."""
    if len(tensor.shape) >= rank:
        return c.read(tensor)
    shape = (1,) * (rank - len(tensor.shape)) + tensor.shape
    if tensor.data is not None:
        return c.read_constant(tensor, shape)
    name = c.read(tensor)
    wide = c.fresh(name, "wide", shape)
    c.add(ops.Reshape(name=c.op_name(op, "reshape"), inputs=(name,), output=wide))
    return wide
