"""Gemm and MatMul with constant weights."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from mcupatch.importer.onnx_converters.context import (
    Context,
    Converter,
    NotConvertible,
    store_plain,
    take_float,
    take_int,
)
from mcupatch.importer.onnx_converters.convolution import Weights, read_bias, read_weights, requant_of
from mcupatch.importer.onnx_converters.values import Pending, Quantized, Target, Value
from mcupatch.importer.onnx_reader import OnnxNode
from mcupatch.ir import ops


def convert_gemm(context: Context, node: OnnxNode) -> Value:
    source = context.quantized(node, 0)
    if (
        take_int(node, "transA", 0)
        or take_float(node, "alpha", 1.0) != 1
        or take_float(node, "beta", 1.0) != 1
    ):
        raise NotConvertible("transA, alpha and beta other than 0, 1 and 1 are not supported")
    transposed = bool(take_int(node, "transB", 0))
    return dense(context, node, source, transposed, bias_position=2)


def convert_matmul(context: Context, node: OnnxNode) -> Value:
    return dense(context, node, context.quantized(node, 0), transposed=False, bias_position=None)


def dense(
    context: Context, node: OnnxNode, source: Quantized, transposed: bool, bias_position: int | None
) -> Value:
    """``transposed``: the weights are ``[O, I]`` already, as the operator wants them."""
    found = read_weights(context.constant(node, 1), 0 if transposed else 1)
    if found.values.ndim != 2:
        raise NotConvertible("its weights are not a matrix")
    matrix = found.values if transposed else found.values.T
    weights = Weights(matrix, found.scale, found.zero_point)
    outputs, inputs = matrix.shape
    if len(source.shape) < 2 or source.shape[-1] != inputs or weights.scale.size not in (1, outputs):
        raise NotConvertible("its weights do not fit its input")
    acc_scale = np.float32(source.quant.scale) * weights.scale
    if bias_position is None:
        bias = np.zeros(outputs, np.int32)
    else:
        bias = read_bias(context, node, bias_position, acc_scale, outputs)

    shape = (*source.shape[:-1], outputs)

    def finish(target: Target) -> Quantized:
        output, value = store_plain(context, target, shape)
        name, rows = choose_input(context, source, weights.values)
        context.builder.emit(
            ops.Dense,
            node.name,
            (name,),
            output,
            weights=np.ascontiguousarray(rows),
            bias=bias,
            requant=requant_of(context.rounding, acc_scale, target.quant.scale),
            input_zero_point=source.quant.zero_point,
            weight_zero_point=weights.zero_point,
            output_zero_point=target.quant.zero_point,
            clamp=target.clamp,
        )
        return value

    return Pending(node.where, shape, finish)


def choose_input(
    context: Context, source: Quantized, weights: NDArray[np.int8]
) -> tuple[str, NDArray[np.int8]]:
    """The tensor that the layer reads, and its weights ``[O, I]`` in that tensor's order.

    After a Flatten of ``[1, C, H, W]`` the weights are reordered once, here, so that the layer reads the
    ``[1, H, W, C]`` tensor as it lies; nothing is transposed at run time.
    """
    storage = source.storage
    if storage.plain is None and storage.spatial is not None and weights.shape[1] == math.prod(source.shape):
        _, channels, height, width = storage.spatial_shape
        ordered = weights.reshape(-1, channels, height, width).transpose(0, 2, 3, 1)
        return storage.spatial, ordered.reshape(weights.shape)
    return context.builder.plain_bytes(source), weights


CONVERTERS: dict[str, Converter] = {"Gemm": convert_gemm, "MatMul": convert_matmul}
