"""Resize and Upsample: nearest and linear, with onnxruntime's coordinates, computed in float32."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcupatch.importer.onnx_converters.context import (
    Context,
    Converter,
    NotConvertible,
    store_spatial,
    take_int,
    take_text,
)
from mcupatch.importer.onnx_converters.convolution import need_image
from mcupatch.importer.onnx_converters.moving import move, need_image_shape
from mcupatch.importer.onnx_converters.values import Pending, Quantized, Shape, Target, Value
from mcupatch.importer.onnx_reader import OnnxNode
from mcupatch.ir import ops
from mcupatch.ir.quant import Rounding

MAX_SIDE = 1 << 14
HALF = np.float32(0.5)

Float32Array = NDArray[np.float32]


@dataclass(frozen=True)
class AxisResize:
    """One axis: sizes before and after, and the float32 scale that the coordinates divide by."""

    size_in: int
    size_out: int
    scale: np.float32


def convert_resize(context: Context, node: OnnxNode) -> Value:
    given = need_image_shape(context, node)
    _refuse_options(node)
    axes = read_axes(context, node, given)
    mode = take_text(node, "mode", "nearest")
    old = node.op_type == "Upsample" or context.opset < 11  # asymmetric, and no nearest_mode, before opset 11
    coordinates = "asymmetric" if old else take_text(node, "coordinate_transformation_mode", "half_pixel")
    shape: Shape = (1, given[1], axes[0].size_out, axes[1].size_out)
    if mode == "nearest":
        nearest = "simple" if old else take_text(node, "nearest_mode", "round_prefer_floor")
        rows, cols = (nearest_index(a, coordinates, nearest) for a in axes)

        def pick(source: Quantized) -> Quantized:
            target = Target(f"{node.outputs[0]}_resized", source.quant, source.unsigned)
            output, value = store_spatial(context, target, shape)
            inputs = (context.builder.spatial(source),)
            context.builder.emit(ops.ResizeNearest, node.name, inputs, output, row_index=rows, col_index=cols)
            return value

        return move(context, node, pick, shape)
    if mode == "linear":
        if context.rounding is Rounding.FIXED:
            raise NotConvertible("a linear resize of an ONNX model needs float rounding")
        return linear(context, node, need_image(context.quantized(node, 0)), axes, coordinates, shape)
    raise NotConvertible(f"mode {mode!r} is not supported, only nearest and linear")


def _refuse_options(node: OnnxNode) -> None:
    if take_int(node, "antialias", 0) or take_int(node, "exclude_outside", 0):
        raise NotConvertible("antialias and exclude_outside are not supported")
    if take_text(node, "keep_aspect_ratio_policy", "stretch") != "stretch":
        raise NotConvertible("only keep_aspect_ratio_policy 'stretch' is supported")
    if node.attributes.get("axes") is not None:
        raise NotConvertible("its axes attribute is not supported; give a scale or size for every axis")


def read_axes(context: Context, node: OnnxNode, shape: Shape) -> tuple[AxisResize, AxisResize]:
    """H and W. Sizes win over scales; the batch and the channels must stay."""
    old = node.op_type == "Upsample" or context.opset < 11
    sizes = None if old else context.whole_numbers(node, 3, "sizes")
    scales = context.numbers(node, 1 if old else 2, "scales")
    if sizes:
        if len(sizes) != 4 or sizes[:2] != list(shape[:2]) or not all(1 <= n <= MAX_SIDE for n in sizes):
            raise NotConvertible("only H and W can be resized, to positive sizes")
        pairs = [(n, np.float32(n) / np.float32(m)) for n, m in zip(sizes[2:], shape[2:])]
    elif scales:
        if len(scales) != 4 or scales[:2] != [1.0, 1.0] or not all(0 < s <= MAX_SIDE for s in scales):
            raise NotConvertible("only H and W can be resized, by positive scales")
        pairs = [(int(np.float32(s) * np.float32(m)), np.float32(s)) for s, m in zip(scales[2:], shape[2:])]
    else:
        raise NotConvertible("neither its scales nor its sizes are constants")
    if not all(1 <= n <= MAX_SIDE for n, _ in pairs):
        raise NotConvertible("its output would be empty or absurd")
    rows, cols = (AxisResize(m, n, s) for m, (n, s) in zip(shape[2:], pairs))
    return rows, cols


def original_positions(axis: AxisResize, mode: str) -> Float32Array:
    """Where each output position lies in the input, float32 ``[size_out]``, before clipping."""
    out = np.arange(axis.size_out).astype(np.float32)
    if axis.scale == 1:
        return out
    if mode == "half_pixel":
        return (out + HALF) / axis.scale - HALF
    if mode == "pytorch_half_pixel":
        return (out + HALF) / axis.scale - HALF if axis.size_out > 1 else np.zeros(1, np.float32)
    if mode == "asymmetric":
        return out / axis.scale
    if mode == "tf_half_pixel_for_nn":
        return (out + HALF) / axis.scale
    if mode == "align_corners":
        if axis.size_out == 1:
            return np.zeros(1, np.float32)
        return out * np.float32(axis.size_in - 1) / np.float32(axis.size_out - 1)
    raise NotConvertible(f"coordinate_transformation_mode {mode!r} is not supported")


def nearest_index(axis: AxisResize, coordinates: str, mode: str) -> NDArray[np.int32]:
    where = original_positions(axis, coordinates)
    if mode == "round_prefer_floor":
        index = np.ceil(where - HALF)
    elif mode == "round_prefer_ceil":
        index = np.floor(where + HALF)
    elif mode == "floor":
        index = np.floor(where)
    elif mode == "ceil":
        index = np.ceil(where)
    elif mode == "simple":
        index = np.ceil(where) if axis.scale < 1 else np.trunc(where)
    else:
        raise NotConvertible(f"nearest_mode {mode!r} is not known")
    return np.clip(index, 0, axis.size_in - 1).astype(np.int32)


def linear_taps(axis: AxisResize, coordinates: str) -> tuple[NDArray[np.int32], Float32Array]:
    """Index and weight ``[size_out, 2]`` of the two neighbours. One that is both gets half its value from each."""
    last = axis.size_in - 1
    where = np.clip(original_positions(axis, coordinates), np.float32(0), np.float32(last))
    first = np.minimum(where.astype(np.int32), last)
    second = np.minimum(first + 1, last)
    to_first = np.abs(where - first.astype(np.float32))
    to_second = np.abs(where - second.astype(np.float32))
    alone = first == second
    weights = np.stack([np.where(alone, HALF, to_second), np.where(alone, HALF, to_first)], axis=1)
    return np.stack([first, second], axis=1).astype(np.int32), weights.astype(np.float32)


def linear(
    context: Context,
    node: OnnxNode,
    source: Quantized,
    axes: tuple[AxisResize, AxisResize],
    coordinates: str,
    shape: Shape,
) -> Value:
    (row_index, row_weight), (col_index, col_weight) = (linear_taps(a, coordinates) for a in axes)

    def finish(target: Target) -> Quantized:
        if target.clamp != ops.Clamp():
            raise NotConvertible("a relu or clip after a linear resize needs a QuantizeLinear between them")
        output, value = store_spatial(context, target, shape)
        context.builder.emit(
            ops.ResizeBilinear,
            node.name,
            (context.builder.spatial(source),),
            output,
            row_index=row_index,
            row_weight=row_weight,
            col_index=col_index,
            col_weight=col_weight,
            scales=(source.quant.scale, target.quant.scale),
            zero_points=(source.quant.zero_point, target.quant.zero_point),
        )
        return value

    return Pending(node.where, shape, finish)


CONVERTERS: dict[str, Converter] = {"Resize": convert_resize, "Upsample": convert_resize}
