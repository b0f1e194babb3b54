"""Kernel cases: an operator on a window of bigger maps, as a blob before the call and the blob expected after it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcupatch.ir import ops, reference
from mcupatch.ir.access import input_access, is_reduction, is_tileable
from mcupatch.ir.region import Interval, Region
from tests.support import kernel_blob
from tests.support.kernel_blob import Blob, Shape, Window
from tests.support.kernel_examples import Example, Rng, pick

Array = NDArray[Any]


@dataclass(frozen=True)
class Case:
    """``after`` is what running ``before`` must leave: outputs, and every other byte unchanged."""

    label: str
    before: bytes
    after: bytes


@dataclass(frozen=True, eq=False)
class Placed:
    """A window's pixels inside their array."""

    window: Window
    pixel_bytes: int

    def put(self, memory: NDArray[np.uint8], pixels: Array) -> None:
        """Write ``pixels [rows, cols, C]`` into the bytes of the array."""
        row_bytes = self.window.cols * self.pixel_bytes
        for row, values in enumerate(pixels):
            start = self.window.offset + row * self.window.row_stride
            memory[start : start + row_bytes] = np.ascontiguousarray(values).reshape(-1).view(np.uint8)


def whole_region(height: int, width: int) -> Region:
    return Region(Interval(0, height), Interval(0, width))


def random_region(rng: Rng, height: int, width: int) -> Region:
    """A part of a tensor; now and then all of it, now and then nothing."""
    if rng.random() < 0.3:
        return whole_region(height, width)
    row, col = pick(rng, 0, height - 1), pick(rng, 0, width - 1)
    least = 0 if rng.random() < 0.05 else 1
    rows, cols = pick(rng, least, height - row), pick(rng, least, width - col)
    return Region(Interval(row, row + rows), Interval(col, col + cols))


def grow(rng: Rng, part: Interval, size: int) -> Interval:
    """Sometimes a window holds more of its tensor than is needed."""
    if rng.random() < 0.7:
        return part
    return Interval(pick(rng, 0, part.start), pick(rng, part.stop, size))


def place(rng: Rng, blob: Blob, rows: int, cols: int, pixel: int, item: int, dense: bool) -> Placed:
    """Room for a window in a new array full of rubbish, at an odd address where items allow it."""
    margin = (0, 0) if dense else (pick(rng, 0, 3), pick(rng, 0, 3))
    start = item * pick(rng, 0, 7)
    stride = (cols + margin[0] + margin[1]) * pixel + item * (0 if dense else pick(rng, 0, 3))
    size = start + rows * stride + item * pick(rng, 0, 9)
    array = blob.add_array(rng.integers(0, 256, size, dtype=np.uint8))
    return Placed(Window(array, start + margin[0] * pixel if rows else start, rows, cols, stride), pixel)


def place_input(rng: Rng, blob: Blob, pixels: Array, item: int, dense: bool, split: bool) -> Window:
    """A window that holds ``pixels [rows, cols, C]``; ``split``: its upper and its lower rows in arrays of their own."""
    rows, cols, channels = pixels.shape
    upper_rows = pick(rng, 0, rows) if split else rows
    upper = place(rng, blob, upper_rows, cols, channels * item, item, dense)
    upper.put(blob.arrays[upper.window.array], pixels[:upper_rows])
    if not split:
        return upper.window
    lower = place(rng, blob, rows - upper_rows, cols, channels * item, item, dense)
    lower.put(blob.arrays[lower.window.array], pixels[upper_rows:])
    return replace(upper.window, rows=rows, lower=lower.window)


def crop(tensor: Array, region: Region) -> Array:
    return tensor[region.rows.start : region.rows.stop, region.cols.start : region.cols.stop]


def make_case(rng: Rng, example: Example, label: str, split: bool = False) -> Case:
    """The operator on a random region of its output."""
    graph, op = example.graph, example.op
    height, width, _ = graph.output_tensor(op).hwc
    tileable = is_tileable(graph, op) and not is_reduction(graph, op)
    region = random_region(rng, height, width) if tileable else whole_region(height, width)
    return make_region_case(rng, example, region, label, split)


