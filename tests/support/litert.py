"""Runs a .tflite model in LiteRT with its reference kernels: what ``fixed`` rounding promises to equal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class LiteRtRun:
    """``outputs`` in the model's order; ``tensors`` by the file's tensor number, intermediate ones included."""

    outputs: list[Array]
    tensors: dict[int, Array]


class LiteRt:
    """A model loaded once, with every intermediate tensor kept. ``numbers``: tensor name to its number in the file."""

    def __init__(self, data: bytes) -> None:
        interpreter = pytest.importorskip(
            "ai_edge_litert.interpreter",
            reason="ai-edge-litert is not installed: no reference to compare with",
        )
        self._interpreter = interpreter.Interpreter(
            model_content=data,
            experimental_op_resolver_type=interpreter.OpResolverType.BUILTIN_REF,
            experimental_preserve_all_tensors=True,
            num_threads=1,
        )
        self._interpreter.allocate_tensors()
        self.inputs = [d["index"] for d in self._interpreter.get_input_details()]
        self.outputs = [d["index"] for d in self._interpreter.get_output_details()]
        self.numbers = {d["name"]: d["index"] for d in self._interpreter.get_tensor_details()}

    def run(self, inputs: Sequence[Array]) -> LiteRtRun:
        for number, array in zip(self.inputs, inputs):
            self._interpreter.set_tensor(number, np.ascontiguousarray(array))
        self._interpreter.invoke()
        tensors: dict[int, Array] = {}
        for detail in self._interpreter.get_tensor_details():
            try:
                tensors[detail["index"]] = self._interpreter.get_tensor(detail["index"]).copy()
            except ValueError:  # a temporary of a kernel, not allocated
                continue
        return LiteRtRun([tensors[n] for n in self.outputs], tensors)
