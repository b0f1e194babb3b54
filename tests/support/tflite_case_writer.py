"""Draws random tensors and writes small .tflite models of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tflite import BuiltinOperator

from mcupatch.zoo.tflite_builder import TfliteBuilder
from mcupatch.zoo.tflite_options import OperatorOptions

Array = NDArray[Any]
Shape = tuple[int, ...]
LOWEST = {"int8": -128, "uint8": 0}


@dataclass(frozen=True)
class Case:
    """A model file and one value for each of its inputs."""

    data: bytes
    inputs: tuple[Array, ...]


class CaseWriter:
    """Draws what a case needs from one generator and writes the model."""

    def __init__(self, rng: np.random.Generator, dtype: str = "int8") -> None:
        self.rng = rng
        self.dtype = dtype
        self.builder = TfliteBuilder()
        self._inputs: list[int] = []
        self._values: list[Array] = []

    def integer(self, low: int, high: int) -> int:
        """Uniform in [low, high]."""
        return int(self.rng.integers(low, high + 1))

    def pick(self, choices: Sequence[Any]) -> Any:
        return choices[int(self.rng.integers(len(choices)))]

    def scale(self, low: float = 0.003, high: float = 0.2) -> float:
        return float(np.float32(math.exp(self.rng.uniform(math.log(low), math.log(high)))))

    def zero_point(self) -> int:
        low = LOWEST[self.dtype]
        return int(self.pick([low, low + 255, self.integer(low, low + 255), self.integer(low, low + 255)]))

    def stored(self, shape: Shape) -> Array:
        """Values of the type: uniform, around the middle, or at both ends."""
        low = LOWEST[self.dtype]
        kind = self.integer(0, 2)
        if kind == 0:
            values = self.rng.integers(low, low + 256, shape)
        elif kind == 1:
            values = np.clip(np.rint(self.rng.normal(low + 128, 30, shape)), low, low + 255)
        else:
            values = self.rng.choice([low, low + 1, low + 255], shape)
        return np.asarray(values, self.dtype)

    def input(self, shape: Shape, scale: float | None = None, zero_point: int | None = None) -> int:
        number = self.activation("x", shape, scale, zero_point)
        self._inputs.append(number)
        self._values.append(self.stored(shape))
        return number

    def activation(
        self, name: str, shape: Shape, scale: float | None = None, zero_point: int | None = None
    ) -> int:
        scale = self.scale() if scale is None else scale
        zero = self.zero_point() if zero_point is None else zero_point
        return self.builder.tensor(name, shape, self.dtype, scale, zero)

    def integers(self, values: Sequence[Any]) -> int:
        array = np.asarray(values, np.int32)
        return self.builder.tensor("numbers", array.shape, "int32", data=array)

    def weights(self, shape: Shape, channels: int, axis: int) -> tuple[int, Array]:
        """int8 weights with a scale for each channel or one; uint8 ones with a zero point. Also the scales."""
        if self.dtype == "uint8":
            scale, zero = np.array([self.scale()]), self.integer(0, 255)
            data = self.rng.integers(0, 256, shape)
        else:
            count = self.pick([1, channels])
            scale, zero = np.array([self.scale() for _ in range(count)]), 0
            data = self.rng.integers(-128, 128, shape)
        zeros = np.full(len(scale), zero)
        return self.builder.tensor("w", shape, self.dtype, scale, zeros, axis, data), scale

    def bias(self, channels: int, scale: Array, optional: bool = True) -> list[int]:
        """The number of a bias tensor, or nothing."""
        if optional and self.integer(0, 3) == 0:
            return []
        values = self.rng.integers(-3000, 3000, channels)
        return [self.builder.tensor("b", (channels,), "int32", scale, np.zeros(len(scale)), 0, values)]

    def operator(
        self,
        kind: str,
        inputs: Sequence[int],
        output: int,
        table: OperatorOptions | None = None,
        version: int = 1,
    ) -> None:
        self.builder.operator(getattr(BuiltinOperator, kind), inputs, [output], table, version)

    def finish(self, *outputs: int) -> Case:
        return Case(self.builder.finish(self._inputs, list(outputs)), tuple(self._values))
