"""The tables of one-byte functions, each with LiteRT's own arithmetic: entry i is for the stored value i - 128."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mcupatch.importer.tflite_converters.conversion import quantize_bound, round_half_away
from mcupatch.ir.quant import QuantParams, quantize_multiplier
from mcupatch.ir.reference_requantize import divide_by_power_of_two, multiply_fixed

Int8Array = NDArray[np.int8]
INT16_MIN, INT16_MAX = -(1 << 15), (1 << 15) - 1


def stored_values() -> NDArray[np.int64]:
    return np.arange(-128, 128, dtype=np.int64)


def saturate(values: NDArray[np.int64], low: int = -128, high: int = 127) -> Int8Array:
    return np.asarray(np.clip(values, low, high), np.int8)


def scale_fixed(values: NDArray[np.int64], real: float) -> NDArray[np.int64]:
    multiplier, shift = quantize_multiplier(real)
    return multiply_fixed(values, np.int64(multiplier), np.int64(shift))


def requantize_table(x: QuantParams, y: QuantParams) -> Int8Array:
    return saturate(scale_fixed(stored_values() - x.zero_point, x.scale / y.scale) + y.zero_point)


def relu_table(x: QuantParams, y: QuantParams, low: float, high: float | None) -> Int8Array:
    ratio = float(np.float32(x.scale) / np.float32(y.scale))
    scaled = scale_fixed(stored_values() - x.zero_point, ratio) + y.zero_point
    highest = 127 if high is None else min(127, quantize_bound(high, y))
    return saturate(scaled, max(-128, quantize_bound(low, y)), highest)


def leaky_relu_table(x: QuantParams, y: QuantParams, alpha: float) -> Int8Array:
    centred = stored_values() - x.zero_point
    ratio = float(np.float32(x.scale) / np.float32(y.scale))
    slope = float(np.float32(x.scale) * np.float32(alpha) / np.float32(y.scale))
    scaled = np.where(centred >= 0, scale_fixed(centred, ratio), scale_fixed(centred, slope))
    return saturate(scaled + y.zero_point)


def real_function_table(x: QuantParams, y: QuantParams, function: Callable[[float], float]) -> Int8Array:
    """LiteRT's tables of real functions: float32 steps, the quotient taken as a product with 1 / scale."""
    inverse = np.float32(1) / np.float32(y.scale)
    real = np.float32(x.scale) * (stored_values() - x.zero_point).astype(np.float32)
    transformed = np.array([function(float(v)) for v in real], np.float32)
    whole = [round_half_away(v) for v in transformed * inverse]
    return saturate(np.array(whole, np.int64) + y.zero_point)


def logistic(value: float) -> float:
    exponential = np.float32(math.exp(min(-value, 88.0)))  # beyond that float32 holds infinity: 1 / inf is 0
    return float(np.float32(1) / (np.float32(1) + exponential))


def logistic_table(x: QuantParams, y: QuantParams) -> Int8Array:
    return real_function_table(x, y, logistic)


def tanh_table(x: QuantParams, y: QuantParams) -> Int8Array:
    return real_function_table(x, y, math.tanh)


def hard_swish_table(x: QuantParams, y: QuantParams) -> Int8Array:
    """``v * relu6(v + 3) / 6`` in 16-bit fixed point.

    The input keeps 7 more bits. Its product with the output scale is taken on the one hand; on the other it is
    scaled so that 3.0 is 2**15, saturated there, and moved to [0, 1]. The output is the product of both.
    """
    fine = np.float32(1 / 128) * np.float32(x.scale)
    output_multiplier, output_exponent = multiplier_of_16_bits(fine / np.float32(y.scale))
    relu_multiplier, relu_exponent = multiplier_of_16_bits(fine / (np.float32(3) / np.float32(32768)))
    if output_exponent > 0:
        raise ValueError("the scale of a hard-swish output is far below that of its input")
    value = wrap_int16((stored_values() - x.zero_point) << 7)
    on_output_scale = high_product_16(value, output_multiplier)
    relu = value
    if relu_exponent > 0:
        relu = saturate_int16(relu << min(relu_exponent - 1, 31))
    relu = high_product_16(relu, relu_multiplier)
    if relu_exponent > 0:
        relu = saturate_int16(relu << 1)
    else:
        relu = divide_by_power_of_two(relu, np.int64(min(-relu_exponent, 31)))
    gate = (relu + (1 << 15)) >> 1
    product = gate * on_output_scale
    towards_zero = np.sign(product) * (np.abs(product) >> 15)
    return saturate(divide_by_power_of_two(towards_zero, np.int64(min(-output_exponent, 31))) + y.zero_point)


def multiplier_of_16_bits(real: np.float32) -> tuple[int, int]:
    multiplier, exponent = quantize_multiplier(float(real))
    return min(INT16_MAX, (multiplier + (1 << 15)) >> 16), exponent


def high_product_16(values: NDArray[np.int64], multiplier: int) -> NDArray[np.int64]:
    """``round(values * multiplier / 2**15)``, halves away from zero."""
    product = values * multiplier
    nudged = product + np.where(product >= 0, 1 << 14, 1 - (1 << 14))
    quotient: NDArray[np.int64] = np.sign(nudged) * (np.abs(nudged) >> 15)
    return quotient


def saturate_int16(values: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.asarray(np.clip(values, INT16_MIN, INT16_MAX), np.int64)


def wrap_int16(values: NDArray[np.int64]) -> NDArray[np.int64]:
    return values.astype(np.int16).astype(np.int64)
