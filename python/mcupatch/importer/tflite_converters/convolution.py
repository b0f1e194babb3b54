"""CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcupatch.importer.tflite_converters.conversion import (
    LARGEST_SCALE,
    UINT8_SHIFT,
    Conversion,
    Malformed,
    NotSupported,
    clamp_of,
)
from mcupatch.importer.tflite_converters.spatial import MAX_WINDOW, check_window, pad_for
from mcupatch.importer.tflite_reader import TfliteOperator, TfliteTensor
from mcupatch.ir import ops
from mcupatch.ir.quant import QuantParams, Rounding


@dataclass(frozen=True, eq=False)
class Weights:
    """``values`` int8 in the file's layout, ``scales`` float32 with one entry or one for each output channel."""

    values: NDArray[np.int8]
    scales: NDArray[np.float32]
    zero_point: int


def read_weights(c: Conversion, tensor: TfliteTensor, channels: int) -> Weights:
    """int8 or uint8 weights; the axis of the scales is not asked for, for many files state it wrongly."""
    values = c.constant(tensor, "a weight tensor")
    q = tensor.quantization
    if q is None:
        raise Malformed("its weights have no scale")
    if len(q.scales) not in (1, channels):
        raise Malformed(f"its weights have {len(q.scales)} scales for {channels} channels")
    if not np.all((q.scales >= 0) & (q.scales <= LARGEST_SCALE)):  # 0: a channel that is always its bias
        raise Malformed("its weights have a scale that is no number")
    zero = read_weight_zero_point(q.zero_points)
    if tensor.dtype == "uint8":
        if len(q.scales) != 1:
            raise NotSupported("has uint8 weights with a scale for each channel: use int8 weights")
        zero -= UINT8_SHIFT
    if not -128 <= zero <= 127:
        raise Malformed(f"its weights have the zero point {zero}")
    return Weights(c.as_int8(values), q.scales, zero)


def read_weight_zero_point(zero_points: NDArray[np.int64]) -> int:
    if len(zero_points) == 0:
        return 0
    if np.any(zero_points != zero_points[0]):
        raise NotSupported("has weights with different zero points: use symmetric int8 weights")
    return int(zero_points[0])


def read_bias(c: Conversion, op: TfliteOperator, channels: int) -> NDArray[np.int32]:
    tensor = c.optional_input(op, 2)
    if tensor is None:
        return np.zeros(channels, np.int32)
    if tensor.dtype != "int32":
        raise NotSupported(f"has a bias of {tensor.dtype}: quantise to int8, which has int32 biases")
    bias = c.constant(tensor, "a bias").reshape(-1)
    if len(bias) != channels:
        raise Malformed(f"it has {len(bias)} biases for {channels} channels")
    return np.array(bias, np.int32)


def scale_each_channel(x: QuantParams, weights: Weights, out: QuantParams) -> NDArray[np.float64]:
    """LiteRT's scales where it treats every channel on its own: products and quotients in double."""
    return np.asarray(x.scale * weights.scales.astype(np.float64) / out.scale)


def scale_together(x: QuantParams, weights: Weights, out: QuantParams) -> NDArray[np.float64]:
    """LiteRT's scale of a whole tensor: the product in float32, the quotient in double."""
    product = np.float32(x.scale) * weights.scales
    return np.asarray(product.astype(np.float64) / out.scale)


def check_feature_maps(*tensors: TfliteTensor) -> None:
    if any(len(t.shape) != 4 for t in tensors):
        raise Malformed("it needs tensors of rank 4")
    if any(max(t.shape[1:3]) > MAX_WINDOW for t in tensors):
        raise Malformed("its height or width cannot be")


