"""From the importers' operator list to the program: one Relax function of int8 operators.

def main(x: Tensor((1, 80, 80, 3), "int8")):
    with R.dataflow():
        conv2d_0 = mcupatch.conv2d(x, weights, bias, multiplier, shift)
        ...
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from mcupatch.ir.graph import Graph
from mcupatch.ir.ops import Operator
from mcupatch.program.relax_ops import encode_tensor, make_call, make_constant, register_all
from mcupatch.tvm_api import IRModule, make_attrs, relax

MODEL_ATTRIBUTE = "mcupatch.model"


def build_module(graph: Graph) -> IRModule:
    """The graph as an ``IRModule`` whose ``main`` takes the model's inputs and gives a tensor, or a tuple of them."""
    register_all()
    builder = relax.BlockBuilder()

    def emit_operators(values: dict[str, Any]) -> None:
        for op in graph.ops:
            values[op.output] = emit_operator(builder, graph, op, values)

    emit_main(builder, graph, emit_operators)
    description = make_attrs(
        name=graph.name,
        inputs=[make_attrs(**encode_tensor(graph.tensors[n])) for n in graph.inputs],
        outputs=list(graph.outputs),
        constants=[make_attrs(**encode_tensor(graph.tensors[n])) for n in graph.constants],
    )
    return builder.get().with_attr(MODEL_ATTRIBUTE, description)


def emit_main(builder: Any, graph: Graph, emit_body: Callable[[dict[str, Any]], None]) -> None:
    """Write ``main`` around ``emit_body``, which gets the inputs and constants by name and adds all other tensors."""
    parameters = {
        name: relax.Var(
            _variable(name, f"input_{i}"),
            relax.TensorType(graph.tensors[name].shape, graph.tensors[name].dtype),
        )
        for i, name in enumerate(graph.inputs)
    }
    values = parameters | {name: make_constant(array) for name, array in graph.constants.items()}
    with builder.function("main", list(parameters.values())):
        with builder.dataflow():
            emit_body(values)
            outputs = [builder.emit_output(values[n]) for n in graph.outputs]
        builder.emit_func_output(outputs[0] if len(outputs) == 1 else relax.Tuple(outputs))


def emit_operator(builder: Any, graph: Graph, op: Operator, values: dict[str, Any]) -> Any:
    """Write the call of one operator on ``values``; returns its result."""
    arguments = [values[n] for n in dict.fromkeys(op.inputs)]
    return builder.emit(make_call(graph, op, arguments), _variable(op.output, op.name))


def _variable(name: str, fallback: str) -> str:
    text = re.sub(r"\W+", "_", name, flags=re.ASCII)[:60].strip("_")
    return text if text and not text[0].isdigit() else fallback
