"""Which converter serves which .tflite operator."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mcupatch.importer.tflite_converters import arithmetic, convolution, movement, pooling, tables
from mcupatch.importer.tflite_converters.conversion import Conversion
from mcupatch.importer.tflite_reader import TfliteOperator

Converter = Callable[[Conversion, TfliteOperator], None]

CONVERTERS: Mapping[str, Converter] = {
    "ADD": arithmetic.convert_add,
    "AVERAGE_POOL_2D": pooling.convert_average_pool,
    "CONCATENATION": movement.convert_concat,
    "CONV_2D": convolution.convert_conv2d,
    "DEPTHWISE_CONV_2D": convolution.convert_depthwise,
    "DEQUANTIZE": tables.convert_dequantize,
    "EXPAND_DIMS": movement.convert_reshape,
    "FULLY_CONNECTED": convolution.convert_dense,
    "HARD_SWISH": tables.convert_hard_swish,
    "LEAKY_RELU": tables.convert_leaky_relu,
    "LOGISTIC": tables.convert_logistic,
    "MAX_POOL_2D": pooling.convert_max_pool,
    "MEAN": pooling.convert_mean,
    "MUL": arithmetic.convert_mul,
    "PAD": movement.convert_pad,
    "PADV2": movement.convert_pad,
    "QUANTIZE": tables.convert_quantize,
    "RELU": tables.convert_relu,
    "RELU6": tables.convert_relu,
    "RELU_0_TO_1": tables.convert_relu,
    "RELU_N1_TO_1": tables.convert_relu,
    "RESHAPE": movement.convert_reshape,
    "RESIZE_BILINEAR": movement.convert_resize_bilinear,
    "RESIZE_NEAREST_NEIGHBOR": movement.convert_resize_nearest,
    "SOFTMAX": tables.convert_softmax,
    "SQUEEZE": movement.convert_reshape,
    "TANH": tables.convert_tanh,
    "TRANSPOSE": movement.convert_transpose,
}
