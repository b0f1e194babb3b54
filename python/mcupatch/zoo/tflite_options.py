"""The options tables of .tflite operators, as plain values with typed makers.

``TfliteBuilder.operator`` writes them. Strings stand for the schema's enumerations: a padding is "SAME" or
"VALID", an activation "NONE", "RELU", "RELU6", "RELU_N1_TO_1".
"""

from __future__ import annotations

from dataclasses import dataclass

import tflite

Field = int | float | bool | tuple[int, ...]


@dataclass(frozen=True)
class OperatorOptions:
    """One table: its name in the schema (``Conv2DOptions``) and its fields, named as the accessors name them."""

    table: str
    fields: tuple[tuple[str, Field], ...] = ()

    @property
    def union_type(self) -> int:
        """The table's number in the union ``BuiltinOptions``."""
        return int(getattr(tflite.BuiltinOptions, self.table))


def _padding(name: str) -> int:
    return int(getattr(tflite.Padding, name))


def _activation(name: str) -> int:
    return int(getattr(tflite.ActivationFunctionType, name))


def conv2d_options(
    padding: str = "SAME",
    stride: tuple[int, int] = (1, 1),
    dilation: tuple[int, int] = (1, 1),
    activation: str = "NONE",
) -> OperatorOptions:
    """CONV_2D; ``stride`` and ``dilation`` are (rows, columns)."""
    return OperatorOptions(
        "Conv2DOptions",
        (
            ("Padding", _padding(padding)),
            ("StrideH", stride[0]),
            ("StrideW", stride[1]),
            ("FusedActivationFunction", _activation(activation)),
            ("DilationHFactor", dilation[0]),
            ("DilationWFactor", dilation[1]),
        ),
    )


def depthwise_options(
    padding: str = "SAME",
    stride: tuple[int, int] = (1, 1),
    dilation: tuple[int, int] = (1, 1),
    multiplier: int = 1,
    activation: str = "NONE",
) -> OperatorOptions:
    """DEPTHWISE_CONV_2D; ``multiplier`` is output channels per input channel."""
    return OperatorOptions(
        "DepthwiseConv2DOptions",
        (
            ("Padding", _padding(padding)),
            ("StrideH", stride[0]),
            ("StrideW", stride[1]),
            ("DepthMultiplier", multiplier),
            ("FusedActivationFunction", _activation(activation)),
            ("DilationHFactor", dilation[0]),
            ("DilationWFactor", dilation[1]),
        ),
    )


def pool_options(
    kernel: tuple[int, int],
    stride: tuple[int, int] = (1, 1),
    padding: str = "VALID",
    activation: str = "NONE",
) -> OperatorOptions:
    """AVERAGE_POOL_2D and MAX_POOL_2D."""
    return OperatorOptions(
        "Pool2DOptions",
        (
            ("Padding", _padding(padding)),
            ("StrideH", stride[0]),
            ("StrideW", stride[1]),
            ("FilterHeight", kernel[0]),
            ("FilterWidth", kernel[1]),
            ("FusedActivationFunction", _activation(activation)),
        ),
    )


def add_options(activation: str = "NONE") -> OperatorOptions:
    """ADD."""
    return OperatorOptions("AddOptions", (("FusedActivationFunction", _activation(activation)),))


def mul_options(activation: str = "NONE") -> OperatorOptions:
    """MUL."""
    return OperatorOptions("MulOptions", (("FusedActivationFunction", _activation(activation)),))


def fully_connected_options(activation: str = "NONE", keep_num_dims: bool = False) -> OperatorOptions:
    """FULLY_CONNECTED."""
    return OperatorOptions(
        "FullyConnectedOptions",
        (("FusedActivationFunction", _activation(activation)), ("KeepNumDims", keep_num_dims)),
    )


def softmax_options(beta: float = 1.0) -> OperatorOptions:
    """SOFTMAX."""
    return OperatorOptions("SoftmaxOptions", (("Beta", beta),))


def concat_options(axis: int, activation: str = "NONE") -> OperatorOptions:
    """CONCATENATION."""
    return OperatorOptions(
        "ConcatenationOptions", (("Axis", axis), ("FusedActivationFunction", _activation(activation)))
    )


def resize_nearest_options(align_corners: bool = False, half_pixel_centers: bool = False) -> OperatorOptions:
    """RESIZE_NEAREST_NEIGHBOR; the output size is the operator's second input."""
    return OperatorOptions(
        "ResizeNearestNeighborOptions",
        (("AlignCorners", align_corners), ("HalfPixelCenters", half_pixel_centers)),
    )


def resize_bilinear_options(align_corners: bool = False, half_pixel_centers: bool = False) -> OperatorOptions:
    """RESIZE_BILINEAR; the output size is the operator's second input."""
    return OperatorOptions(
        "ResizeBilinearOptions",
        (("AlignCorners", align_corners), ("HalfPixelCenters", half_pixel_centers)),
    )


def reshape_options(new_shape: tuple[int, ...]) -> OperatorOptions:
    """RESHAPE; readers prefer the shape in the operator's second input, if there is one."""
    return OperatorOptions("ReshapeOptions", (("NewShape", new_shape),))


def reducer_options(keep_dims: bool = False) -> OperatorOptions:
    """MEAN; the axes are the operator's second input."""
    return OperatorOptions("ReducerOptions", (("KeepDims", keep_dims),))


def empty_options(table: str) -> OperatorOptions:
    """A table without fields: ``PadOptions``, ``QuantizeOptions``, ``HardSwishOptions`` and their like."""
    return OperatorOptions(table)
