"""Which model inputs can come row by row, so that only a window of their rows is ever held."""

from __future__ import annotations

from mcupatch.errors import BadInput
from mcupatch.ir import ops
from mcupatch.ir.access import is_tileable
from mcupatch.ir.graph import Graph


def find_streamed_inputs(graph: Graph) -> tuple[str, ...]:
    """The inputs that can be streamed; the others stay whole.

    Raises BadInput, which says of each input why not, if there is none.
    """
    reasons = {name: _why_not(graph, name) for name in graph.inputs}
    streamed = tuple(name for name, reason in reasons.items() if reason is None)
    if streamed:
        return streamed
    told = "; ".join(f"'{name}' {reason}" for name, reason in reasons.items())
    raise BadInput(f"No input of this model can come row by row: {told}. {_way_out(graph)}")


def _why_not(graph: Graph, name: str) -> str | None:
    shape = graph.tensors[name].shape
    if len(shape) != 4:
        return f"has the shape {list(shape)}, not [1, rows, columns, channels]"
    if shape[1] == 1:
        return "has its channel before its rows" if _is_turned(graph, name) else "has a single row"
    if name in graph.outputs:
        return "is an output as well"
    readers = _readers(graph, name)
    if not readers:
        return "is read by no operator"
    for index in readers:
        op = graph.ops[index]
        if not is_tileable(graph, op):
            return f"is read by operator {index} ({op.kind}), which needs it whole"
    return None


def _readers(graph: Graph, name: str) -> tuple[int, ...]:
    """The operators that read a tensor, seen through conversions of its single values."""
    found: list[int] = []
    for index in graph.consumers[name]:
        op = graph.ops[index]
        through = isinstance(op, ops.Lut | ops.Quantize) and op.output not in graph.outputs
        found += _readers(graph, op.output) if through else [index]
    return tuple(found)


def _is_turned(graph: Graph, name: str) -> bool:
    """Whether the image is read as ``[1, H, W, C]`` and is not; to turn a single channel is a mere reshape."""
    for op in (graph.ops[i] for i in _readers(graph, name)):
        before, after = graph.tensors[name].shape, graph.tensors[op.output].shape
        single = isinstance(op, ops.Reshape) and len(before) == 4 and after == (1, *before[2:], 1)
        if isinstance(op, ops.Transpose) or (single and after != before):
            return True
    return False


def _way_out(graph: Graph) -> str:
    """What leaves out the conversions and transposes that stand between an image and the network."""
    if any(_is_turned(graph, name) for name in graph.inputs):
        return "Try --io int8 (io='int8'), which takes the image as int8 [1, H, W, C]."
    return "Compile it without --stream-input."