def make_region_case(rng: Rng, example: Example, region: Region, label: str, split: bool = False) -> Case:
    """Inputs are cut to about what the region of the output needs and, if asked, split."""
    graph, op = example.graph, example.op
    out_shape = graph.output_tensor(op).hwc
    tileable = is_tileable(graph, op) and not is_reduction(graph, op)
    expected = reference.apply(graph, op, example.inputs).reshape(out_shape)
    blob = Blob()
    sources, pads = [], (0, 0)
    for position, (tensor, values) in enumerate(zip(graph.input_tensors(op), example.inputs)):
        height, width, _ = tensor.hwc
        part = whole_region(height, width)
        access = input_access(graph, op, position) if tileable else None
        if access is not None:
            part = access.needed(region, height, width)
            if has_pads(op):
                part = Region(grow(rng, part.rows, height), grow(rng, part.cols, width))
                pads = (
                    access.rows.pad + part.rows.start - region.rows.start * access.rows.stride,
                    access.cols.pad + part.cols.start - region.cols.start * access.cols.stride,
                )
        pixels = crop(values.reshape(tensor.hwc), part)
        sources.append(place_input(rng, blob, pixels, tensor.item_bytes, not tileable, split))
    item = graph.output_tensor(op).item_bytes
    target = place(
        rng, blob, region.rows.length, region.cols.length, out_shape[2] * item, item, dense=not tileable
    )
    add_calls(blob, example, sources, target.window, pads)
    return finish(label, blob, target, crop(expected, region))


