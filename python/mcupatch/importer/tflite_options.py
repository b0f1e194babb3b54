"""The options of .tflite operators that the importer understands, as one plain record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import tflite

_PADDINGS = {tflite.Padding.SAME: "SAME", tflite.Padding.VALID: "VALID"}
_ACTIVATIONS = {
    value: key for key, value in vars(tflite.ActivationFunctionType).items() if isinstance(value, int)
}


@dataclass(frozen=True)
class TfliteOptions:
    """Every field of every understood options table; one that an operator lacks has the schema's default.

    Pairs are (rows, columns).
    """

    padding: str = "SAME"
    kernel: tuple[int, int] = (0, 0)
    stride: tuple[int, int] = (0, 0)
    dilation: tuple[int, int] = (1, 1)
    activation: str = "NONE"
    axis: int = 0
    beta: float = 0.0
    alpha: float = 0.0
    keep_dims: bool = False
    shuffled_weights: bool = False
    align_corners: bool = False
    half_pixel_centers: bool = False


def _padding(table: Any) -> str:
    return _PADDINGS.get(table.Padding(), f"padding {table.Padding()}")


def _activation(table: Any) -> str:
    number = table.FusedActivationFunction()
    return _ACTIVATIONS.get(number, f"activation {number}")


def _read_conv(table: Any) -> TfliteOptions:
    return TfliteOptions(
        padding=_padding(table),
        stride=(table.StrideH(), table.StrideW()),
        dilation=(table.DilationHFactor(), table.DilationWFactor()),
        activation=_activation(table),
    )


def _read_pool(table: Any) -> TfliteOptions:
    return TfliteOptions(
        padding=_padding(table),
        kernel=(table.FilterHeight(), table.FilterWidth()),
        stride=(table.StrideH(), table.StrideW()),
        activation=_activation(table),
    )


def _read_activation(table: Any) -> TfliteOptions:
    return TfliteOptions(activation=_activation(table))


def _read_dense(table: Any) -> TfliteOptions:
    return TfliteOptions(activation=_activation(table), shuffled_weights=table.WeightsFormat() != 0)


def _read_concat(table: Any) -> TfliteOptions:
    return TfliteOptions(axis=table.Axis(), activation=_activation(table))


def _read_softmax(table: Any) -> TfliteOptions:
    return TfliteOptions(beta=table.Beta())


def _read_reducer(table: Any) -> TfliteOptions:
    return TfliteOptions(keep_dims=bool(table.KeepDims()))


def _read_leaky_relu(table: Any) -> TfliteOptions:
    return TfliteOptions(alpha=table.Alpha())


def _read_resize(table: Any) -> TfliteOptions:
    return TfliteOptions(
        align_corners=bool(table.AlignCorners()), half_pixel_centers=bool(table.HalfPixelCenters())
    )


# operator: the name of its options table, and what reads it; other operators need no options
_READERS: dict[str, tuple[str, Callable[[Any], TfliteOptions]]] = {
    "CONV_2D": ("Conv2DOptions", _read_conv),
    "DEPTHWISE_CONV_2D": ("DepthwiseConv2DOptions", _read_conv),
    "AVERAGE_POOL_2D": ("Pool2DOptions", _read_pool),
    "MAX_POOL_2D": ("Pool2DOptions", _read_pool),
    "FULLY_CONNECTED": ("FullyConnectedOptions", _read_dense),
    "ADD": ("AddOptions", _read_activation),
    "MUL": ("MulOptions", _read_activation),
    "CONCATENATION": ("ConcatenationOptions", _read_concat),
    "SOFTMAX": ("SoftmaxOptions", _read_softmax),
    "MEAN": ("ReducerOptions", _read_reducer),
    "LEAKY_RELU": ("LeakyReluOptions", _read_leaky_relu),
    "RESIZE_NEAREST_NEIGHBOR": ("ResizeNearestNeighborOptions", _read_resize),
    "RESIZE_BILINEAR": ("ResizeBilinearOptions", _read_resize),
}


def read_options(kind: str, table_type: int, table: Any) -> TfliteOptions:
    """The options of an operator of ``kind``. Raises ValueError if they are another operator's."""
    if kind not in _READERS or table is None:
        return TfliteOptions()
    table_name, read = _READERS[kind]
    if table_type != getattr(tflite.BuiltinOptions, table_name):
        raise ValueError(f"{kind} has the options of another operator")
    options = getattr(tflite, table_name)()
    options.Init(table.Bytes, table.Pos)
    return read(options)
