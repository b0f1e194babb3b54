"""Collects the graph while a model is read: unique names, tensors, and the layout each operator wants."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcupatch.importer.onnx_converters.values import Quantized, Shape, Storage
from mcupatch.importer.unique_names import UniqueNames
from mcupatch.ir import ops
from mcupatch.ir.graph import Graph
from mcupatch.ir.quant import QuantParams
from mcupatch.ir.tensor import Tensor

TO_SPATIAL = (0, 2, 3, 1)  # [1, C, H, W] to [1, H, W, C]
TO_PLAIN = (0, 3, 1, 2)


class GraphBuilder:
    """``ops``, ``tensors`` and ``constants`` grow as operators are added; ``finish`` freezes them."""

    def __init__(self) -> None:
        self.ops: list[ops.Operator] = []
        self.tensors: dict[str, Tensor] = {}
        self.constants: dict[str, NDArray[np.generic]] = {}
        self.shifted_inputs: dict[str, str] = {}  # the int8 form of a uint8 model input, to that input
        self._tensor_names = UniqueNames()
        self._op_names = UniqueNames()

    def add_tensor(
        self, name: str, shape: Shape, dtype: str = "int8", quant: QuantParams | None = None
    ) -> str:
        """A tensor under ``name``, or a variation of it if that is taken; returns its name."""
        unique = self._tensor_names.take(name, "tensor")
        self.tensors[unique] = Tensor(unique, shape, dtype, quant)
        return unique

    def add_constant(self, name: str, values: NDArray[np.int8], quant: QuantParams) -> str:
        unique = self.add_tensor(name, values.shape, "int8", quant)
        self.constants[unique] = values
        return unique

    def describe_input(self, name: str, quant: QuantParams) -> None:
        """Note the scale of a model input of integers, which the first DequantizeLinear to read it tells."""
        if self.tensors[name].quant is not None:
            return
        self.tensors[name] = replace(self.tensors[name], quant=quant)
        if name in self.shifted_inputs:
            outer = self.shifted_inputs[name]
            shifted = QuantParams(quant.scale, quant.zero_point + 128)
            self.tensors[outer] = replace(self.tensors[outer], quant=shifted)

    def emit(
        self, operator: type[ops.Operator], name: str, inputs: tuple[str, ...], output: str, **fields: Any
    ) -> str:
        """Append an operator; ``output`` is a tensor made by ``add_tensor``. Returns ``output``."""
        self.ops.append(operator(self._op_names.take(name, operator.kind), inputs, output, **fields))
        return output

    def spatial(self, value: Quantized) -> str:
        """The tensor ``[1, H, W, C]`` of a value of ONNX shape ``[1, C, H, W]``, transposed if it is not there yet."""
        storage = value.storage
        if storage.spatial is not None and storage.spatial_shape == value.shape:
            return storage.spatial
        plain = self.plain(value)
        spatial = self._move(plain, TO_SPATIAL, value.quant)
        if storage.spatial is None:
            storage.spatial, storage.spatial_shape = spatial, value.shape
        return spatial

    def plain(self, value: Quantized) -> str:
        """The tensor of ``value``'s own shape, elements in ONNX's order."""
        name = self.plain_bytes(value)
        tensor = self.tensors[name]
        if tensor.shape == value.shape:
            return name
        output = self.add_tensor(f"{name}_reshaped", value.shape, tensor.dtype, value.quant)
        return self.emit(ops.Reshape, f"reshape_{output}", (name,), output)

    def plain_bytes(self, value: Quantized) -> str:
        """A tensor with ``value``'s elements in ONNX's order, whatever its shape."""
        storage = value.storage
        if storage.plain is None:
            assert storage.spatial is not None
            _, channels, height, width = storage.spatial_shape
            if channels == 1 or height * width == 1:
                return storage.spatial  # the orders are one
            storage.plain = self._move(storage.spatial, TO_PLAIN, value.quant)
        return storage.plain

    def has_spatial(self, value: Quantized) -> bool:
        """Whether ``value`` is held as ``[1, H, W, C]`` already, under its present shape."""
        return value.storage.spatial is not None and value.storage.spatial_shape == value.shape

    def _move(self, name: str, permutation: tuple[int, ...], quant: QuantParams) -> str:
        """Transpose a tensor of rank 4, by a mere reshape where no byte would move."""
        shape = self.tensors[name].shape
        moved = tuple(shape[i] for i in permutation)
        output = self.add_tensor(f"{name}_transposed", moved, "int8", quant)
        kept = [i for i in permutation if shape[i] > 1]
        if kept == sorted(kept):
            return self.emit(ops.Reshape, f"reshape_{output}", (name,), output)
        return self.emit(ops.Transpose, f"transpose_{output}", (name,), output, permutation=permutation)

    def transpose(self, value: Quantized, permutation: tuple[int, ...]) -> Quantized:
        """ONNX's Transpose; between the two layouts it costs nothing."""
        shape = tuple(value.shape[i] for i in permutation)
        if permutation == TO_SPATIAL and self.has_spatial(value):
            storage = Storage(plain=value.storage.spatial)
        elif (
            permutation == TO_PLAIN
        ):  # the input is [1, H, W, C] in ONNX's order: what `spatial` means for the output
            storage = Storage(spatial=self.plain(value), spatial_shape=shape)
        else:
            name = self.plain(value)
            output = self.add_tensor(f"{name}_transposed", shape, "int8", value.quant)
            self.emit(ops.Transpose, f"transpose_{output}", (name,), output, permutation=permutation)
            storage = Storage(plain=output)
        return Quantized(shape, value.quant, value.unsigned, storage)

    def tensor_inputs(self) -> set[str]:
        """The tensors that no operator writes: model inputs and constants."""
        return set(self.tensors) - {op.output for op in self.ops}

    def finish(self, name: str, inputs: tuple[str, ...], outputs: tuple[str, ...]) -> Graph:
        """The graph without the operators that no output needs."""
        needed = set(outputs)
        kept: list[ops.Operator] = []
        for op in reversed(self.ops):
            if op.output in needed:
                kept.append(op)
                needed.update(op.inputs)
        tensors = {n: t for n, t in self.tensors.items() if n in needed or n in inputs}
        constants = {n: c for n, c in self.constants.items() if n in needed}
        return Graph(name, inputs, outputs, tuple(reversed(kept)), tensors, constants)
