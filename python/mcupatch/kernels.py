"""What the planner asks of the micro-kernels. The kernels answer themselves: no formula of theirs is repeated here."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable

from mcupatch.ir import ops
from mcupatch.kernel_params import Conv2DParams, DenseParams, DepthwiseParams
from mcupatch.native import load_library
from mcupatch.packing.choose import choose_kernel

_MANY = 2**31 - 1


def scratch_bytes(op: ops.Operator, out_rows: int = _MANY, out_cols: int = _MANY) -> int:
    """Bytes of work space that the kernel of ``op`` needs while it runs, at a multiple of 4.

    ``out_rows``, ``out_cols``: the most rows and the most columns that a call writes.

    Raises ToolMissing where the native library is not built.
    """
    return scratch_by_size(op, ((out_rows, out_cols),))[0]


def scratch_by_size(op: ops.Operator, sizes: Iterable[tuple[int, int]]) -> list[int]:
    """``scratch_bytes`` for each of several (rows, columns)."""
    choice = choose_kernel(op)
    if choice is None:
        return [general_scratch_bytes(op, cols) for _, cols in sizes]
    return [_ask(choice.scratch_function, choice.params, rows, cols) for rows, cols in sizes]


def general_scratch_bytes(op: ops.Operator, cols: int = _MANY) -> int:
    """The same for the general kernel of the operator's type."""
    if isinstance(op, ops.Conv2D):
        return _ask("mcup_conv2d_scratch_bytes", _conv2d_params(op), cols)
    if isinstance(op, ops.DepthwiseConv2D):
        return _ask("mcup_depthwise_conv2d_scratch_bytes", _depthwise_params(op))
    if isinstance(op, ops.Dense):
        outputs, inputs = op.weights.shape
        return _ask("mcup_dense_scratch_bytes", DenseParams(inputs=inputs, outputs=outputs))
    return 0


def _conv2d_params(op: ops.Conv2D) -> Conv2DParams:
    outputs, _, _, depth = op.weights.shape
    return Conv2DParams(
        in_channels=depth * op.groups, out_channels=outputs, groups=op.groups, **_window_fields(op)
    )


def _depthwise_params(op: ops.DepthwiseConv2D) -> DepthwiseParams:
    channels = op.weights.shape[2] // op.multiplier
    return DepthwiseParams(in_channels=channels, channel_multiplier=op.multiplier, **_window_fields(op))


def _window_fields(op: ops.Conv2D | ops.DepthwiseConv2D) -> dict[str, int]:
    return {
        "kernel_rows": op.kernel[0],
        "kernel_cols": op.kernel[1],
        "stride_rows": op.stride[0],
        "stride_cols": op.stride[1],
        "dilation_rows": op.dilation[0],
        "dilation_cols": op.dilation[1],
        "input_zero_point": op.input_zero_point,
        "weight_zero_point": op.weight_zero_point,
    }


def _ask(function_name: str, params: ctypes.Structure, *numbers: int) -> int:
    function = getattr(load_library(), function_name)
    function.restype = ctypes.c_size_t
    return int(function(ctypes.byref(params), *map(ctypes.c_int32, numbers)))
