"""Functions of one byte, computed once as onnxruntime computes them in float32."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mcupatch.importer.onnx_converters.values import Float32Array, Pointwise, Target
from mcupatch.ir.quant import QuantParams

Int8Array = NDArray[np.int8]
STORED = np.arange(256, dtype=np.uint8).view(np.int8)  # the int8 value of every raw byte


def dequantize(values: NDArray[np.int8], quant: QuantParams) -> Float32Array:
    """``(q - zero_point) * scale`` in float32."""
    return (values.astype(np.int32) - quant.zero_point).astype(np.float32) * np.float32(quant.scale)


def quantize(real: Float32Array, quant: QuantParams) -> Int8Array:
    """``round_half_even(real / scale) + zero_point``, saturated. A NaN becomes the lowest value."""
    quotient = (real / np.float32(quant.scale)).astype(np.float64)
    whole = np.rint(np.nan_to_num(quotient, nan=-np.inf, posinf=1e9, neginf=-1e9)) + quant.zero_point
    stored: Int8Array = np.clip(whole, -128, 127).astype(np.int8)
    return stored


def byte_table(
    function: Callable[[Float32Array], Float32Array], source: QuantParams, target: QuantParams
) -> Int8Array:
    """``quantize(function(dequantize(byte)))`` for every raw byte, as ``Lut`` wants it."""
    with np.errstate(all="ignore"):
        return quantize(function(dequantize(STORED, source)).astype(np.float32), target)


def concat_table(part: Pointwise, target: Target) -> Int8Array:
    """The table of a part of a concatenation, indexed by ``x + 128`` as ``Concat`` wants it."""
    return np.roll(byte_table(part.function, part.source.quant, target.quant), 128)
