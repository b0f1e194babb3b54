"""Operators that move bytes: PAD, CONCATENATION, RESHAPE and its kin, TRANSPOSE, the two RESIZE."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from mcupatch.importer.tflite_converters.conversion import (
    Conversion,
    Malformed,
    NotSupported,
    round_half_away,
)
from mcupatch.importer.tflite_converters.convolution import check_feature_maps
from mcupatch.importer.tflite_converters.resize import bilinear_axis, nearest_axis
from mcupatch.importer.tflite_reader import TfliteOperator, TfliteTensor
from mcupatch.ir import ops
from mcupatch.ir.quant import QuantParams


def convert_pad(c: Conversion, op: TfliteOperator) -> None:
    """PAD fills with the output's zero point, PADV2 with its third input."""
    x, y = c.input(op, 0), c.output(op)
    c.require_quantized(x, y)
    check_feature_maps(x, y)
    amounts = c.constant(c.input(op, 1), "an amount of padding")
    if amounts.shape != (4, 2) or np.any(amounts < 0) or np.any(amounts > 1 << 15):
        raise Malformed("it pads by amounts that cannot be")
    if np.any(amounts[0] != 0) or np.any(amounts[3] != 0):
        raise NotSupported("pads the batch or the channels: pad height and width only")
    (top, bottom), (left, right) = amounts[1].tolist(), amounts[2].tolist()
    value = c.quant(y).zero_point
    if op.kind == "PADV2":
        fill = c.input(op, 2)
        c.require_quantized(x, fill)
        value = int(c.as_int8(c.constant(fill, "a fill value")).reshape(-1)[0])
    c.add(
        ops.Pad(
            name=c.op_name(op, "pad"),
            inputs=(c.read(x),),
            output=c.declare(y),
            padding=ops.Padding(top, left, bottom, right),
            value=value,
        )
    )


def convert_concat(c: Conversion, op: TfliteOperator) -> None:
    y = c.output(op)
    inputs = [c.input(op, i) for i in range(len(op.inputs))]
    c.require_quantized(*inputs, y)
    if op.options.activation != "NONE":
        raise NotSupported(
            f"has the fused activation {op.options.activation}: make it an operator of its own"
        )
    rank = len(y.shape)
    if not inputs or not -rank <= op.options.axis < rank:
        raise Malformed(f"it joins {len(inputs)} tensors along axis {op.options.axis}")
    quants, yq = [c.quant(x) for x in inputs], c.quant(y)
    if all(q == yq for q in quants):
        tables = np.zeros((0, 256), np.int8)
    elif y.dtype == "uint8":
        tables = np.stack([concat_table(q, yq) for q in quants])
    else:
        raise NotSupported(
            "joins int8 tensors of different scales, as LiteRT does not either: requantise them"
        )
    c.add(
        ops.Concat(
            name=c.op_name(op, "concat"),
            inputs=tuple(c.read(x) for x in inputs),
            output=c.declare(y),
            axis=op.options.axis % rank,
            tables=tables,
        )
    )


def concat_table(x: QuantParams, y: QuantParams) -> NDArray[np.int8]:
    """LiteRT's requantisation of a uint8 input, in float32, indexed by ``stored + 128``."""
    stored = np.arange(-128, 128)
    if x == y:
        return stored.astype(np.int8)
    scale = np.float32(x.scale) * (np.float32(1) / np.float32(y.scale))
    bias = np.float32(-(x.zero_point + 128)) * scale
    real = (stored + 128).astype(np.float32) * scale + bias
    whole = np.array([round_half_away(v) for v in real]) + y.zero_point
    return np.asarray(np.clip(whole, -128, 127), np.int8)


def convert_reshape(c: Conversion, op: TfliteOperator) -> None:
    """The output's shape is in the file, so the operand that states it is not read."""
    x, y = c.input(op, 0), c.output(op)
    c.require_quantized(x, y)
    if math.prod(x.shape) != math.prod(y.shape):
        raise Malformed(f"it makes {list(y.shape)} of {list(x.shape)}")
    c.add(ops.Reshape(name=c.op_name(op, "reshape"), inputs=(c.read(x),), output=c.declare(y)))


def convert_transpose(c: Conversion, op: TfliteOperator) -> None:
    x, y = c.input(op, 0), c.output(op)
    c.require_quantized(x, y)
    order = [int(axis) for axis in c.constant(c.input(op, 1), "an order of axes").reshape(-1)]
    rank = len(x.shape)
    if any(not -rank <= axis < rank for axis in order) or sorted(a % rank for a in order) != list(
        range(rank)
    ):
        raise Malformed(f"it reorders {rank} axes as {order[:8]}")
    if rank > ops.MAX_TRANSPOSE_RANK:
        raise NotSupported(f"transposes a tensor of rank {rank}: use at most {ops.MAX_TRANSPOSE_RANK}")
    c.add(
        ops.Transpose(
            name=c.op_name(op, "transpose"),
            inputs=(c.read(x),),
            output=c.declare(y),
            permutation=tuple(axis % rank for axis in order),
        )
    )


def convert_resize_nearest(c: Conversion, op: TfliteOperator) -> None:
    x, y = c.input(op, 0), c.output(op)
    check_resize(c, x, y)
    flags = (op.options.align_corners, op.options.half_pixel_centers)
    c.add(
        ops.ResizeNearest(
            name=c.op_name(op, "resize_nearest"),
            inputs=(c.read(x),),
            output=c.declare(y),
            row_index=nearest_axis(x.shape[1], y.shape[1], *flags),
            col_index=nearest_axis(x.shape[2], y.shape[2], *flags),
        )
    )


def convert_resize_bilinear(c: Conversion, op: TfliteOperator) -> None:
    x, y = c.input(op, 0), c.output(op)
    check_resize(c, x, y)
    if x.dtype == "uint8":
        raise NotSupported("resizes uint8 bilinearly: quantise the model to int8")
    flags = (op.options.align_corners, op.options.half_pixel_centers)
    if all(flags):
        raise NotSupported("has both align_corners and half_pixel_centers: use one")
    row_index, row_weight = bilinear_axis(x.shape[1], y.shape[1], *flags)
    col_index, col_weight = bilinear_axis(x.shape[2], y.shape[2], *flags)
    c.add(
        ops.ResizeBilinear(
            name=c.op_name(op, "resize_bilinear"),
            inputs=(c.read(x),),
            output=c.declare(y),
            row_index=row_index,
            row_weight=row_weight,
            col_index=col_index,
            col_weight=col_weight,
        )
    )


def check_resize(c: Conversion, x: TfliteTensor, y: TfliteTensor) -> None:
    c.require_quantized(x, y)
    check_feature_maps(x, y)
    if min(x.shape) < 1 or min(y.shape) < 1:
        raise Malformed("it resizes an empty tensor")