def make_tiled_case(rng: Rng, example: Example, grid: tuple[int, int], label: str) -> Case:
    """A whole output, written tile by tile from windows of a whole input, last tile first."""
    graph, op = example.graph, example.op
    height, width, channels = graph.output_tensor(op).hwc
    expected = reference.apply(graph, op, example.inputs).reshape(height, width, channels)
    blob = Blob()
    (tensor,), (values,) = graph.input_tensors(op), example.inputs
    rows, cols, pixel = tensor.hwc
    source = place(rng, blob, rows, cols, pixel, 1, dense=False)
    source.put(blob.arrays[source.window.array], values.reshape(tensor.hwc))
    target = place(rng, blob, height, width, channels, 1, dense=False)
    access = input_access(graph, op, 0)
    assert access is not None
    tile = (-(-height // grid[0]), -(-width // grid[1]))
    for row in reversed(range(0, height, tile[0])):
        for col in range(0, width, tile[1]):
            region = Region(
                Interval(row, min(row + tile[0], height)), Interval(col, min(col + tile[1], width))
            )
            part = access.needed(region, rows, cols)
            pads = (
                access.rows.pad + part.rows.start - row * access.rows.stride,
                access.cols.pad + part.cols.start - col * access.cols.stride,
            )
            windows = (cut(source, part).window, cut(target, region).window)
            add_calls(blob, example, [windows[0]], windows[1], pads)
    return finish(label, blob, target, expected)


def cut(placed: Placed, region: Region) -> Placed:
    """The window of a region of a placed tensor."""
    whole = placed.window
    offset = whole.offset + region.rows.start * whole.row_stride + region.cols.start * placed.pixel_bytes
    return Placed(
        Window(whole.array, offset, region.rows.length, region.cols.length, whole.row_stride),
        placed.pixel_bytes,
    )


def finish(label: str, blob: Blob, target: Placed, expected: Array) -> Case:
    after = [array.copy() for array in blob.arrays]
    target.put(after[target.window.array], expected)
    return Case(label, blob.encode(), blob.encode(after))


def has_pads(op: ops.Operator) -> bool:
    """Whether the kernel is told where its input window lies relative to its output window."""
    return isinstance(op, ops.Conv2D | ops.DepthwiseConv2D | ops.AvgPool2D | ops.MaxPool2D | ops.Pad)


def add_calls(
    blob: Blob, example: Example, sources: list[Window], target: Window, pads: tuple[int, int]
) -> None:
    """The kernel calls of one operator; a concatenation is one call for each input."""
    graph, op = example.graph, example.op
    shapes = [t.hwc for t in graph.input_tensors(op)]
    out, source, channels = graph.output_tensor(op).hwc, sources[0], shapes[0][2]
    if example.choice is not None:
        beside = (source.rows * source.cols,) if isinstance(op, ops.Dense) else pads
        kernel_blob.packed(blob, example.choice, source, target, beside)
    elif isinstance(op, ops.Conv2D):
        kernel_blob.conv2d(blob, op, pads, source, target)
    elif isinstance(op, ops.DepthwiseConv2D):
        kernel_blob.depthwise(blob, op, pads, source, target)
    elif isinstance(op, ops.Dense):
        kernel_blob.dense(blob, op, source, target)
    elif isinstance(op, ops.Add):
        kernel_blob.add(blob, op, (shapes[0], shapes[1], out), (*sources, target))
    elif isinstance(op, ops.Mul):
        kernel_blob.mul(blob, op, (shapes[0], shapes[1], out), (*sources, target))
    elif isinstance(op, ops.AvgPool2D | ops.MaxPool2D):
        kernel_blob.pool(blob, op, channels, pads, source, target)
    elif isinstance(op, ops.Mean):
        kernel_blob.mean(blob, op, mean_extents(op, example.inputs[0].shape), source, target)
    elif isinstance(op, ops.Pad):
        kernel_blob.pad(blob, op, channels, pads, source, target)
    elif isinstance(op, ops.Concat):
        add_concat(blob, op, example, sources, target)
    elif isinstance(op, ops.ResizeNearest):
        kernel_blob.resize_nearest(blob, op, channels, source, target)
    elif isinstance(op, ops.ResizeBilinear):
        kernel_blob.resize_bilinear(blob, op, channels, source, target)
    elif isinstance(op, ops.Lut):
        kernel_blob.lut(blob, op, channels, source, target)
    elif isinstance(op, ops.Softmax):
        kernel_blob.softmax(blob, op, shapes[0][0] * shapes[0][1], channels, source, target)
    elif isinstance(op, ops.Transpose):
        kernel_blob.transpose(blob, op, example.inputs[0].shape, source, target)
    elif isinstance(op, ops.Reshape):
        kernel_blob.copy(blob, example.inputs[0].nbytes, source, target)
    elif isinstance(op, ops.Quantize):
        kernel_blob.quantize(blob, op, channels, source, target)
    elif isinstance(op, ops.Dequantize):
        kernel_blob.dequantize(blob, op, channels, source, target)
    else:
        raise TypeError(f"no kernel for {type(op).__name__}")


def mean_extents(op: ops.Mean, shape: tuple[int, ...]) -> Shape:
    """outer, count, inner: the sides before, in and after the axes."""
    first, last = op.axes[0], op.axes[-1] + 1
    parts = (shape[:first], shape[first:last], shape[last:])
    outer, count, inner = (int(np.prod(p, dtype=np.int64)) for p in parts)
    return outer, count, inner


def add_concat(blob: Blob, op: ops.Concat, example: Example, sources: list[Window], target: Window) -> None:
    out = example.graph.output_tensor(op).shape
    along_channels = op.axis == len(out) - 1
    offset = 0
    for i, (source, values) in enumerate(zip(sources, example.inputs)):
        table = op.tables[i] if len(op.tables) else None
        if along_channels:
            shape = (values.shape[-1], offset, out[-1])
            kernel_blob.copy_channels(blob, shape, table, source, target)
            offset += values.shape[-1]
        else:
            runs = int(np.prod(out[: op.axis], dtype=np.int64))
            run, step = values.size // runs, int(np.prod(out, dtype=np.int64)) // runs
            moved = Window(target.array, target.offset + offset, target.rows, target.cols, target.row_stride)
            kernel_blob.copy_runs(blob, (runs, run, step), table, source, moved)
            offset += run
