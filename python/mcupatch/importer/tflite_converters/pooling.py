"""AVERAGE_POOL_2D, MAX_POOL_2D and MEAN."""

from __future__ import annotations

import math

import numpy as np

from mcupatch.importer.tflite_converters.conversion import Conversion, Malformed, NotSupported, clamp_of
from mcupatch.importer.tflite_converters.convolution import check_feature_maps
from mcupatch.importer.tflite_converters.spatial import check_window, pad_for
from mcupatch.importer.tflite_reader import TfliteOperator
from mcupatch.ir import ops
from mcupatch.ir.quant import Requant, Rounding, make_requant, quantize_multiplier


def convert_average_pool(c: Conversion, op: TfliteOperator) -> None:
    x, y = c.input(op, 0), c.output(op)
    c.require_quantized(x, y)
    check_feature_maps(x, y)
    check_window(op.options, op.options.kernel)
    xq, yq = c.quant(x), c.quant(y)
    c.add(
        ops.AvgPool2D(
            name=c.op_name(op, "avg_pool2d"),
            inputs=(c.read(x),),
            output=c.declare(y),
            kernel=op.options.kernel,
            stride=op.options.stride,
            padding=pad_for(op.options, op.options.kernel, x.shape, y.shape),
            rounding_up=x.dtype == "uint8",
            count_include_pad=False,
            requant=None,
            input_zero_point=xq.zero_point,
            output_zero_point=yq.zero_point,
            clamp=clamp_of(op.options.activation, yq),
        )
    )


def convert_max_pool(c: Conversion, op: TfliteOperator) -> None:
    x, y = c.input(op, 0), c.output(op)
    c.require_quantized(x, y)
    check_feature_maps(x, y)
    check_window(op.options, op.options.kernel)
    c.add(
        ops.MaxPool2D(
            name=c.op_name(op, "max_pool2d"),
            inputs=(c.read(x),),
            output=c.declare(y),
            kernel=op.options.kernel,
            stride=op.options.stride,
            dilation=(1, 1),
            padding=pad_for(op.options, op.options.kernel, x.shape, y.shape),
            clamp=clamp_of(op.options.activation, c.quant(y)),
        )
    )


def convert_mean(c: Conversion, op: TfliteOperator) -> None:
    x, y = c.input(op, 0), c.output(op)
    c.require_quantized(x, y)
    rank = len(x.shape)
    listed = [int(a) for a in c.constant(c.input(op, 1), "an axis").reshape(-1)]
    if any(not -rank <= a < rank for a in listed):
        raise Malformed(f"it has the axes {listed} of rank {rank}")
    axes = tuple(sorted({a % rank for a in listed}))
    if not axes or axes != tuple(range(axes[0], axes[-1] + 1)):
        raise NotSupported(f"averages over the axes {list(axes)}: use axes that follow one another")
    xq, yq = c.quant(x), c.quant(y)
    c.add(
        ops.Mean(
            name=c.op_name(op, "mean"),
            inputs=(c.read(x),),
            output=c.declare(y),
            axes=axes,
            requant=requant_of_mean(c.rounding, xq.scale, yq.scale, math.prod(x.shape[a] for a in axes)),
            input_zero_point=xq.zero_point,
            output_zero_point=yq.zero_point,
            clamp=ops.Clamp(),
        )
    )


def requant_of_mean(rounding: Rounding, x_scale: float, y_scale: float, count: int) -> Requant:
    """Scale of a sum of ``count`` values.

    LiteRT divides the Q31 multiplier by the count after shifting it left as far as the count has bits.
    """
    real = np.float64(x_scale) / np.float64(y_scale)
    if rounding is Rounding.FLOAT:
        return make_requant(rounding, np.array([real / count]))
    multiplier, shift = quantize_multiplier(float(real))
    bits = min(count.bit_length() - 1, 32, 31 + shift)
    return Requant(
        rounding, np.array([(multiplier << bits) // count], np.int32), np.array([shift - bits], np.int32)
    )
