"""The row decoders of ``src/runtime/rows``, built for this computer: what the chip makes of a picture, byte for byte."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mcupatch.emit.csources import CSources
from mcupatch.errors import BadInput
from mcupatch.ir.graph import Graph
from mcupatch.ir.tensor import Tensor
from mcupatch.native import load_library
from mcupatch.row_formats import JPEG, RAW, RowSource, explain_jpeg_status
from mcupatch.target.board import Board

_SIGNED_ZERO = 128  # what an int8 value is less than the byte of its pixel


class _RowShape(ctypes.Structure):
    """``mcup_row_shape``."""

    _fields_ = [(name, ctypes.c_int32) for name in ("rows", "columns", "channels", "zero")]


def find_row_sources(
    graph: Graph, streamed: Sequence[str], row_format: str, jpeg_bytes: int | None = None
) -> dict[str, RowSource]:
    """What the firmware makes the rows of each streamed input of. Raises BadInput for one that is no picture."""
    if row_format == RAW:
        return {}
    sources = {}
    for name in streamed:
        tensor = graph.tensors[name]
        if tensor.hwc[2] not in (1, 3) or tensor.dtype not in ("int8", "uint8"):
            raise BadInput(
                f"Rows in the format {row_format} make bytes of 1 or 3 channels, and input '{name}' is "
                f"{tensor.dtype}{list(tensor.shape)}."
            )
        columns = tensor.hwc[1]
        sources[name] = jpeg_source(columns, jpeg_bytes) if row_format == JPEG else RowSource(row_format)
    return sources


def decode_inputs(sources: CSources, sent: Mapping[str, NDArray[np.generic]]) -> list[NDArray[np.generic]]:
    """What the network of ``sources`` reads of each input where ``sent`` is given: as ``decode_input``."""
    return [decode_input(port.tensor, port.source, sent[port.tensor.name]) for port in sources.inputs]


def decode_input(tensor: Tensor, source: RowSource, sent: NDArray[np.generic]) -> NDArray[np.generic]:
    """What the network reads of the input ``tensor`` where the bytes ``sent`` are given; raw values are themselves.

    Raises BadInput for a picture that cannot be decoded.
    """
    if source.is_raw:
        return sent
    try:
        return decode_picture(source, sent.tobytes(), tensor.hwc, tensor.dtype)
    except BadInput as error:
        raise BadInput(f"The picture for input '{tensor.name}' cannot be decoded: {error}.") from error


def jpeg_source(columns: int, held_bytes: int | None = None) -> RowSource:
    """A JPEG decoder for rows of so many pixels; by itself it holds what decodes every block once.

    Raises BadInput where ``held_bytes`` do not hold a row.
    """
    library = load_library()
    least = _size(library.mcup_jpeg_least_bytes, columns)
    if held_bytes is None:
        held_bytes = _size(library.mcup_jpeg_held_bytes, columns)
    if held_bytes < least:
        raise BadInput(
            f"The JPEG decoder must hold a row of {columns} pixels: give it at least {least} bytes, not {held_bytes}."
        )
    return RowSource(JPEG, held_bytes)


def decoder_bytes(source: RowSource) -> int:
    """Bytes of RAM that a decoder takes beside the arena; a chip's pointers are smaller than those counted here."""
    return _size(load_library().mcup_jpeg_state_bytes) + source.held_bytes if source.is_jpeg else 0


def reserve_decoders(board: Board, rows: Iterable[RowSource]) -> Board:
    """``board`` with what the decoders of ``rows`` take of its main RAM kept from the arena."""
    return replace(board, statics_bytes=board.statics_bytes + sum(map(decoder_bytes, rows)))


def decode_picture(
    source: RowSource, data: bytes, hwc: tuple[int, int, int], dtype: str
) -> NDArray[np.generic]:
    """The values [1, H, W, C] that a network gets of ``data``: a JPEG file, or the bytes of a camera.

    ``dtype`` is int8 (the pixel minus 128) or uint8. Raises BadInput where the data are no such picture.
    """
    rows, columns, channels = hwc
    shape = _RowShape(rows, columns, channels, _SIGNED_ZERO if dtype == "int8" else 0)
    values = np.zeros((1, rows, columns, channels), np.uint8)
    if source.is_jpeg:
        _decode_jpeg(source, data, shape, values)
    else:
        _convert_camera(source, data, shape, values)
    return values.view(dtype)


def jpeg_size(data: bytes) -> tuple[int, int]:
    """Height and width of a JPEG file that can be decoded. Raises BadInput for any other."""
    height, width = ctypes.c_int32(), ctypes.c_int32()
    status = load_library().mcup_jpeg_size(
        data, ctypes.c_size_t(len(data)), ctypes.byref(height), ctypes.byref(width)
    )
    _check(status)
    return height.value, width.value


def _decode_jpeg(source: RowSource, data: bytes, shape: _RowShape, values: NDArray[np.uint8]) -> None:
    height, width = jpeg_size(data)
    if (height, width) != (shape.rows, shape.columns):
        raise BadInput(
            f"it is {width}x{height} pixels, the input {shape.columns}x{shape.rows}; resize the file"
        )
    library = load_library()
    state = ctypes.create_string_buffer(_size(library.mcup_jpeg_state_bytes))
    held = ctypes.create_string_buffer(source.held_bytes)
    status = library.mcup_jpeg_open(
        state,
        data,
        ctypes.c_size_t(len(data)),
        ctypes.byref(shape),
        held,
        ctypes.c_size_t(source.held_bytes),
    )
    _check(status)
    for row in range(shape.rows):
        _check(library.mcup_jpeg_read_uint8(state, row, ctypes.c_void_p(values[0, row].ctypes.data)))


def _convert_camera(source: RowSource, data: bytes, shape: _RowShape, values: NDArray[np.uint8]) -> None:
    row_bytes = source.camera_row_bytes(shape.columns)
    if len(data) != shape.rows * row_bytes:
        raise BadInput(
            f"a {source.format} picture of {shape.columns}x{shape.rows} pixels has {shape.rows * row_bytes} bytes, "
            f"not {len(data)}"
        )
    function = getattr(load_library(), source.row_function)
    function.restype = None
    for row in range(shape.rows):
        sent = data[row * row_bytes : (row + 1) * row_bytes]
        function(sent, ctypes.byref(shape), ctypes.c_void_p(values[0, row].ctypes.data))


def _size(function: ctypes._NamedFuncPointer, *arguments: int) -> int:
    function.restype = ctypes.c_size_t
    return int(function(*arguments))


def _check(status: int) -> None:
    if status != 0:
        raise BadInput(explain_jpeg_status(status) or f"the decoder returned {status}")
