"""Softmax as onnxruntime's QLinearSoftmax computes it: a float32 table of exponentials."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from mcupatch.importer.onnx_converters.context import (
    Context,
    Converter,
    NotConvertible,
    normalise_axis,
    store_plain,
    store_spatial,
    take_int,
)
from mcupatch.importer.onnx_converters.values import Pending, Quantized, Target, Value
from mcupatch.importer.onnx_reader import OnnxNode
from mcupatch.ir import ops
from mcupatch.ir.quant import Rounding

RESERVED = 5.0  # of the exponent's range, so that a sum stays finite (contrib_ops/cpu/quantization/qlinear_softmax.cc)


def exponentials(scale: float, length: int) -> NDArray[np.float32]:
    """Entry ``255 - d``: ``exp(-d * scale)`` times a constant that keeps small entries from vanishing in float32."""
    headroom = math.log(float(np.finfo(np.float32).max) / length)
    shift = max(0.0, headroom - RESERVED) / scale
    return np.array([math.exp((i - 255 + shift) * scale) for i in range(256)], np.float64).astype(np.float32)


def convert_softmax(context: Context, node: OnnxNode) -> Value:
    """Over the channels of ``[1, C, H, W]``, or over the last sides of any shape."""
    source = context.quantized(node, 0)
    if context.rounding is Rounding.FIXED:
        raise NotConvertible("a softmax of an ONNX model needs float rounding")
    shape, one_axis = (
        source.shape,
        context.opset >= 13,
    )  # before, all axes from this one on were taken together
    axis = normalise_axis(take_int(node, "axis", -1 if one_axis else 1), len(shape))
    image = one_axis and axis == 1 and len(shape) == 4 and shape[0] == 1
    if one_axis and not image and math.prod(shape[axis + 1 :]) != 1:
        raise NotConvertible("it is not over the channels")
    rows = source if image else source.viewed_as((math.prod(shape[:axis]), math.prod(shape[axis:])))

    def finish(target: Target) -> Quantized:
        if target.clamp != ops.Clamp():
            raise NotConvertible("a clip after a softmax needs a QuantizeLinear between them")
        output, value = (store_spatial if image else store_plain)(context, target, rows.shape)
        context.builder.emit(
            ops.Softmax,
            node.name,
            (context.builder.spatial(rows) if image else context.builder.plain(rows),),
            output,
            table=exponentials(source.quant.scale, rows.shape[1]),
            output_scale=float(np.floor(np.float32(1) / np.float32(target.quant.scale))),
            output_zero_point=target.quant.zero_point,
            rounding=Rounding.FLOAT,
        )
        return value.viewed_as(shape)

    return Pending(node.where, shape, finish)


CONVERTERS: dict[str, Converter] = {"Softmax": convert_softmax}
