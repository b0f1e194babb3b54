"""The parameter structs of ``mcupatch/kernels.h`` that the compiler itself hands to the native library.

A test compares sizes and offsets with the C compiler's.
"""

from __future__ import annotations

import ctypes

_INT = ctypes.c_int32
_POINTER = ctypes.c_void_p


class RequantParams(ctypes.Structure):
    """``mcup_requant``."""

    _fields_ = [
        ("multiplier", _POINTER),
        ("shift", _POINTER),
        ("scale", _POINTER),
        ("scale_double", _POINTER),
        ("per_channel", _INT),
        ("zero_point", _INT),
        ("low", _INT),
        ("high", _INT),
    ]


_WINDOW_FIELDS = [
    ("kernel_rows", _INT),
    ("kernel_cols", _INT),
    ("stride_rows", _INT),
    ("stride_cols", _INT),
    ("dilation_rows", _INT),
    ("dilation_cols", _INT),
    ("input_zero_point", _INT),
    ("weight_zero_point", _INT),
]


class Conv2DParams(ctypes.Structure):
    """``mcup_conv2d_params``."""

    _fields_ = [
        ("weights", _POINTER),
        ("bias", _POINTER),
        ("requant", RequantParams),
        ("in_channels", _INT),
        ("out_channels", _INT),
        ("groups", _INT),
        *_WINDOW_FIELDS,
    ]


class PackedConv2DParams(ctypes.Structure):
    """``mcup_packed_conv2d_params``."""

    _fields_ = [
        ("blocks", _POINTER),
        ("in_channels", _INT),
        ("out_channels", _INT),
        *_WINDOW_FIELDS[:-2],
        ("sum_pairs", _INT),
        ("input_zero_point", _INT),
        ("output_zero_point", _INT),
        ("low", _INT),
        ("high", _INT),
    ]


class DepthwiseParams(ctypes.Structure):
    """``mcup_depthwise_params``."""

    _fields_ = [
        ("weights", _POINTER),
        ("bias", _POINTER),
        ("requant", RequantParams),
        ("in_channels", _INT),
        ("channel_multiplier", _INT),
        *_WINDOW_FIELDS,
    ]


class PackedDepthwiseParams(ctypes.Structure):
    """``mcup_packed_depthwise_params``."""

    _fields_ = [
        ("blocks", _POINTER),
        ("lower_blocks", _POINTER),
        ("rows_at_once", _INT),
        ("corrects_halves", _INT),
        ("channels", _INT),
        ("stride_rows", _INT),
        ("stride_cols", _INT),
        ("input_zero_point", _INT),
        ("output_zero_point", _INT),
        ("low", _INT),
        ("high", _INT),
    ]


class DenseParams(ctypes.Structure):
    """``mcup_dense_params``."""

    _fields_ = [
        ("weights", _POINTER),
        ("bias", _POINTER),
        ("requant", RequantParams),
        ("inputs", _INT),
        ("outputs", _INT),
        ("input_zero_point", _INT),
        ("weight_zero_point", _INT),
    ]


class PackedDenseParams(ctypes.Structure):
    """``mcup_packed_dense_params``."""

    _fields_ = [
        ("blocks", _POINTER),
        ("multiplier", _POINTER),
        ("shift", _POINTER),
        ("scale", _POINTER),
        ("scale_double", _POINTER),
        ("per_channel", _INT),
        ("inputs", _INT),
        ("outputs", _INT),
        ("weight_zero_point", _INT),
        ("output_zero_point", _INT),
        ("low", _INT),
        ("high", _INT),
    ]


C_NAMES: dict[type[ctypes.Structure], str] = {
    RequantParams: "mcup_requant",
    Conv2DParams: "mcup_conv2d_params",
    PackedConv2DParams: "mcup_packed_conv2d_params",
    DepthwiseParams: "mcup_depthwise_params",
    PackedDepthwiseParams: "mcup_packed_depthwise_params",
    DenseParams: "mcup_dense_params",
    PackedDenseParams: "mcup_packed_dense_params",
}