def convert_conv2d(c: Conversion, op: TfliteOperator) -> None:
    x, w, y = c.input(op, 0), c.input(op, 1), c.output(op)
    c.require_quantized(x, w, y)
    check_feature_maps(x, w, y)
    channels, kernel = w.shape[0], w.shape[1:3]
    weights = read_weights(c, w, channels)
    xq, yq = c.quant(x), c.quant(y)
    per_channel = x.dtype == "int8"  # which LiteRT treats so even with a single scale
    if per_channel and weights.zero_point != 0:
        raise NotSupported(
            "has int8 weights with a zero point, as LiteRT does not either: make them symmetric"
        )
    check_window(op.options, kernel)
    if w.shape[3] < 1 or x.shape[3] % w.shape[3] != 0:
        raise Malformed(f"its weights read {w.shape[3]} of {x.shape[3]} channels")
    scales = scale_each_channel(xq, weights, yq) if per_channel else scale_together(xq, weights, yq)
    c.add(
        ops.Conv2D(
            name=c.op_name(op, "conv2d"),
            inputs=(c.read(x),),
            output=c.declare(y),
            weights=weights.values,
            bias=read_bias(c, op, channels),
            requant=c.requant(scales),
            stride=op.options.stride,
            dilation=op.options.dilation,
            padding=pad_for(op.options, kernel, x.shape, y.shape),
            groups=x.shape[3] // w.shape[3],
            input_zero_point=xq.zero_point,
            weight_zero_point=0 if per_channel else weights.zero_point,
            output_zero_point=yq.zero_point,
            clamp=clamp_of(op.options.activation, yq),
        )
    )


def convert_depthwise(c: Conversion, op: TfliteOperator) -> None:
    x, w, y = c.input(op, 0), c.input(op, 1), c.output(op)
    c.require_quantized(x, w, y)
    check_feature_maps(x, w, y)
    channels, kernel = w.shape[3], w.shape[1:3]
    weights = read_weights(c, w, channels)
    xq, yq = c.quant(x), c.quant(y)
    per_channel = x.dtype == "int8"
    check_window(op.options, kernel)
    if w.shape[0] != 1 or x.shape[3] < 1 or channels % x.shape[3] != 0:
        raise Malformed(f"its weights of shape {list(w.shape)} do not fit {x.shape[3]} channels")
    scales = scale_each_channel(xq, weights, yq) if per_channel else scale_together(xq, weights, yq)
    c.add(
        ops.DepthwiseConv2D(
            name=c.op_name(op, "depthwise_conv2d"),
            inputs=(c.read(x),),
            output=c.declare(y),
            weights=weights.values.reshape(w.shape[1:]),
            bias=read_bias(c, op, channels),
            requant=c.requant(scales),
            stride=op.options.stride,
            dilation=op.options.dilation,
            padding=pad_for(op.options, kernel, x.shape, y.shape),
            multiplier=channels // x.shape[3],
            input_zero_point=xq.zero_point,
            weight_zero_point=0 if per_channel else weights.zero_point,
            output_zero_point=yq.zero_point,
            clamp=clamp_of(op.options.activation, yq),
        )
    )


def convert_dense(c: Conversion, op: TfliteOperator) -> None:
    x, w, y = c.input(op, 0), c.input(op, 1), c.output(op)
    c.require_quantized(x, w, y)
    if op.options.shuffled_weights:
        raise NotSupported("has weights in a shuffled layout: export without that optimisation")
    if len(w.shape) != 2:
        raise Malformed("its weights are not a matrix")
    weights = read_weights(c, w, w.shape[0])
    xq, yq = c.quant(x), c.quant(y)
    per_channel = len(weights.scales) > 1
    # LiteRT's reference kernel of this layer alone scales in double; its other kernels use fixed point
    rounding = Rounding.DOUBLE if c.rounding is Rounding.FIXED else c.rounding
    c.add(
        ops.Dense(
            name=c.op_name(op, "dense"),
            inputs=(c.read(x),),
            output=c.declare(y),
            weights=weights.values,
            bias=read_bias(c, op, w.shape[0]),
            requant=c.requant(scale_each_channel(xq, weights, yq), rounding),
            input_zero_point=xq.zero_point,
            weight_zero_point=0 if per_channel else weights.zero_point,
            output_zero_point=yq.zero_point,
            clamp=clamp_of(op.options.activation, yq),
        )
    )
