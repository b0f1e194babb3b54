"""Writes the blobs that ``kernel_driver.c`` runs: arrays, then kernel calls on windows of them."""

from __future__ import annotations

import ctypes
from dataclasses import astuple, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcupatch.ir import ops
from mcupatch.ir.quant import Requant, Rounding
from mcupatch.packing.add_form import find_add_form
from mcupatch.packing.kernel_choice import KernelChoice

CONV2D, DEPTHWISE, DENSE, ADD, MUL, AVG_POOL, MAX_POOL, MEAN, PAD, COPY_CHANNELS = range(10)
COPY_RUNS, RESIZE_NEAREST, RESIZE_BILINEAR, LUT, SOFTMAX, TRANSPOSE, COPY, QUANTIZE, DEQUANTIZE = range(
    10, 19
)
MEAN_PARTS, AVG_POOL_PARTS, MOVE, PACKED = range(19, 23)
PACKED_KERNELS = (  # in the order of kernel_packed_calls.c
    *("mcup_packed_conv2d", "mcup_packed_conv2d_wide"),
    "mcup_packed_dense",
    *("mcup_depthwise_3x3", "mcup_depthwise_5x5", "mcup_depthwise_7x7"),
    *("mcup_packed_conv2d_float", "mcup_packed_conv2d_float_wide", "mcup_packed_conv2d_any"),
    *("mcup_depthwise_3x3_float", "mcup_depthwise_5x5_float", "mcup_depthwise_7x7_float"),
    *("mcup_packed_conv2d_single", "mcup_packed_conv2d_single_wide"),
    *("mcup_depthwise_3x3_single", "mcup_depthwise_5x5_single", "mcup_depthwise_7x7_single"),
)
ADD_RUNS = (
    "mcup_add_fixed",
    "mcup_add_float",
    "mcup_add_halves",
    "mcup_add_scaled",
)  # in the order of kernel_calls.c
WHOLE_TYPE = ops.Clamp()


@dataclass(frozen=True)
class Window:
    """Pixels ``[rows][cols]`` at ``offset`` bytes in array number ``array``."""

    array: int
    offset: int
    rows: int
    cols: int
    row_stride: int
    lower: Window | None = None  # the last rows, where they lie in another place

    @property
    def words(self) -> tuple[int, ...]:
        place = (self.array, self.offset, self.rows, self.cols, self.row_stride)
        if self.lower is None:
            return *place, self.rows, -1, 0, 0
        lower = self.lower
        return *place, self.rows - lower.rows, lower.array, lower.offset, lower.row_stride


@dataclass
class Blob:
    """``arrays`` are the memory before the calls; ``calls`` the words of each call."""

    arrays: list[NDArray[np.uint8]] = field(default_factory=list)
    calls: list[list[int]] = field(default_factory=list)

    def add_array(self, data: NDArray[Any] | None) -> int:
        if data is None:
            return -1
        self.arrays.append(np.ascontiguousarray(data).reshape(-1).view(np.uint8).copy())
        return len(self.arrays) - 1

    def encode(self, arrays: list[NDArray[np.uint8]] | None = None) -> bytes:
        """The bytes of the blob, with other contents of the arrays if they are given."""
        parts = [np.int32(len(self.arrays)).tobytes()]
        for array in self.arrays if arrays is None else arrays:
            parts += [np.int32(array.size).tobytes(), array.tobytes(), bytes(-array.size % 4)]
        words = [len(self.calls), *(word for call in self.calls for word in call)]
        return b"".join((*parts, np.array(words, np.int64).astype(np.int32).tobytes()))

    def requant(self, requant: Requant, zero_point: int = 0, clamp: ops.Clamp = WHOLE_TYPE) -> list[int]:
        kind = requant.rounding
        arrays = (
            requant.multiplier if kind is Rounding.FIXED else None,
            requant.shift if kind is Rounding.FIXED else None,
            requant.multiplier if kind is Rounding.FLOAT else None,
            requant.multiplier if kind is Rounding.DOUBLE else None,
        )
        per_channel = int(requant.channels > 1)
        return [*(self.add_array(a) for a in arrays), per_channel, zero_point, clamp.low, clamp.high]


def float_word(value: float) -> int:
    return int(np.float32(value).view(np.int32))


