"""The network as plain data: operators in execution order and the tensors between them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mcupatch.ir.ops import Operator
from mcupatch.ir.tensor import Tensor


@dataclass(frozen=True, eq=False)
class Graph:
    """A frozen view of the program.

    ``ops`` are topologically sorted. ``tensors`` holds every activation by name. ``constants`` are tensors that
    operators read as inputs but that live in flash (an addend, say); each also has its entry in ``tensors``.
    """

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    ops: tuple[Operator, ...]
    tensors: dict[str, Tensor]
    constants: dict[str, NDArray[np.generic]] = field(default_factory=dict)

    @cached_property
    def producer(self) -> dict[str, int]:
        """Tensor name to the index of the operator that writes it; model inputs and constants are absent."""
        return {op.output: i for i, op in enumerate(self.ops)}

    @cached_property
    def consumers(self) -> dict[str, tuple[int, ...]]:
        """Tensor name to the indices of the operators that read it, ascending, each once."""
        found: dict[str, list[int]] = {name: [] for name in self.tensors}
        for i, op in enumerate(self.ops):
            for name in dict.fromkeys(op.inputs):
                found[name].append(i)
        return {name: tuple(users) for name, users in found.items()}

    def input_tensors(self, op: Operator) -> tuple[Tensor, ...]:
        return tuple(self.tensors[name] for name in op.inputs)

    def output_tensor(self, op: Operator) -> Tensor:
        return self.tensors[op.output]

    def activation_inputs(self, op: Operator) -> tuple[str, ...]:
        """The distinct inputs of ``op`` that live in SRAM (constants of the graph are left out)."""
        return tuple(n for n in dict.fromkeys(op.inputs) if n not in self.constants)
