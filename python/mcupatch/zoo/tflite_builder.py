"""Writes .tflite files with nothing but ``flatbuffers`` and the schema's accessors: no TensorFlow.

    builder = TfliteBuilder("example")
    x = builder.tensor("x", (1, 8, 8, 3), "int8", scale=0.02, zero_point=-3)
    y = builder.tensor("y", (1, 4, 4, 3), "int8", scale=0.02, zero_point=-3)
    builder.operator(BuiltinOperator.MAX_POOL_2D, [x], [y], pool_options((2, 2), (2, 2)))
    data = builder.finish([x], [y])

The same calls give the same bytes. Nothing is checked: tests write malformed models with it on purpose.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import flatbuffers
import numpy as np
import tflite
from numpy.typing import ArrayLike, NDArray

from mcupatch.zoo.tflite_options import OperatorOptions

_TYPES = {
    "int8": (tflite.TensorType.INT8, np.int8),
    "uint8": (tflite.TensorType.UINT8, np.uint8),
    "int16": (tflite.TensorType.INT16, np.int16),
    "int32": (tflite.TensorType.INT32, np.int32),
    "int64": (tflite.TensorType.INT64, np.int64),
    "float32": (tflite.TensorType.FLOAT32, np.float32),
}
_BUFFER_ALIGNMENT = 16  # force_align of Buffer.data in the schema
_LAST_OLD_CODE = 127  # operator codes are an int8 in the field that old readers use


@dataclass(frozen=True)
class _Quantization:
    scale: NDArray[np.float32]
    zero_point: NDArray[np.int64]
    axis: int


@dataclass(frozen=True)
class _Tensor:
    name: str
    shape: tuple[int, ...]
    signature: tuple[int, ...] | None
    dtype: str
    quantization: _Quantization | None
    buffer: int


@dataclass(frozen=True)
class _Operator:
    code: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: OperatorOptions | None


class TfliteBuilder:
    """Collects tensors and operators of one subgraph, then packs them."""

    def __init__(self, name: str = "main", description: str = "written by mcupatch") -> None:
        self._name = name
        self._description = description
        self._tensors: list[_Tensor] = []
        self._operators: list[_Operator] = []
        self._codes: list[tuple[int, int]] = []  # (builtin code, version)
        self._buffers: list[bytes] = [b""]  # buffer 0 means "no data"

    def tensor(
        self,
        name: str,
        shape: Sequence[int],
        dtype: str,
        scale: ArrayLike | None = None,
        zero_point: ArrayLike | None = None,
        axis: int = 0,
        data: ArrayLike | None = None,
        signature: Sequence[int] | None = None,
    ) -> int:
        """Add a tensor and return its number.

        ``scale`` (one value or one per channel of ``axis``) quantises it; ``zero_point`` is 0 where left out.
        ``data`` makes it a constant. ``signature`` is the shape with -1 for sides known only at run time.
        """
        buffer = 0
        if data is not None:
            array = np.ascontiguousarray(data, _TYPES[dtype][1])
            self._buffers.append(array.astype(array.dtype.newbyteorder("<")).tobytes())
            buffer = len(self._buffers) - 1
        quantization = None
        if scale is not None:
            scales = np.atleast_1d(np.asarray(scale, np.float32))
            zeros = np.atleast_1d(np.asarray(0 if zero_point is None else zero_point, np.int64))
            quantization = _Quantization(scales, np.broadcast_to(zeros, scales.shape).copy(), axis)
        self._tensors.append(
            _Tensor(
                name,
                tuple(int(n) for n in shape),
                None if signature is None else tuple(signature),
                dtype,
                quantization,
                buffer,
            )
        )
        return len(self._tensors) - 1

    def operator(
        self,
        builtin_code: int,
        inputs: Sequence[int],
        outputs: Sequence[int],
        options: OperatorOptions | None = None,
        version: int = 1,
    ) -> None:
        """Append an operator; ``builtin_code`` is a ``tflite.BuiltinOperator``, an input of -1 is absent."""
        code = (int(builtin_code), version)
        if code not in self._codes:
            self._codes.append(code)
        self._operators.append(_Operator(self._codes.index(code), tuple(inputs), tuple(outputs), options))

    def finish(self, inputs: Sequence[int], outputs: Sequence[int]) -> bytes:
        """The file. The builder may be used further and finished again."""
        packer = flatbuffers.Builder(sum(len(b) + 64 for b in self._buffers) + 1024)
        buffers = _offsets(packer, [_pack_buffer(packer, data) for data in self._buffers])
        codes = _offsets(packer, [_pack_code(packer, *code) for code in self._codes])
        subgraph = self._pack_subgraph(packer, inputs, outputs)
        subgraphs = _offsets(packer, [subgraph])
        description = packer.CreateString(self._description)
        tflite.ModelStart(packer)
        tflite.ModelAddVersion(packer, 3)
        tflite.ModelAddOperatorCodes(packer, codes)
        tflite.ModelAddSubgraphs(packer, subgraphs)
        tflite.ModelAddDescription(packer, description)
        tflite.ModelAddBuffers(packer, buffers)
        packer.Finish(tflite.ModelEnd(packer), b"TFL3")
        return bytes(packer.Output())

    def _pack_subgraph(
        self, packer: flatbuffers.Builder, inputs: Sequence[int], outputs: Sequence[int]
    ) -> int:
        tensors = _offsets(packer, [_pack_tensor(packer, t) for t in self._tensors])
        operators = _offsets(packer, [_pack_operator(packer, o) for o in self._operators])
        input_numbers, output_numbers = _int32s(packer, inputs), _int32s(packer, outputs)
        name = packer.CreateString(self._name)
        tflite.SubGraphStart(packer)
        tflite.SubGraphAddTensors(packer, tensors)
        tflite.SubGraphAddInputs(packer, input_numbers)
        tflite.SubGraphAddOutputs(packer, output_numbers)
        tflite.SubGraphAddOperators(packer, operators)
        tflite.SubGraphAddName(packer, name)
        return int(tflite.SubGraphEnd(packer))


def _offsets(packer: flatbuffers.Builder, offsets: Sequence[int]) -> int:
    packer.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        packer.PrependUOffsetTRelative(offset)
    return int(packer.EndVector())


def _int32s(packer: flatbuffers.Builder, values: Sequence[int]) -> int:
    return int(packer.CreateNumpyVector(np.asarray(values, np.int32)))


def _pack_buffer(packer: flatbuffers.Builder, data: bytes) -> int:
    vector = 0
    if data:
        packer.Prep(_BUFFER_ALIGNMENT, len(data))
        vector = packer.CreateByteVector(data)
    tflite.BufferStart(packer)
    if data:
        tflite.BufferAddData(packer, vector)
    return int(tflite.BufferEnd(packer))


def _pack_code(packer: flatbuffers.Builder, code: int, version: int) -> int:
    tflite.OperatorCodeStart(packer)
    tflite.OperatorCodeAddDeprecatedBuiltinCode(packer, min(code, _LAST_OLD_CODE))
    tflite.OperatorCodeAddVersion(packer, version)
    tflite.OperatorCodeAddBuiltinCode(packer, code)
    return int(tflite.OperatorCodeEnd(packer))


def _pack_quantization(packer: flatbuffers.Builder, quantization: _Quantization) -> int:
    scale = packer.CreateNumpyVector(quantization.scale)
    zero_point = packer.CreateNumpyVector(quantization.zero_point)
    tflite.QuantizationParametersStart(packer)
    tflite.QuantizationParametersAddScale(packer, scale)
    tflite.QuantizationParametersAddZeroPoint(packer, zero_point)
    tflite.QuantizationParametersAddQuantizedDimension(packer, quantization.axis)
    return int(tflite.QuantizationParametersEnd(packer))


def _pack_tensor(packer: flatbuffers.Builder, tensor: _Tensor) -> int:
    name = packer.CreateString(tensor.name)
    shape = _int32s(packer, tensor.shape)
    signature = None if tensor.signature is None else _int32s(packer, tensor.signature)
    quantization = None if tensor.quantization is None else _pack_quantization(packer, tensor.quantization)
    tflite.TensorStart(packer)
    tflite.TensorAddShape(packer, shape)
    tflite.TensorAddType(packer, _TYPES[tensor.dtype][0])
    tflite.TensorAddBuffer(packer, tensor.buffer)
    tflite.TensorAddName(packer, name)
    if quantization is not None:
        tflite.TensorAddQuantization(packer, quantization)
    if signature is not None:
        tflite.TensorAddShapeSignature(packer, signature)
    return int(tflite.TensorEnd(packer))


def _pack_options(packer: flatbuffers.Builder, options: OperatorOptions) -> int:
    values = [(name, _int32s(packer, v) if isinstance(v, tuple) else v) for name, v in options.fields]
    getattr(tflite, f"{options.table}Start")(packer)
    for name, value in values:
        getattr(tflite, f"{options.table}Add{name}")(packer, value)
    return int(getattr(tflite, f"{options.table}End")(packer))


def _pack_operator(packer: flatbuffers.Builder, operator: _Operator) -> int:
    inputs, outputs = _int32s(packer, operator.inputs), _int32s(packer, operator.outputs)
    options = None if operator.options is None else _pack_options(packer, operator.options)
    tflite.OperatorStart(packer)
    tflite.OperatorAddOpcodeIndex(packer, operator.code)
    tflite.OperatorAddInputs(packer, inputs)
    tflite.OperatorAddOutputs(packer, outputs)
    if operator.options is not None:
        tflite.OperatorAddBuiltinOptionsType(packer, operator.options.union_type)
        tflite.OperatorAddBuiltinOptions(packer, options)
    return int(tflite.OperatorEnd(packer))
