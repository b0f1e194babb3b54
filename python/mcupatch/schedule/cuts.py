"""After which operators a patch stage may end, and why not after the others."""

from __future__ import annotations

from mcupatch.ir.access import is_reduction, is_tileable, tiled_tensor
from mcupatch.ir.graph import Graph


def why_no_cut(graph: Graph, last: int) -> str | None:
    """What forbids a patch stage of operators 0 to ``last``, as a clause; None if nothing does.

    Results that are read again later are no obstacle: they are then written whole.
    """
    ops = graph.ops[: last + 1]
    for i, op in enumerate(ops):
        if not is_tileable(graph, op):
            return f"operator {i} '{op.name}' ({op.kind}) cannot be cut into tiles"
        if is_reduction(graph, op) and i < last:
            return f"operator {i} '{op.name}' ({op.kind}) needs its whole input before the next one can run"
        if not graph.consumers[op.output] and op.output not in graph.outputs:
            return f"the result of operator {i} '{op.name}' is never read"
    if graph.tensors[tiled_tensor(graph, last)].hwc[:2] == (1, 1):
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
