"""Conv: ordinary, grouped and depthwise, with its weights and bias in int8 and int32."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcupatch.importer.onnx_converters.context import (
    Context,
    Converter,
    NotConvertible,
    need_rank,
    store_spatial,
    take_int,
    take_ints,
    take_text,
)
from mcupatch.importer.onnx_converters.values import ConstantReal, Pending, Quantized, Shape, Target, Value
from mcupatch.importer.onnx_reader import OnnxNode
from mcupatch.ir import ops
from mcupatch.ir.quant import Requant, Rounding, make_requant

MAX_SIDE = 1 << 15  # of a kernel, a stride, a padding: beyond it lies only damage


@dataclass(frozen=True)
class Window:
    """Kernel, stride, dilation and padding of a convolution or pooling, with its output's height and width."""

    kernel: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]
    padding: ops.Padding
    output: tuple[int, int]


def read_window(node: OnnxNode, kernel: tuple[int, ...], size: tuple[int, int]) -> Window:
    """The window of ``node`` over an input of ``size``; resolves ``auto_pad`` and refuses a ceiling that matters."""
    stride = take_ints(node, "strides", (1, 1), 2) or (1, 1)
    dilation = take_ints(node, "dilations", (1, 1), 2) or (1, 1)
    pads = take_ints(node, "pads", (0, 0, 0, 0), 4) or (0, 0, 0, 0)
    auto = take_text(node, "auto_pad", "NOTSET")
    for numbers in (kernel, stride, dilation):
        if len(numbers) != 2 or not all(1 <= n <= MAX_SIDE for n in numbers):
            raise NotConvertible("its kernel, strides or dilations are not two positive numbers")
    if not all(0 <= p <= MAX_SIDE for p in pads):
        raise NotConvertible("its pads are negative or absurd")
    starts, ends, outputs = [], [], []
    for i in range(2):
        extent = (kernel[i] - 1) * dilation[i] + 1
        if auto in ("SAME_UPPER", "SAME_LOWER"):
            wanted = -(-size[i] // stride[i])
            total = max((wanted - 1) * stride[i] + extent - size[i], 0)
            first = total // 2 if auto == "SAME_UPPER" else total - total // 2
            pair = (first, total - first)
        elif auto in ("NOTSET", ""):
            pair = (pads[i], pads[i + 2])
        elif auto == "VALID":
            pair = (0, 0)
        else:
            raise NotConvertible(f"auto_pad {auto!r} is not known")
        room = size[i] + sum(pair) - extent
        if room < 0:
            raise NotConvertible("its kernel is larger than the padded input")
        if take_int(node, "ceil_mode", 0) and room % stride[i]:
            raise NotConvertible(
                "ceil_mode adds an output position here; export it with ceil_mode 0 and more padding"
            )
        starts.append(pair[0])
        ends.append(pair[1])
        outputs.append(room // stride[i] + 1)
    return Window(
        (kernel[0], kernel[1]),
        (stride[0], stride[1]),
        (dilation[0], dilation[1]),
        ops.Padding(starts[0], starts[1], ends[0], ends[1]),
        (outputs[0], outputs[1]),
    )


def need_image(value: Quantized) -> Quantized:
    """A value of ONNX shape ``[1, C, H, W]``."""
    if need_rank(value, 4).shape[0] != 1:
        raise NotConvertible(f"its batch is {value.shape[0]}, only 1 is supported")
    return value


@dataclass(frozen=True, eq=False)
class Weights:
    """int8 values in the model's shape, one scale or one for each output channel, and the one zero point."""

    values: NDArray[np.int8]
    scale: NDArray[np.float32]
    zero_point: int


def read_weights(constant: ConstantReal, channel_axis: int) -> Weights:
    """Raises NotConvertible unless the weights are 8 bits, quantised whole or along ``channel_axis``."""
    if constant.stored is None or constant.stored.dtype != np.int8:
        raise NotConvertible("its weights are not quantised to 8 bits")
    scale, zero_point = constant.scale, constant.zero_point
    if scale.size > 1 and constant.axis != channel_axis:
        raise NotConvertible(
            f"its weights are quantised along axis {constant.axis}, only {channel_axis} is supported"
        )
    if np.unique(zero_point).size != 1:
        raise NotConvertible("its weights have different zero points for different channels")
    return Weights(constant.stored, scale, int(zero_point[0]))


def read_bias(
    context: Context, node: OnnxNode, position: int, acc_scale: NDArray[np.float32], outputs: int
) -> Any:
    """int32 ``[outputs]``. A float bias is rounded to the accumulator's scale ``acc_scale``."""
    if not context.has(node, position):
        return np.zeros(outputs, np.int32)
    bias = context.constant(node, position)
    if bias.real.size != outputs:
        raise NotConvertible("its bias does not have one number for each output channel")
    if bias.stored is not None and bias.stored.dtype == np.int32:
        if not np.allclose(bias.scale, acc_scale, rtol=1e-3, atol=0) or np.any(bias.zero_point):
            raise NotConvertible("the scale of its bias is not input scale times weight scale")
        return bias.stored.reshape(-1)
    if bias.real.dtype != np.float32:
        raise NotConvertible("its bias is neither int32 nor float32")
    whole = np.rint(bias.real.reshape(-1).astype(np.float64) / acc_scale)
    return np.clip(np.nan_to_num(whole), -(1 << 31), (1 << 31) - 1).astype(np.int32)


def requant_of(rounding: Rounding, acc_scale: NDArray[np.float32], output_scale: float) -> Requant:
    """``float``: onnxruntime divides the float32 product of the scales in float32. ``fixed``: in real numbers."""
    if rounding is Rounding.FLOAT:
        return make_requant(rounding, acc_scale / np.float32(output_scale))
    return make_requant(rounding, acc_scale.astype(np.float64) / output_scale)


def convert_conv(context: Context, node: OnnxNode) -> Value:
    source = need_image(context.quantized(node, 0))
    weights = read_weights(context.constant(node, 1), 0)
    if weights.values.ndim != 4:
        raise NotConvertible(f"its weights have rank {weights.values.ndim}, only rank 4 is supported")
    outputs, group_in, *kernel = weights.values.shape
    channels, groups = source.shape[1], take_int(node, "group", 1)
    if (
        groups < 1
        or groups * group_in != channels
        or outputs % groups
        or weights.scale.size not in (1, outputs)
    ):
        raise NotConvertible("its weights do not fit its input")
    if take_ints(node, "kernel_shape", (kernel[0], kernel[1]), 2) != (kernel[0], kernel[1]):
        raise NotConvertible("its kernel_shape is not that of its weights")
    window = read_window(node, tuple(kernel), (source.shape[2], source.shape[3]))
    acc_scale = np.float32(source.quant.scale) * weights.scale
    bias = read_bias(context, node, 2, acc_scale, outputs)
    shape: Shape = (1, outputs, *window.output)
    depthwise = groups == channels and groups > 1

    def finish(target: Target) -> Quantized:
        output, value = store_spatial(context, target, shape)
        common = {
            "bias": bias,
            "requant": requant_of(context.rounding, acc_scale, target.quant.scale),
            "stride": window.stride,
            "dilation": window.dilation,
            "padding": window.padding,
            "input_zero_point": source.quant.zero_point,
            "weight_zero_point": weights.zero_point,
            "output_zero_point": target.quant.zero_point,
            "clamp": target.clamp,
        }
        inputs = (context.builder.spatial(source),)
        if depthwise:
            taps = np.ascontiguousarray(weights.values[:, 0].transpose(1, 2, 0))
            multiplier = outputs // channels
            context.builder.emit(
                ops.DepthwiseConv2D, node.name, inputs, output, weights=taps, multiplier=multiplier, **common
            )
        else:
            taps = np.ascontiguousarray(weights.values.transpose(0, 2, 3, 1))
            context.builder.emit(ops.Conv2D, node.name, inputs, output, weights=taps, groups=groups, **common)
        return value

    return Pending(node.where, shape, finish)


CONVERTERS: dict[str, Converter] = {"Conv": convert_conv}
