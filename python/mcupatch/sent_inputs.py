"""Inputs of a run as they reach the chip: values in the arena, values by rows, bytes of a camera, a JPEG file."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from mcupatch.camera_pixels import encode_camera
from mcupatch.emit.csources import Port
from mcupatch.errors import BadInput, ToolMissing
from mcupatch.files import read_user_file
from mcupatch.ir.graph import Graph
from mcupatch.ir.tensor import Tensor
from mcupatch.model_inputs import (
    PICTURE_SUFFIXES,
    Array,
    fit_value,
    load_named_inputs,
    load_pixels,
    random_inputs,
    read_input,
    read_inputs,
)
from mcupatch.pipeline import BuiltModel
from mcupatch.row_formats import RowSource

_JPEG_SUFFIXES = (".jpg", ".jpeg")


def read_sent_inputs(built: BuiltModel, files: list[Path]) -> dict[str, Array]:
    """As ``read_inputs``; of an input with a format of its own the bytes, 1-D.

    A JPEG input takes a ``.jpg`` file as it is, one of camera pixels a ``.bin`` file of them or any picture. Raises
    BadInput if a file does not fit.
    """
    ports = built.sources.inputs
    if not built.sources.has_row_formats:
        return read_inputs(built.graph, files)
    if len(files) != len(ports):
        names = ", ".join(port.tensor.name for port in ports)
        raise BadInput(f"the model's inputs are {names}: give {len(ports)} files, not {len(files)}")
    return {
        port.tensor.name: read_input(built.graph, path, port.tensor)
        if port.source.is_raw
        else _read_sent(port, path)
        for port, path in zip(ports, files)
    }


def read_named_sent_inputs(built: BuiltModel, path: Path) -> dict[str, Array]:
    """As ``read_named_inputs``; the array of an input with a format of its own holds the bytes."""
    found = load_named_inputs(built.graph, path)
    ports = [port for port in built.sources.inputs if port.tensor.name in found]
    return {
        port.tensor.name: fit_value(found[port.tensor.name], port.tensor, str(path))
        if port.source.is_raw
        else _fit_sent(port, found[port.tensor.name])
        for port in ports
    }


def _fit_sent(port: Port, value: Array) -> Array:
    if value.ndim != 1 or value.dtype != np.uint8:
        raise BadInput(
            f"input {port.tensor.name!r} takes its bytes as {port.source.format}, uint8 in one dimension, not "
            f"{value.dtype.name}{list(value.shape)}"
        )
    return value


def random_sent_inputs(built: BuiltModel, seed: int = 0) -> dict[str, Array]:
    """As ``random_row_inputs`` for the formats that ``built`` was compiled with."""
    ports = built.sources.inputs
    rows = {port.tensor.name: port.source for port in ports if not port.source.is_raw}
    return random_row_inputs(built.graph, rows, seed)


def random_row_inputs(graph: Graph, rows: Mapping[str, RowSource], seed: int = 0) -> dict[str, Array]:
    """As ``random_inputs``; an input of ``rows`` gets a random picture in its format."""
    pictures = {name: _random_picture(graph.tensors[name], source, seed) for name, source in rows.items()}
    return {**random_inputs(graph, seed), **pictures}


def _read_sent(port: Port, path: Path) -> Array:
    suffix = path.suffix.lower()
    if port.source.is_jpeg:
        if suffix not in _JPEG_SUFFIXES:
            raise BadInput(f"input {port.tensor.name!r} takes a .jpg file as it is, not {str(path)!r}")
        return np.frombuffer(read_user_file(path, "the picture"), np.uint8)
    if suffix == ".bin":
        return np.frombuffer(read_user_file(path, "the input"), np.uint8)
    if suffix in PICTURE_SUFFIXES:
        height, width, _ = port.tensor.hwc
        return encode_camera(port.source, load_pixels(path, height, width, 3)[0])
    raise BadInput(
        f"{str(path)!r}: an input in the format {port.source.format} is a .bin, .png, .jpg or .bmp file"
    )


def _random_picture(tensor: Tensor, source: RowSource, seed: int) -> Array:
    height, width, _ = tensor.hwc
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    if not source.is_jpeg:
        return encode_camera(source, pixels)
    try:
        from PIL import Image
    except ImportError as error:
        raise ToolMissing(
            "a random JPEG needs the package 'pillow'; install it, or give a .jpg file"
        ) from error
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=90)
    return np.frombuffer(file.getvalue(), np.uint8)
