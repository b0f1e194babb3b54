"""The oracle's convolutions and poolings: operators that slide a window over ``[H, W, C]``."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcupatch.ir import ops
from mcupatch.ir.reference_float import store_half_even
from mcupatch.ir.reference_requantize import requantize, wrap_int32

Int8Array = NDArray[np.int8]


def take_windows(
    padded: NDArray[Any],
    kernel: tuple[int, int],
    stride: tuple[int, int],
    dilation: tuple[int, int],
) -> NDArray[Any]:
    """All windows of a padded ``[H, W, C]``: a view ``[OH, OW, C, KH, KW]``."""
    extent = tuple((k - 1) * d + 1 for k, d in zip(kernel, dilation))
    windows = np.lib.stride_tricks.sliding_window_view(padded, extent, axis=(0, 1))
    return windows[:: stride[0], :: stride[1], :, :: dilation[0], :: dilation[1]]


def surround(pixels: NDArray[Any], padding: ops.Padding, value: int) -> NDArray[Any]:
    """``[H, W, C]`` with ``value`` around H and W."""
    sides = ((padding.top, padding.bottom), (padding.left, padding.right), (0, 0))
    return np.pad(pixels, sides, constant_values=value)


def conv2d(op: ops.Conv2D, x: Int8Array) -> Int8Array:
    """``x`` is ``[H, W, C]``. A padded tap is 0 after the zero point is taken off: it contributes nothing."""
    centred = x.astype(np.float64) - op.input_zero_point  # sums below 2**53 are exact in float64
    windows = take_windows(surround(centred, op.padding, 0), op.kernel, op.stride, op.dilation)
    height, width, channels = windows.shape[:3]
    weights = op.weights.astype(np.float64) - op.weight_zero_point  # [O, KH, KW, I / groups]
    outputs, group_in = weights.shape[0], channels // op.groups
    group_out = outputs // op.groups
    acc = np.empty((height, width, outputs), np.int64)
    for group in range(op.groups):
        taps = windows[:, :, group * group_in : (group + 1) * group_in]
        columns = taps.transpose(0, 1, 3, 4, 2).reshape(height * width, -1)
        rows = weights[group * group_out : (group + 1) * group_out].reshape(group_out, -1)
        product = (columns @ rows.T).reshape(height, width, group_out)
        acc[:, :, group * group_out : (group + 1) * group_out] = product.astype(np.int64)
    return requantize(wrap_int32(acc + op.bias), op.requant, op.output_zero_point, op.clamp)


def depthwise_conv2d(op: ops.DepthwiseConv2D, x: Int8Array) -> Int8Array:
    """``x`` is ``[H, W, C]``; output channel ``c * multiplier + m`` reads input channel ``c``."""
    centred = np.repeat(x.astype(np.int32) - op.input_zero_point, op.multiplier, axis=2)
    windows = take_windows(surround(centred, op.padding, 0), op.kernel, op.stride, op.dilation)
    weights = op.weights.astype(np.int32) - op.weight_zero_point
    acc = np.zeros(windows.shape[:3], np.int32)
    for row in range(op.kernel[0]):
        for col in range(op.kernel[1]):
            acc += windows[:, :, :, row, col] * weights[row, col]
    biased = wrap_int32(acc.astype(np.int64) + op.bias)
    return requantize(biased, op.requant, op.output_zero_point, op.clamp)


def max_pool2d(op: ops.MaxPool2D, x: Int8Array) -> Int8Array:
    windows = take_windows(surround(x, op.padding, -128), op.kernel, op.stride, op.dilation)
    largest: Int8Array = windows.max(axis=(3, 4))
    return np.clip(largest, op.clamp.low, op.clamp.high)


def avg_pool2d(op: ops.AvgPool2D, x: Int8Array) -> Int8Array:
    ones = np.ones((*x.shape[:2], 1), np.int64)
    inside = surround(ones, op.padding, 1 if op.count_include_pad else 0)
    step = (1, 1)
    count = take_windows(inside, op.kernel, op.stride, step).sum(axis=(3, 4))
    if op.requant is not None:
        return avg_pool2d_float(op, op.requant.multiplier.astype(np.float32), x, count)
    windows = take_windows(surround(x.astype(np.int64), op.padding, 0), op.kernel, op.stride, step)
    return divide_pool(op, windows.sum(axis=(3, 4)), count)


def avg_pool2d_float(
    op: ops.AvgPool2D, scales: NDArray[np.float32], x: Int8Array, count: NDArray[np.int64]
) -> Int8Array:
    """onnxruntime's order: real values are summed row by row in float32, then divided by the count and the scale."""
    real = (x.astype(np.int32) - op.input_zero_point).astype(np.float32) * scales[0]
    windows = take_windows(surround(real, op.padding, 0), op.kernel, op.stride, (1, 1))
    total = np.zeros(windows.shape[:3], np.float32)
    for row in range(op.kernel[0]):
        for col in range(op.kernel[1]):
            total += windows[:, :, :, row, col]
    quotient = total / count.astype(np.float32) / scales[1] + np.float32(op.offset)
    return store_half_even(quotient, op.output_zero_point, op.clamp)


def divide_pool(op: ops.AvgPool2D, total: NDArray[np.int64], count: NDArray[np.int64]) -> Int8Array:
    """Sums ``[H, W, C]`` over counts ``[H, W, 1]`` to int8, in the integer rounding that ``op`` asks for."""
    quotient: NDArray[np.int64]
    if op.rounding_up:
        quotient = (total + count // 2) // count  # NumPy's // is the floor: halves go up
    else:
        quotient = np.sign(total) * ((np.abs(total) + count // 2) // count)
    return np.clip(quotient, op.clamp.low, op.clamp.high).astype(np.int8)
