"""The kernels' parameter structs (``src/runtime/include/mcupatch/kernels.h``) filled in from operators.

Each function gives the fields of one struct as C text; nested structs are nested mappings.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from dataclasses import asdict

import numpy as np

from mcupatch.emit.c_text import c_float
from mcupatch.ir import ops
from mcupatch.ir.quant import Requant, Rounding
from mcupatch.ir.tensor import Tensor
from mcupatch.packing.add_form import find_add_form

Fields = dict[str, object]
ArrayNames = Mapping[str, str]  # key of the operator's array ("requant.shift") to its C name


def requant_fields(
    requant: Requant, arrays: ArrayNames, key: str, zero_point: int = 0, clamp: ops.Clamp | None = None
) -> Fields:
    fields: Fields = {}
    assert requant.rounding is not Rounding.SINGLE, "no general kernel rounds once"
    if requant.rounding is Rounding.FIXED:
        fields |= {"multiplier": arrays[key + ".multiplier"], "shift": arrays[key + ".shift"]}
    else:
        field = "scale" if requant.rounding is Rounding.FLOAT else "scale_double"
        fields |= {field: arrays[key + ".multiplier"]}
    clamp = clamp or ops.Clamp()
    per_channel = int(requant.channels > 1)
    return fields | {
        "per_channel": per_channel,
        "zero_point": zero_point,
        "low": clamp.low,
        "high": clamp.high,
    }


def struct_fields(params: ctypes.Structure, arrays: ArrayNames) -> Fields:
    """The fields of ``params``; its pointers are the arrays of their names, or NULL."""
    fields: Fields = {}
    for name, kind, *_ in params._fields_:
        if kind is not ctypes.c_void_p:
            fields[name] = getattr(params, name)
        elif name in arrays:
            fields[name] = arrays[name]
    return fields


def conv2d_fields(op: ops.Conv2D, arrays: ArrayNames) -> Fields:
    outputs, rows, cols, per_group = op.weights.shape
    return {
        **_layer_fields(op, arrays),
        "in_channels": per_group * op.groups,
        "out_channels": outputs,
        "groups": op.groups,
        **_window_fields((rows, cols), op.stride, op.dilation),
    }


def depthwise_fields(op: ops.DepthwiseConv2D, arrays: ArrayNames) -> Fields:
    return {
        **_layer_fields(op, arrays),
        "in_channels": op.weights.shape[2] // op.multiplier,
        "channel_multiplier": op.multiplier,
        **_window_fields(op.kernel, op.stride, op.dilation),
    }


def dense_fields(op: ops.Dense, arrays: ArrayNames) -> Fields:
    return {
        **_layer_fields(op, arrays),
        "inputs": op.weights.shape[1],
        "outputs": op.weights.shape[0],
    }


def add_fields(op: ops.Add, arrays: ArrayNames, inputs: tuple[Tensor, ...], output: Tensor) -> Fields:
    if op.input_requant.rounding is Rounding.FIXED:
        final = requant_fields(op.output_requant, arrays, "output_requant", op.output_zero_point, op.clamp)
    else:
        final = {"zero_point": op.output_zero_point, "low": op.clamp.low, "high": op.clamp.high}
    return {
        "input_requant": requant_fields(op.input_requant, arrays, "input_requant"),
        "output_requant": final,
        "offset": c_float(op.offset),
        "left_shift": op.left_shift,
        **_binary_fields(op.input_zero_points, inputs, output),
        **asdict(find_add_form(op)),
    }


def mul_fields(op: ops.Mul, arrays: ArrayNames, inputs: tuple[Tensor, ...], output: Tensor) -> Fields:
    return {
        "requant": requant_fields(op.requant, arrays, "requant", op.output_zero_point, op.clamp),
        "offset": c_float(op.offset),
        **_binary_fields(op.input_zero_points, inputs, output),
    }


def avg_pool_fields(op: ops.AvgPool2D, arrays: ArrayNames, channels: int) -> Fields:
    fields = _pool_fields(op.kernel, op.stride, (1, 1), op.clamp, channels)
    fields |= {"rounding_up": int(op.rounding_up), "count_include_pad": int(op.count_include_pad)}
    if op.requant is not None:
        fields |= {"scale": arrays["requant.multiplier"], "offset": c_float(op.offset)}
    return fields | {"input_zero_point": op.input_zero_point, "output_zero_point": op.output_zero_point}


def max_pool_fields(op: ops.MaxPool2D, channels: int) -> Fields:
    return _pool_fields(op.kernel, op.stride, op.dilation, op.clamp, channels)


def mean_fields(op: ops.Mean, arrays: ArrayNames, extents: tuple[int, int, int]) -> Fields:
    outer, count, inner = extents
    return {
        "requant": requant_fields(op.requant, arrays, "requant", op.output_zero_point, op.clamp),
        "outer": outer,
        "count": count,
        "inner": inner,
        "input_zero_point": op.input_zero_point,
    }


def resize_bilinear_fields(op: ops.ResizeBilinear, arrays: ArrayNames, channels: int) -> Fields:
    kind = "fixed" if op.row_weight.dtype == np.int32 else "float"
    return {
        "channels": channels,
        "row_index": arrays["row_index"],
        "col_index": arrays["col_index"],
        f"row_weight_{kind}": arrays["row_weight"],
        f"col_weight_{kind}": arrays["col_weight"],
        "input_scale": c_float(op.scales[0]),
        "output_scale": c_float(op.scales[1]),
        "input_zero_point": op.zero_points[0],
        "output_zero_point": op.zero_points[1],
    }


def softmax_fields(op: ops.Softmax, arrays: ArrayNames, rows: int, channels: int) -> Fields:
    kind = "fixed" if op.rounding is Rounding.FIXED else "float"
    return {
        f"table_{kind}": arrays["table"],
        "rows": rows,
        "channels": channels,
        "output_scale": c_float(op.output_scale),
        "output_zero_point": op.output_zero_point,
    }


def _layer_fields(op: ops.Conv2D | ops.DepthwiseConv2D | ops.Dense, arrays: ArrayNames) -> Fields:
    """What every layer with weights has."""
    return {
        "weights": arrays["weights"],
        "bias": arrays["bias"],
        "requant": requant_fields(op.requant, arrays, "requant", op.output_zero_point, op.clamp),
        "input_zero_point": op.input_zero_point,
        "weight_zero_point": op.weight_zero_point,
    }


def _window_fields(kernel: tuple[int, int], stride: tuple[int, int], dilation: tuple[int, int]) -> Fields:
    return {
        "kernel_rows": kernel[0],
        "kernel_cols": kernel[1],
        "stride_rows": stride[0],
        "stride_cols": stride[1],
        "dilation_rows": dilation[0],
        "dilation_cols": dilation[1],
    }


def _pool_fields(
    kernel: tuple[int, int],
    stride: tuple[int, int],
    dilation: tuple[int, int],
    clamp: ops.Clamp,
    channels: int,
) -> Fields:
    window = _window_fields(kernel, stride, dilation)
    return {"channels": channels, **window, "low": clamp.low, "high": clamp.high}


def _binary_fields(zero_points: tuple[int, int], inputs: tuple[Tensor, ...], output: Tensor) -> Fields:
    fields: Fields = {
        "zero_point_a": zero_points[0],
        "zero_point_b": zero_points[1],
        "channels": output.hwc[2],
    }
    for letter, tensor in zip("ab", inputs):
        for side, own, whole in zip(("rows", "cols", "channels"), tensor.hwc, output.hwc):
            fields[f"{letter}_repeats_{side}"] = int(own == 1 and whole > 1)
    return fields