def conv2d(blob: Blob, op: ops.Conv2D, pads: tuple[int, int], source: Window, target: Window) -> None:
    outputs, rows, cols, depth = op.weights.shape
    shape = (depth * op.groups, outputs, op.groups, rows, cols, *op.stride, *op.dilation)
    blob.calls.append(
        [CONV2D, blob.add_array(op.weights), blob.add_array(op.bias)]
        + blob.requant(op.requant, op.output_zero_point, op.clamp)
        + [*shape, op.input_zero_point, op.weight_zero_point, *source.words, *target.words, *pads]
    )


def depthwise(
    blob: Blob, op: ops.DepthwiseConv2D, pads: tuple[int, int], source: Window, target: Window
) -> None:
    rows, cols, channels = op.weights.shape
    shape = (channels // op.multiplier, op.multiplier, rows, cols, *op.stride, *op.dilation)
    blob.calls.append(
        [DEPTHWISE, blob.add_array(op.weights), blob.add_array(op.bias)]
        + blob.requant(op.requant, op.output_zero_point, op.clamp)
        + [*shape, op.input_zero_point, op.weight_zero_point, *source.words, *target.words, *pads]
    )


def dense(blob: Blob, op: ops.Dense, source: Window, target: Window) -> None:
    outputs, inputs = op.weights.shape
    blob.calls.append(
        [DENSE, blob.add_array(op.weights), blob.add_array(op.bias)]
        + blob.requant(op.requant, op.output_zero_point, op.clamp)
        + [inputs, outputs, op.input_zero_point, op.weight_zero_point]
        + [*replace(source, rows=source.rows * source.cols).words, *target.words]
    )


def packed(blob: Blob, choice: KernelChoice, source: Window, target: Window, beside: tuple[int, ...]) -> None:
    """A kernel with packed weights; ``beside``: what it takes beside its windows."""
    arrays = choice.pack()
    fields = [
        blob.add_array(arrays.get(name)) if kind is ctypes.c_void_p else getattr(choice.params, name)
        for name, kind, *_ in choice.params._fields_
    ]
    kernel = PACKED_KERNELS.index(choice.function)
    blob.calls.append([PACKED, kernel, *fields, *source.words, *target.words, *beside])


Shape = tuple[int, int, int]


def repeats(shape: Shape, out: Shape) -> list[int]:
    return [int(side == 1 and whole != 1) for side, whole in zip(shape, out)]


def add(blob: Blob, op: ops.Add, shapes: tuple[Shape, Shape, Shape], windows: tuple[Window, ...]) -> None:
    a, b, out = shapes
    run, *constants = astuple(find_add_form(op))
    form = [ADD_RUNS.index(run), *constants]
    blob.calls.append(
        [ADD, *blob.requant(op.input_requant)]
        + blob.requant(op.output_requant, op.output_zero_point, op.clamp)
        + [float_word(op.offset), op.left_shift, *op.input_zero_points, out[2]]
        + [*repeats(a, out), *repeats(b, out), *form]
        + [word for window in windows for word in window.words]
    )


def mul(blob: Blob, op: ops.Mul, shapes: tuple[Shape, Shape, Shape], windows: tuple[Window, ...]) -> None:
    a, b, out = shapes
    blob.calls.append(
        [MUL, *blob.requant(op.requant, op.output_zero_point, op.clamp)]
        + [float_word(op.offset), *op.input_zero_points, out[2]]
        + [*repeats(a, out), *repeats(b, out), *(word for window in windows for word in window.words)]
    )


def pool(
    blob: Blob,
    op: ops.AvgPool2D | ops.MaxPool2D,
    channels: int,
    pads: tuple[int, int],
    source: Window,
    target: Window,
) -> None:
    kind = AVG_POOL if isinstance(op, ops.AvgPool2D) else MAX_POOL
    blob.calls.append([kind, *pool_params(blob, op, channels), *source.words, *target.words, *pads])


def pool_params(blob: Blob, op: ops.AvgPool2D | ops.MaxPool2D, channels: int) -> list[int]:
    words = [channels, *op.kernel, *op.stride]
    if isinstance(op, ops.AvgPool2D):
        scale = blob.add_array(None if op.requant is None else op.requant.multiplier)
        words += [1, 1, op.clamp.low, op.clamp.high, int(op.rounding_up), int(op.count_include_pad), scale]
        words += [float_word(op.offset), op.input_zero_point, op.output_zero_point]
    else:
        words += [*op.dilation, op.clamp.low, op.clamp.high, 0, 0, -1, 0, 0, 0]
    return words


def avg_pool_parts(
    blob: Blob, op: ops.AvgPool2D, channels: int, count: int, parts: list[Window], target: Window
) -> None:
    """``count``: what the sums are divided by."""
    words = [AVG_POOL_PARTS, *pool_params(blob, op, channels), count, *target.words, len(parts)]
    blob.calls.append([*words, *(word for part in parts for word in part.words)])


def mean(blob: Blob, op: ops.Mean, extents: Shape, source: Window, target: Window) -> None:
    """``extents``: outer, count, inner."""
    requant = blob.requant(op.requant, op.output_zero_point, op.clamp)
    blob.calls.append([MEAN, *requant, *extents, op.input_zero_point, *source.words, *target.words])


def mean_parts(blob: Blob, op: ops.Mean, extents: Shape, parts: list[Window], target: Window) -> None:
    requant = blob.requant(op.requant, op.output_zero_point, op.clamp)
    words = [MEAN_PARTS, *requant, *extents, op.input_zero_point, *target.words, len(parts)]
    blob.calls.append([*words, *(word for part in parts for word in part.words)])


def move(blob: Blob, row_bytes: int, source: Window, target: Window) -> None:
    blob.calls.append([MOVE, row_bytes, *source.words, *target.words])


def pad(
    blob: Blob, op: ops.Pad, channels: int, pads: tuple[int, int], source: Window, target: Window
) -> None:
    blob.calls.append([PAD, channels, op.value, *source.words, *target.words, *pads])


def copy_channels(
    blob: Blob, shape: Shape, table: NDArray[np.int8] | None, source: Window, target: Window
) -> None:
    """``shape``: channels, first channel of the output, channels of the output."""
    blob.calls.append([COPY_CHANNELS, *shape, blob.add_array(table), *source.words, *target.words])


def copy_runs(
    blob: Blob, shape: Shape, table: NDArray[np.int8] | None, source: Window, target: Window
) -> None:
    """``shape``: runs, bytes a run, distance of the runs in the output."""
    blob.calls.append([COPY_RUNS, *shape, blob.add_array(table), *source.words, *target.words])


def resize_nearest(blob: Blob, op: ops.ResizeNearest, channels: int, source: Window, target: Window) -> None:
    indices = [blob.add_array(op.row_index), blob.add_array(op.col_index)]
    blob.calls.append([RESIZE_NEAREST, channels, *indices, *source.words, *target.words])


def resize_bilinear(
    blob: Blob, op: ops.ResizeBilinear, channels: int, source: Window, target: Window
) -> None:
    weights = [blob.add_array(op.row_weight), blob.add_array(op.col_weight)]
    by_rounding = [*weights, -1, -1] if op.row_weight.dtype == np.int32 else [-1, -1, *weights]
    blob.calls.append(
        [RESIZE_BILINEAR, channels, blob.add_array(op.row_index), blob.add_array(op.col_index), *by_rounding]
        + [*map(float_word, op.scales), *op.zero_points, *source.words, *target.words]
    )


def lut(blob: Blob, op: ops.Lut, channels: int, source: Window, target: Window) -> None:
    blob.calls.append([LUT, channels, blob.add_array(op.table), *source.words, *target.words])


def softmax(blob: Blob, op: ops.Softmax, rows: int, channels: int, source: Window, target: Window) -> None:
    fixed = op.rounding is Rounding.FIXED
    table = blob.add_array(op.table)
    tables = [table, -1] if fixed else [-1, table]
    scale = [float_word(op.output_scale), op.output_zero_point]
    blob.calls.append([SOFTMAX, *tables, rows, channels, *scale, *source.words, *target.words])


def transpose(blob: Blob, op: ops.Transpose, shape: tuple[int, ...], source: Window, target: Window) -> None:
    arrays = [blob.add_array(np.array(values, np.int32)) for values in (shape, op.permutation)]
    blob.calls.append([TRANSPOSE, len(shape), *arrays, *source.words, *target.words])


def copy(blob: Blob, nbytes: int, source: Window, target: Window) -> None:
    blob.calls.append([COPY, nbytes, *source.words, *target.words])


def quantize(blob: Blob, op: ops.Quantize, channels: int, source: Window, target: Window) -> None:
    words = [channels, float_word(op.scale), op.zero_point, int(op.half_even)]
    blob.calls.append([QUANTIZE, *words, *source.words, *target.words])


def dequantize(blob: Blob, op: ops.Dequantize, channels: int, source: Window, target: Window) -> None:
    words = [channels, float_word(op.scale), op.zero_point]
    blob.calls.append([DEQUANTIZE, *words, *source.words, *target.words])
