"""From the importers' operator list to the program: one Relax function of int8 operators.

def main(x: Tensor((1, 80, 80, 3), "int8")):
    with R.dataflow():
        conv2d_0 = mcupatch.conv2d(x, weights, bias, multiplier, shift)
        ...
"""

from __future__ import annotations

import re

import numpy as np

from mcupatch.ir.graph import Graph
from mcupatch.program.relax_ops import encode_tensor, make_call, register_all
from mcupatch.tvm_api import IRModule, make_attrs, relax

MODEL_ATTRIBUTE = "mcupatch.model"


def build_module(graph: Graph) -> IRModule:
    """The graph as an ``IRModule`` whose ``main`` takes the model's inputs and gives a tensor, or a tuple of them."""
    register_all()
    builder = relax.BlockBuilder()
    parameters = {}
    for i, name in enumerate(graph.inputs):
        tensor = graph.tensors[name]
        parameters[name] = relax.Var(
            _variable(name, f"input_{i}"), relax.TensorType(tensor.shape, tensor.dtype)
        )
    values = dict(parameters)
    with builder.function("main", list(parameters.values())):
        with builder.dataflow():
            for name, array in graph.constants.items():
                values[name] = relax.const(np.ascontiguousarray(array))
            for op in graph.ops:
                arguments = [values[n] for n in dict.fromkeys(op.inputs)]
                values[op.output] = builder.emit(
                    make_call(graph, op, arguments), _variable(op.output, op.name)
                )
            outputs = [builder.emit_output(values[n]) for n in graph.outputs]
        builder.emit_func_output(outputs[0] if len(outputs) == 1 else relax.Tuple(outputs))
    module = builder.get()
    description = make_attrs(
        name=graph.name,
        inputs=[make_attrs(**encode_tensor(graph.tensors[n])) for n in graph.inputs],
        outputs=list(graph.outputs),
        constants=[make_attrs(**encode_tensor(graph.tensors[n])) for n in graph.constants],
    )
    return module.with_attr(MODEL_ATTRIBUTE, description)


def _variable(name: str, fallback: str) -> str:
    text = re.sub(r"\W+", "_", name, flags=re.ASCII)[:60].strip("_")
    return text if text and not text[0].isdigit() else fallback
