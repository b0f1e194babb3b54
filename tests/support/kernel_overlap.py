"""Cases in which a kernel writes its output over its own input, as far as the order contract allows."""

from __future__ import annotations

import numpy as np

from mcupatch.ir import ops, reference
from mcupatch.ir.access import input_access
from tests.support.kernel_blob import Blob, Window
from tests.support.kernel_cases import Case, Placed, add_calls, finish
from tests.support.kernel_examples import Example, Rng


def dense_window(array: int, offset: int, shape: tuple[int, int, int], item: int) -> Placed:
    rows, cols, channels = shape
    return Placed(Window(array, offset, rows, cols, cols * channels * item), channels * item)


def row_distance(example: Example) -> int:
    """How far below its input a row-granular operator's output must start: exactly, one byte less breaks."""
    graph, op = example.graph, example.op
    height, width, channels = graph.input_tensors(op)[0].hwc
    out_height, out_width, out_channels = graph.output_tensor(op).hwc
    distance = 0
    for row in range(out_height):
        first = min(first_row_read(example, later) for later in range(row, out_height))
        first = min(max(first, 0), height)
        distance = max(distance, (row + 1) * out_width * out_channels - first * width * channels)
    return distance


def first_row_read(example: Example, row: int) -> int:
    """The first input row that output row ``row`` reads; it may lie outside."""
    if isinstance(example.op, (ops.ResizeNearest, ops.ResizeBilinear)):
        return int(np.min(example.op.row_index[row]))
    access = input_access(example.graph, example.op, 0)
    assert access is not None
    return row * access.rows.stride - access.rows.pad


def row_case(rng: Rng, example: Example, label: str) -> Case:
    """The output trails its input by ``row_distance`` in one array."""
    graph, op = example.graph, example.op
    access = input_access(graph, op, 0)
    pads = (access.rows.pad, access.cols.pad) if access else (0, 0)
    distance, source_shape = row_distance(example), graph.input_tensors(op)[0].hwc
    target_shape = graph.output_tensor(op).hwc
    blob = Blob()
    size = max(distance + example.inputs[0].size, int(np.prod(target_shape)))
    array = blob.add_array(rng.integers(0, 256, size, dtype=np.uint8))
    source = dense_window(array, distance, source_shape, 1)
    source.put(blob.arrays[array], example.inputs[0].reshape(source_shape))
    target = dense_window(array, 0, target_shape, 1)
    add_calls(blob, example, [source.window], target.window, pads)
    expected = reference.apply(graph, op, example.inputs).reshape(target_shape)
    return finish(label, blob, target, expected)


def element_case(rng: Rng, example: Example, over: int, label: str) -> Case:
    """The output shares the bytes of input number ``over``: their starts, or their ends for Dequantize.

    An input of the same name is the same bytes.
    """
    graph, op = example.graph, example.op
    target_tensor = graph.output_tensor(op)
    shape, item = target_tensor.hwc, target_tensor.item_bytes
    blob = Blob()
    shared = max(target_tensor.nbytes, example.inputs[over].nbytes)
    array = blob.add_array(rng.integers(0, 256, shared, dtype=np.uint8))
    sources = []
    for position, (tensor, values) in enumerate(zip(graph.input_tensors(op), example.inputs)):
        home, offset = array, 0
        if op.inputs[position] != op.inputs[over]:
            home = blob.add_array(rng.integers(0, 256, tensor.nbytes, dtype=np.uint8))
        elif isinstance(op, ops.Dequantize):
            offset = shared - tensor.nbytes
        source = dense_window(home, offset, tensor.hwc, tensor.item_bytes)
        source.put(blob.arrays[home], values.reshape(tensor.hwc))
        sources.append(source.window)
    target = dense_window(array, 0, shape, item)
    add_calls(blob, example, sources, target.window, (0, 0))
    return finish(label, blob, target, reference.apply(graph, op, example.inputs).reshape(shape))
