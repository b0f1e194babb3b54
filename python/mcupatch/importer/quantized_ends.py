"""A network without the conversions at its ends: its inputs and outputs are the int8 tensors inside.

x float32 -> quantize -> x_q int8 -> ... -> y_q int8 -> dequantize -> y float32
x_q int8 -> ... -> y_q int8
"""

from __future__ import annotations

from dataclasses import replace

from mcupatch.ir.graph import Graph
from mcupatch.ir.ops import Dequantize, Lut, Operator, Quantize


def drop_float_ends(graph: Graph) -> Graph:
    """``graph`` without the operators that only convert an input to int8, or an int8 value to an output.

    That is a quantize of an input, a dequantize to an output, and the table between uint8 and int8 that legacy
    models have at their ends. An end stays as it is where anything else reads it too.
    """
    inputs = {n: op for n in graph.inputs if (op := _input_conversion(graph, n)) is not None}
    dropped = {op.name for op in inputs.values()}
    outputs = {
        n: op
        for n in graph.outputs
        if (op := _output_conversion(graph, n)) is not None and op.name not in dropped
    }
    # Two outputs that convert the same tensor would become one and the same output.
    sources = [op.inputs[0] for op in outputs.values()]
    outputs = {n: op for n, op in outputs.items() if sources.count(op.inputs[0]) == 1}
    dropped |= {op.name for op in outputs.values()}
    gone = {*inputs, *outputs}
    return replace(
        graph,
        inputs=tuple(inputs[n].output if n in inputs else n for n in graph.inputs),
        outputs=tuple(outputs[n].inputs[0] if n in outputs else n for n in graph.outputs),
        ops=tuple(op for op in graph.ops if op.name not in dropped),
        tensors={n: t for n, t in graph.tensors.items() if n not in gone},
    )


def _input_conversion(graph: Graph, name: str) -> Operator | None:
    users = graph.consumers[name]
    if len(users) != 1 or name in graph.outputs:
        return None
    op = graph.ops[users[0]]
    return op if _is_conversion(graph, op, Quantize) and op.output not in graph.outputs else None


def _output_conversion(graph: Graph, name: str) -> Operator | None:
    if name not in graph.producer or graph.consumers[name]:
        return None
    op = graph.ops[graph.producer[name]]
    source = op.inputs[0]
    # An input that leaves again, or a tensor that is an output already, needs its own conversion.
    if source in graph.inputs or source in graph.outputs:
        return None
    return op if _is_conversion(graph, op, Dequantize) else None


def _is_conversion(graph: Graph, op: Operator, kind: type[Operator]) -> bool:
    if isinstance(op, kind):
        return True
    types = {graph.tensors[op.inputs[0]].dtype, graph.output_tensor(op).dtype}
    return isinstance(op, Lut) and types == {"int8", "uint8"}
