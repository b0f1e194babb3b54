"""Input values for a run: from a file, from a picture, or random."""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcupatch.errors import BadInput, ToolMissing
from mcupatch.files import read_user_file
from mcupatch.ir.graph import Graph
from mcupatch.ir.ops import Quantize
from mcupatch.ir.quant import QuantParams
from mcupatch.ir.tensor import Tensor

Array = NDArray[np.generic]
# a header that lies about its array asks for more memory than there is
_NUMPY_DAMAGE = (
    *(OSError, ValueError, TypeError, EOFError, SyntaxError, TokenError),
    *(MemoryError, zipfile.BadZipFile, zlib.error),
)
_NUMPY_STARTS = (b"\x93NUMPY", b"PK")  # else numpy takes it for a pickle
PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp")


def random_inputs(graph: Graph, seed: int = 0) -> dict[str, Array]:
    """A value for every input of ``graph``: uniform over all stored values, the same for the same seed.

    A float input gets reals spread over the range that its Quantize operators can hold (or [-1, 1]).
    """
    random = np.random.default_rng(seed)
    values: dict[str, Array] = {}
    for name in graph.inputs:
        tensor = graph.tensors[name]
        if tensor.dtype == "float32":
            quant = float_input_quant(graph, name) or QuantParams(1 / 128, 0)
            low, high = (quant.scale * (q - quant.zero_point) for q in (-128, 127))
            values[name] = random.uniform(low, high, tensor.shape).astype(np.float32)
        else:
            info = np.iinfo(np.dtype(tensor.dtype))
            low, high = (info.min, info.max) if tensor.item_bytes == 1 else (-1000, 1000)
            values[name] = random.integers(low, high, tensor.shape, np.dtype(tensor.dtype), endpoint=True)
    return values


def constant_inputs(graph: Graph, stored: int) -> dict[str, Array]:
    """For every input of ``graph`` an array full of one stored value."""
    tensors = (graph.tensors[name] for name in graph.inputs)
    return {t.name: np.full(t.shape, stored, np.dtype(t.dtype)) for t in tensors}


def read_inputs(graph: Graph, files: list[Path]) -> dict[str, Array]:
    """Values for the inputs of ``graph`` from files.

    One file an input, in the model's order: ``.npy``, a picture, or ``.bin`` with the raw bytes. A single
    ``.npz`` holds all of them by name, and a single ``.bin`` may hold all of them one after the other.
    Raises BadInput if a file does not fit.
    """
    tensors = [graph.tensors[name] for name in graph.inputs]
    if len(files) == 1 and files[0].suffix.lower() == ".npz":
        return _take_all(_load_named(files[0]), tensors, str(files[0]))
    if len(files) == 1 and len(tensors) > 1 and files[0].suffix.lower() == ".bin":
        return _split_raw(files[0], tensors)
    if len(files) != len(tensors):
        names = ", ".join(t.name for t in tensors)
        raise BadInput(f"the model's inputs are {names}: give {len(tensors)} files, not {len(files)}")
    return {tensor.name: read_input(graph, path, tensor) for path, tensor in zip(files, tensors)}


def float_input_quant(graph: Graph, name: str) -> QuantParams | None:
    """How the model quantises its float input ``name``, or None if it does not do so right away."""
    for index in graph.consumers[name]:
        op = graph.ops[index]
        if isinstance(op, Quantize):
            return QuantParams(op.scale, op.zero_point)
    return None


def picture_values(graph: Graph, tensor: Tensor, path: Path) -> Array:
    """A picture, resized to the input's height and width, as values of the input ``tensor``.

    A channel value p of 0..255 is stored as p - 128 (int8) or p (uint8); a float input gets the real number that
    the stored p - 128 stands for. This is what every image model does whose quantisation spans its pixels' range.
    """
    height, width, channels = tensor.hwc
    if len(tensor.shape) != 4 or channels not in (1, 3):
        onnx_order = len(tensor.shape) == 4 and tensor.shape[1] in (1, 3)
        way_out = ", or compile with --io int8, whose input is [1, H, W, C]" if onnx_order else ""
        raise BadInput(
            f"input {tensor.name!r} of shape {list(tensor.shape)} takes no picture; give a .npy or .bin file{way_out}"
        )
    pixels = load_pixels(path, height, width, channels)
    if tensor.dtype == "uint8":
        return pixels
    stored = pixels.astype(np.int16) - 128
    if tensor.dtype == "int8":
        return stored.astype(np.int8)
    quant = float_input_quant(graph, tensor.name)
    if tensor.dtype != "float32" or quant is None:
        raise BadInput(f"the range of input {tensor.name!r} ({tensor.dtype}) is not known; give a .npy file")
    return (stored - quant.zero_point).astype(np.float32) * np.float32(quant.scale)


