"""Average, maximum and global pooling, and ReduceMean."""

from __future__ import annotations

import math

import numpy as np

from mcupatch.importer.onnx_converters.activations import emit_lut
from mcupatch.importer.onnx_converters.context import (
    Context,
    Converter,
    NotConvertible,
    normalise_axis,
    store_plain,
    store_spatial,
    take_int,
    take_ints,
)
from mcupatch.importer.onnx_converters.convolution import Window, need_image, read_window
from mcupatch.importer.onnx_converters.moving import move, need_image_shape
from mcupatch.importer.onnx_converters.tables import byte_table
from mcupatch.importer.onnx_converters.values import Dequantized, Pending, Quantized, Shape, Target, Value
from mcupatch.importer.onnx_reader import OnnxNode
from mcupatch.ir import ops
from mcupatch.ir.quant import Rounding, make_requant


def convert_max_pool(context: Context, node: OnnxNode) -> Value:
    """The largest stored value: the scale stays, so nothing waits for a QuantizeLinear."""
    shape = need_image_shape(context, node)
    if len(node.outputs) > 1 and node.outputs[1]:
        raise NotConvertible("its second output, the indices, is not supported")
    kernel = take_ints(node, "kernel_shape", None, 2)
    if kernel is None:
        raise NotConvertible("it has no kernel_shape")
    return max_pool(context, node, shape[1], read_window(node, kernel, (shape[2], shape[3])))


def convert_global_max_pool(context: Context, node: OnnxNode) -> Value:
    _, channels, height, width = need_image_shape(context, node)
    return max_pool(context, node, channels, Window((height, width), (1, 1), (1, 1), ops.Padding(), (1, 1)))


def max_pool(context: Context, node: OnnxNode, channels: int, window: Window) -> Value:
    shape: Shape = (1, channels, *window.output)

    def pool(source: Quantized) -> Quantized:
        target = Target(f"{node.outputs[0]}_pooled", source.quant, source.unsigned)
        output, value = store_spatial(context, target, shape)
        context.builder.emit(
            ops.MaxPool2D,
            node.name,
            (context.builder.spatial(source),),
            output,
            kernel=window.kernel,
            stride=window.stride,
            dilation=window.dilation,
            padding=window.padding,
            clamp=ops.Clamp(),
        )
        return value

    return move(context, node, pool, shape)


def convert_average_pool(context: Context, node: OnnxNode) -> Value:
    source = need_image(context.quantized(node, 0))
    kernel = take_ints(node, "kernel_shape", None, 2)
    if kernel is None:
        raise NotConvertible("it has no kernel_shape")
    window = read_window(node, kernel, (source.shape[2], source.shape[3]))
    if window.dilation != (1, 1):
        raise NotConvertible("a dilated average is not supported")
    include_pad = bool(take_int(node, "count_include_pad", 0))
    shape: Shape = (1, source.shape[1], *window.output)

    def emit(target: Target, **fields: object) -> Quantized:
        output, value = store_spatial(context, target, shape)
        context.builder.emit(
            ops.AvgPool2D,
            node.name,
            (context.builder.spatial(source),),
            output,
            kernel=window.kernel,
            stride=window.stride,
            padding=window.padding,
            rounding_up=False,
            count_include_pad=include_pad,
            input_zero_point=source.quant.zero_point,
            clamp=target.clamp,
            **fields,
        )
        return value

    def finish(target: Target) -> Quantized:
        if context.rounding is Rounding.FLOAT:
            scales = make_requant(Rounding.FLOAT, np.array([source.quant.scale, target.quant.scale]))
            # onnxruntime adds the zero point in float32, before it rounds (contrib_ops/cpu/quantization/qlinear_pool.cc)
            offset, zero_point = float(target.model_zero_point), -target.domain_shift
            return emit(target, requant=scales, output_zero_point=zero_point, offset=offset)
        plain = Target(f"{target.name}_mean", source.quant, source.unsigned)
        mean = emit(plain, requant=None, output_zero_point=source.quant.zero_point)
        return requantize(context, mean, target)

    return Pending(node.where, shape, finish)


def requantize(context: Context, source: Quantized, target: Target) -> Quantized:
    """``source`` under the target's scale and bounds; itself where nothing changes."""
    table = byte_table(lambda real: real, source.quant, target.quant)
    return emit_lut(context, source, np.clip(table, target.clamp.low, target.clamp.high), target)


def convert_global_average_pool(context: Context, node: OnnxNode) -> Value:
    source = need_image(context.quantized(node, 0))
    return mean_over(context, node, source, (2, 3), keep=True)


def convert_reduce_mean(context: Context, node: OnnxNode) -> Value:
    """Axes are an attribute until opset 17 and an input since 18; left out, they are all."""
    source = context.quantized(node, 0)
    rank = len(source.shape)
    axes = context.whole_numbers(node, 1, "axes")
    if not axes and take_int(node, "noop_with_empty_axes", 0):
        return Dequantized(source)
    found = sorted({normalise_axis(a, rank) for a in axes}) if axes else list(range(rank))
    if not found or found != list(range(found[0], found[-1] + 1)):
        raise NotConvertible("its axes are not next to each other")
    return mean_over(context, node, source, tuple(found), keep=bool(take_int(node, "keepdims", 1)))


def mean_over(
    context: Context, node: OnnxNode, source: Quantized, axes: tuple[int, ...], keep: bool
) -> Value:
    count = math.prod(source.shape[a] for a in axes)
    image = axes == (2, 3) and len(source.shape) == 4 and source.shape[0] == 1
    kept = tuple(1 if i in axes else n for i, n in enumerate(source.shape))
    shape = kept if keep else tuple(n for i, n in enumerate(source.shape) if i not in axes)

    def finish(target: Target) -> Quantized:
        scale_in, scale_out = np.float32(source.quant.scale), np.float32(target.quant.scale)
        if context.rounding is Rounding.FLOAT:
            # the order of operations of onnxruntime's QLinearGlobalAveragePool (mlas/lib/qlgavgpool.cpp)
            scale = np.array([scale_in / np.float32(scale_out * np.float32(count))], np.float64)
        else:
            scale = np.array([float(scale_in) / (float(scale_out) * count)])
        output, value = (store_spatial if image else store_plain)(context, target, kept)
        context.builder.emit(
            ops.Mean,
            node.name,
            (context.builder.spatial(source) if image else context.builder.plain(source),),
            output,
            axes=(1, 2) if image else axes,
            requant=make_requant(context.rounding, scale),
            input_zero_point=source.quant.zero_point,
            output_zero_point=target.quant.zero_point,
            clamp=target.clamp,
        )
        return value.viewed_as(shape)

    return Pending(node.where, shape, finish)


CONVERTERS: dict[str, Converter] = {
    "MaxPool": convert_max_pool,
    "GlobalMaxPool": convert_global_max_pool,
    "AveragePool": convert_average_pool,
    "GlobalAveragePool": convert_global_average_pool,
    "ReduceMean": convert_reduce_mean,
}
