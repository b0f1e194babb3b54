"""After which operators a patch stage may end, and why not after the others."""

from __future__ import annotations

from mcupatch.ir.access import is_tileable
from mcupatch.ir.graph import Graph
from mcupatch.schedule.stage_tensors import stage_live_outs


def why_no_cut(graph: Graph, last: int) -> str | None:
    """What forbids a patch stage of operators 0 to ``last``, as a clause; None if nothing does."""
    ops = graph.ops[: last + 1]
    for i, op in enumerate(ops):
        if not is_tileable(graph, op):
            return f"operator {i} '{op.name}' ({op.kind}) cannot be cut into tiles"
    for i, op in enumerate(ops):
        if not graph.consumers[op.output] and op.output not in graph.outputs:
            return f"the result of operator {i} '{op.name}' is never read"
    for tensor in stage_live_outs(graph, 0, last):
        if tensor == ops[-1].output:
            continue
        producer = graph.producer[tensor]
        later = next((user for user in graph.consumers[tensor] if user > last), None)
        if later is None:
            return f"the result of operator {producer} '{graph.ops[producer].name}' is an output of the model"
        return (
            f"the result of operator {producer} '{graph.ops[producer].name}' is read again by operator {later} "
            f"'{graph.ops[later].name}'"
        )
    if graph.output_tensor(ops[-1]).hwc[:2] == (1, 1):
        return f"the result of operator {last} '{ops[-1].name}' is a single position"
    return None


def find_cuts(graph: Graph) -> list[int]:
    """Every last operator of a legal patch stage that begins at operator 0, ascending."""
    cuts = []
    for last, op in enumerate(graph.ops):
        if not is_tileable(graph, op):
            break  # nor can any longer stage
        if why_no_cut(graph, last) is None:
            cuts.append(last)
    return cuts
