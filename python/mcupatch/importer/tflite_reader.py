"""Reads a .tflite file into plain frozen dataclasses, trusting nothing in it.

A FlatBuffer holds offsets: a damaged file points anywhere. Every vector is bounded by the file's size, and what all
vectors hold together by ``_READ_BUDGET_FACTOR``, so a small file cannot make a long loop or a large allocation.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass

import numpy as np
import tflite
from numpy.typing import NDArray

from mcupatch.errors import BadInput, UnsupportedModel
from mcupatch.importer.tflite_options import TfliteOptions, read_options

IDENTIFIER = b"TFL3"
MAX_TENSOR_BYTES = 256 << 20  # no microcontroller holds more; larger numbers come from damaged files
MAX_RANK = 8
_READ_BUDGET_FACTOR = 4  # writers may share vectors between tables, but not without limit
_ITEM_BYTES = {
    "int8": 1,
    "uint8": 1,
    "int16": 2,
    "int32": 4,
    "int64": 8,
    "float32": 4,
    "float16": 2,
    "bool": 1,
}
_DAMAGE = (struct.error, IndexError, ValueError, TypeError, OverflowError, AttributeError)


@dataclass(frozen=True, eq=False)
class TfliteQuantization:
    """``scales`` float32, one or one for each channel; ``zero_points`` int64, none, one or one for each channel."""

    scales: NDArray[np.float32]
    zero_points: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class TfliteTensor:
    """``dtype`` is a NumPy name where there is one, else the schema's. ``data`` is None for activations.

    ``signature`` is the shape with -1 for sides that are known only at run time.
    """

    number: int
    name: str
    shape: tuple[int, ...]
    signature: tuple[int, ...]
    dtype: str
    quantization: TfliteQuantization | None
    data: bytes | None

    def array(self) -> NDArray[np.generic]:
        """The constant's values, read-only. Raises ValueError for an element type without a NumPy name."""
        if self.data is None or self.dtype not in _ITEM_BYTES:
            raise ValueError(f"tensor {self.number} has no values to read")
        little = np.dtype(self.dtype).newbyteorder("<")
        return np.frombuffer(self.data, little).reshape(self.shape)


@dataclass(frozen=True)
class TfliteOperator:
    """``kind`` is the schema's name (``CONV_2D``); an absent optional input is -1."""

    index: int
    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: TfliteOptions


