"""Which tensors cross the border of a run of operators."""

from __future__ import annotations

from mcupatch.ir.graph import Graph


def stage_inputs(graph: Graph, first: int, last: int) -> tuple[str, ...]:
    """Activations that operators ``first`` to ``last`` read and do not compute, in the order of first use."""
    inside = {op.output for op in graph.ops[first : last + 1]}
    read = (name for op in graph.ops[first : last + 1] for name in graph.activation_inputs(op))
    return tuple(dict.fromkeys(name for name in read if name not in inside))


def stage_live_outs(graph: Graph, first: int, last: int) -> tuple[str, ...]:
    """Tensors computed by operators ``first`` to ``last`` that a later operator reads or that leave the model."""
    return tuple(
        op.output
        for op in graph.ops[first : last + 1]
        if op.output in graph.outputs or any(user > last for user in graph.consumers[op.output])
    )


def find_roots(graph: Graph) -> dict[str, str]:
    """Every activation to the tensor whose bytes it shares: itself, or for a reshape's output the reshaped one.

    A reshape keeps bytes of its own (it copies) where sharing would make one buffer of two ends of the model:
    an input that leaves as an output, or two outputs.
    """
    roots: dict[str, str] = {name: name for name in graph.inputs}
    ends = {name for name in graph.inputs}  # roots whose bytes already are a model input or output
    for op in graph.ops:
        root = op.output
        if op.kind == "reshape" and op.inputs[0] in roots:
            shared = roots[op.inputs[0]]
            if not (op.output in graph.outputs and shared in ends):
                root = shared
        roots[op.output] = root
        if op.output in graph.outputs:
            ends.add(root)
    return roots