def load_pixels(path: Path, height: int, width: int, channels: int) -> NDArray[np.uint8]:
    """A picture as RGB, or grey for one channel: [1, height, width, channels].

    Resized bilinearly, without keeping its proportions. Raises BadInput, ToolMissing.
    """
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError as error:
        raise ToolMissing(
            "reading a picture needs the package 'pillow'; install it, or give a .npy file"
        ) from error
    data = read_user_file(path, "the picture")
    try:
        with Image.open(io.BytesIO(data)) as picture:
            small = picture.convert("RGB" if channels == 3 else "L").resize(
                (width, height), Image.Resampling.BILINEAR
            )
    except (OSError, UnidentifiedImageError, ValueError, Image.DecompressionBombError) as error:
        reason = "it is no picture" if isinstance(error, UnidentifiedImageError) else error
        raise BadInput(f"cannot read the picture {str(path)!r}: {reason}") from error
    return np.asarray(small, np.uint8).reshape(1, height, width, channels)


def read_input(graph: Graph, path: Path, tensor: Tensor) -> Array:
    """The value of one input of ``graph`` from one file. Raises BadInput if it does not fit."""
    suffix = path.suffix.lower()
    if suffix in PICTURE_SUFFIXES:
        return picture_values(graph, tensor, path)
    if suffix == ".npy":
        return fit_value(_load_numpy(path), tensor, str(path))
    if suffix == ".bin":
        return _split_raw(path, [tensor])[tensor.name]
    raise BadInput(f"{str(path)!r}: an input is a .npy, .npz, .bin, .png, .jpg or .bmp file")


def fit_value(value: Array, tensor: Tensor, shown: str) -> Array:
    """``value`` in the shape of ``tensor``; a missing batch side is added. Raises BadInput if it does not fit."""
    if value.dtype != np.dtype(tensor.dtype):
        raise BadInput(f"{shown}: input {tensor.name!r} takes {tensor.dtype}, not {value.dtype}")
    if tuple(value.shape) not in (tensor.shape, tensor.shape[1:]):
        raise BadInput(
            f"{shown}: input {tensor.name!r} has shape {list(tensor.shape)}, not {list(value.shape)}"
        )
    return np.ascontiguousarray(value.reshape(tensor.shape))


def _load(path: Path) -> Any:
    """An array, or an archive of them that is read item by item."""
    data = read_user_file(path, "the input")
    if not data.startswith(_NUMPY_STARTS):
        raise BadInput(f"cannot read {str(path)!r}: it is no .npy or .npz file of numpy")
    try:
        return np.load(io.BytesIO(data), allow_pickle=False)
    except _NUMPY_DAMAGE as error:
        raise BadInput(f"cannot read {str(path)!r}: {error}") from error


def _load_numpy(path: Path) -> Array:
    value = _load(path)
    if not isinstance(value, np.ndarray):
        raise BadInput(f"{str(path)!r} holds several arrays; name it .npz")
    return value


def read_named_inputs(graph: Graph, path: Path) -> dict[str, Array]:
    """Some or all inputs of ``graph``, from a ``.npz`` file that holds nothing else. Raises BadInput."""
    found = load_named_inputs(graph, path)
    return {name: fit_value(value, graph.tensors[name], str(path)) for name, value in found.items()}


def load_named_inputs(graph: Graph, path: Path) -> dict[str, Array]:
    """The arrays of a ``.npz`` file, whatever their shapes. Raises BadInput for one that is no input of ``graph``."""
    found = _load_named(path)
    if unknown := sorted(set(found) - set(graph.inputs)):
        names = ", ".join(map(repr, graph.inputs))
        raise BadInput(f"{str(path)!r} holds {unknown[0]!r}, but the model's inputs are {names}")
    return found


def _load_named(path: Path) -> dict[str, Array]:
    """All arrays of a ``.npz`` file."""
    try:
        archive = _load(path)
        if not isinstance(archive, np.lib.npyio.NpzFile):
            raise BadInput(f"{str(path)!r} holds one array without a name; name it .npy")
        return {name: np.asarray(archive[name]) for name in archive.files}
    except _NUMPY_DAMAGE as error:
        raise BadInput(f"cannot read {str(path)!r}: {error}") from error


def _take_all(found: dict[str, Array], tensors: list[Tensor], shown: str) -> dict[str, Array]:
    missing = [t.name for t in tensors if t.name not in found]
    if missing:
        raise BadInput(
            f"{shown!r} lacks the inputs {', '.join(map(repr, missing))}; it holds {sorted(found)}"
        )
    return {t.name: fit_value(found[t.name], t, shown) for t in tensors}


def _split_raw(path: Path, tensors: list[Tensor]) -> dict[str, Array]:
    data = read_user_file(path, "the input")
    expected = sum(t.nbytes for t in tensors)
    if len(data) != expected:
        raise BadInput(f"{str(path)!r} holds {len(data)} bytes, but the input takes {expected}")
    values: dict[str, Array] = {}
    start = 0
    for t in tensors:
        flat = np.frombuffer(data, np.dtype(t.dtype), t.elements, start)
        values[t.name] = flat.reshape(t.shape).copy()
        start += t.nbytes
    return values