@dataclass(frozen=True)
class TfliteModel:
    """The only subgraph of a file."""

    tensors: tuple[TfliteTensor, ...]
    operators: tuple[TfliteOperator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


def bad_file(name: str, reason: str) -> BadInput:
    return BadInput(
        f"{name} is not a valid .tflite file: {reason}. Export it again, or fetch it again if it was downloaded."
    )


def read_tflite(data: bytes, name: str) -> TfliteModel:
    """Parse a file. Raises BadInput for a damaged one, UnsupportedModel for several subgraphs."""
    if not data:
        raise bad_file(name, "it is empty")
    if len(data) < 16 or data[4:8] != IDENTIFIER:
        raise bad_file(name, "it does not begin as one")
    try:
        return _Reader(data, name).read_model()
    except _DAMAGE as damage:
        raise bad_file(name, f"it is cut off or damaged ({damage})") from damage


class _Reader:
    def __init__(self, data: bytes, name: str) -> None:
        self._data = data
        self._name = name
        self._budget = _READ_BUDGET_FACTOR * len(data)

    def read_model(self) -> TfliteModel:
        model = tflite.Model.GetRootAs(self._data, 0)
        subgraphs = self._length(model.SubgraphsLength(), 4, "subgraphs")
        if subgraphs > 1:
            raise UnsupportedModel(
                f"{self._name} holds {subgraphs} subgraphs, as control flow (if, while) or several signatures do. "
                "mcupatch compiles one: export the model with a single signature and without control flow."
            )
        if subgraphs == 0:
            raise bad_file(self._name, "it holds no network")
        graph = model.Subgraphs(0)
        kinds = self._read_kinds(model)
        buffers = self._length(model.BuffersLength(), 4, "buffers")
        if buffers:
            model.Buffers(
                0
            ).DataLength()  # never used, but writers put it last: reading it shows a missing end
        tensor_count = self._length(graph.TensorsLength(), 4, "tensors")
        tensors = tuple(self._read_tensor(model, graph, i, buffers) for i in range(tensor_count))
        operators = self._length(graph.OperatorsLength(), 4, "operators")
        return TfliteModel(
            tensors,
            tuple(self._read_operator(graph, i, kinds, tensor_count) for i in range(operators)),
            self._tensor_numbers(graph, "Inputs", tensor_count),
            self._tensor_numbers(graph, "Outputs", tensor_count),
        )

    def _length(self, length: int, item_bytes: int, what: str) -> int:
        """Check a vector's length against the file's size and take it from the budget."""
        needed = length * item_bytes
        self._budget -= needed
        if needed > len(self._data) or self._budget < 0:
            raise bad_file(self._name, f"{length} {what} do not fit into its {len(self._data)} bytes")
        return length

    def _ints(self, table: object, field: str) -> tuple[int, ...]:
        """A vector of integers, of any width; empty when absent."""
        length = self._length(getattr(table, f"{field}Length")(), 4, field)
        read = getattr(table, field)
        return tuple(int(read(i)) for i in range(length))

    def _tensor_numbers(
        self, table: object, field: str, tensors: int, optional: bool = False
    ) -> tuple[int, ...]:
        numbers = self._ints(table, field)
        lowest = -1 if optional else 0
        if any(not lowest <= n < tensors for n in numbers):
            raise bad_file(self._name, f"{field.lower()} name a tensor that does not exist")
        return numbers

    def _read_kinds(self, model: tflite.Model) -> list[str]:
        count = self._length(model.OperatorCodesLength(), 4, "operator codes")
        return [_read_kind(model.OperatorCodes(i)) for i in range(count)]

    def _read_tensor(
        self, model: tflite.Model, graph: tflite.SubGraph, number: int, buffers: int
    ) -> TfliteTensor:
        table = graph.Tensors(number)
        raw_name = table.Name() or b""
        self._length(len(raw_name), 1, "characters of a name")
        shape = self._ints(table, "Shape")
        dtype = _TYPE_NAMES.get(table.Type(), f"type {table.Type()}")
        if table.Buffer() >= max(buffers, 1):
            raise bad_file(self._name, f"tensor {number} has no buffer")
        if len(shape) > MAX_RANK or any(side < 0 for side in shape):
            raise bad_file(self._name, f"tensor {number} has the shape {_shorten(shape)}")
        nbytes = math.prod(shape) * _ITEM_BYTES.get(dtype, 1)
        if nbytes > MAX_TENSOR_BYTES:
            raise bad_file(self._name, f"tensor {number} has the shape {_shorten(shape)}: over 256 MiB")
        data = self._read_buffer(model, table.Buffer()) if buffers else None
        if data is not None and dtype in _ITEM_BYTES and len(data) != nbytes:
            raise bad_file(self._name, f"tensor {number} of {nbytes} bytes has {len(data)} bytes of values")
        return TfliteTensor(
            number,
            raw_name.decode("utf-8", errors="replace"),
            shape,
            self._ints(table, "ShapeSignature") or shape,
            dtype if table.Sparsity() is None else f"sparse {dtype}",
            self._read_quantization(table.Quantization()),
            data,
        )

    def _read_buffer(self, model: tflite.Model, number: int) -> bytes | None:
        """A constant's bytes; None where there are none (buffer 0, or an empty one)."""
        if number == 0:
            return None
        buffer = model.Buffers(number)
        outside = int(buffer.Offset())
        if outside > 1:  # large files keep values behind the FlatBuffer
            end = outside + int(buffer.Size())
            if end > len(self._data):
                raise bad_file(self._name, f"buffer {number} ends behind the file")
            return self._data[outside:end]
        length = int(buffer.DataLength())
        if length > len(self._data):
            raise bad_file(self._name, f"buffer {number} is longer than the file")
        return bytes(memoryview(buffer.DataAsNumpy())) if length else None

    def _read_quantization(self, table: tflite.QuantizationParameters | None) -> TfliteQuantization | None:
        if table is None or table.ScaleLength() == 0:
            return None
        scales = self._length(table.ScaleLength(), 4, "scales")
        zeros = self._length(table.ZeroPointLength(), 8, "zero points")
        return TfliteQuantization(
            np.array([table.Scale(i) for i in range(scales)], np.float32),
            np.array([table.ZeroPoint(i) for i in range(zeros)], np.int64),
        )

    def _read_operator(
        self, graph: tflite.SubGraph, index: int, kinds: list[str], tensors: int
    ) -> TfliteOperator:
        table = graph.Operators(index)
        if table.OpcodeIndex() >= len(kinds):
            raise bad_file(self._name, f"operator {index} is of no known kind")
        kind = kinds[table.OpcodeIndex()]
        options = read_options(kind, table.BuiltinOptionsType(), table.BuiltinOptions())
        return TfliteOperator(
            index,
            kind,
            self._tensor_numbers(table, "Inputs", tensors, optional=True),
            self._tensor_numbers(table, "Outputs", tensors),
            options,
        )


def _names_of(enumeration: type) -> dict[int, str]:
    return {value: key for key, value in vars(enumeration).items() if isinstance(value, int)}


_KIND_NAMES = _names_of(tflite.BuiltinOperator)
_TYPE_NAMES = {number: name.lower() for number, name in _names_of(tflite.TensorType).items()}


def _read_kind(code: tflite.OperatorCode) -> str:
    """The operator's name; an old file has it in a field of one byte."""
    number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
    if number == tflite.BuiltinOperator.CUSTOM:
        custom = (code.CustomCode() or b"").decode("utf-8", errors="replace")
        return f"CUSTOM {custom}".strip()
    return _KIND_NAMES.get(number, f"operator code {number}")


def _shorten(shape: tuple[int, ...]) -> str:
    sides = [str(side) for side in shape[:MAX_RANK]]
    return f"[{', '.join(sides)}{', ...' if len(shape) > MAX_RANK else ''}]"
