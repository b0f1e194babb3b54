"""Checks that a graph is whole: importers and passes hand over nothing that this rejects.

It shares no code with what builds graphs; shapes are checked in ``verify_operators``.
"""

from __future__ import annotations

import numpy as np

from mcupatch.ir.graph import Graph
from mcupatch.ir.tensor import Tensor
from mcupatch.ir.verify_operators import GraphError, require, verify_operator

__all__ = ["GraphError", "verify_graph"]

ZERO_POINTS = {"int8": (-128, 127), "uint8": (0, 255)}


def verify_graph(graph: Graph) -> None:
    """Raises GraphError, which names the operator or tensor, for the first thing that is wrong."""
    verify_tensors(graph)
    verify_order(graph)
    for op in graph.ops:
        try:
            verify_operator(graph, op)
        except GraphError as error:
            raise GraphError(f"{op.name}: {error}") from error


def verify_tensors(graph: Graph) -> None:
    for name, tensor in graph.tensors.items():
        require(name == tensor.name, f"tensor {tensor.name!r} is filed under {name!r}")
        verify_quant(tensor)
    for name, array in graph.constants.items():
        require(name in graph.tensors, f"constant {name!r} has no tensor")
        tensor = graph.tensors[name]
        fits = array.shape == tensor.shape and array.dtype == np.dtype(tensor.dtype)
        require(
            fits,
            f"constant {name!r} is {array.dtype}{list(array.shape)}, not {tensor.dtype}{list(tensor.shape)}",
        )


def verify_quant(tensor: Tensor) -> None:
    if tensor.quant is None:
        return
    require(tensor.dtype in ZERO_POINTS, f"tensor {tensor.name!r} of {tensor.dtype} has a scale")
    low, high = ZERO_POINTS[tensor.dtype]
    zero = tensor.quant.zero_point
    require(low <= zero <= high, f"tensor {tensor.name!r} of {tensor.dtype} has the zero point {zero}")


def verify_order(graph: Graph) -> None:
    """Every tensor is defined once and before it is read; names are used once."""
    require(len(set(graph.inputs)) == len(graph.inputs), "an input is listed twice")
    require(len(set(graph.outputs)) == len(graph.outputs), "an output is listed twice")
    require(bool(graph.ops) and bool(graph.outputs), "there is no operator or no output")
    defined = set(graph.inputs) | set(graph.constants)
    require(len(defined) == len(graph.inputs) + len(graph.constants), "an input is also a constant")
    names: set[str] = set()
    for op in graph.ops:
        require(op.name not in names, f"two operators are named {op.name!r}")
        names.add(op.name)
        for name in op.inputs:
            require(name in defined, f"{op.name} reads {name!r} before it is computed, or it never is")
        require(op.output not in defined, f"{op.name} writes {op.output!r}, which is defined already")
        defined.add(op.output)
    written = {op.output for op in graph.ops}
    for name in graph.outputs:
        require(name in written, f"no operator computes the output {name!r}")
    missing = sorted(defined - set(graph.tensors))
    require(not missing, f"{missing[:1]} is used and is no tensor of the graph")
