"""Which buffers a schedule needs, how large they are and in which steps they are in use."""

from __future__ import annotations

from collections.abc import Mapping

from mcupatch.ir.graph import Graph
from mcupatch.memory.plan import Buffer, BufferKind
from mcupatch.schedule.bound import root_bytes
from mcupatch.schedule.lifetimes import find_lifetimes
from mcupatch.schedule.stage import Schedule
from mcupatch.schedule.stage_tensors import find_roots

ALIGN_BYTES = 4  # a word: floats and scratch need it, int8 kernels load whole words


def find_buffers(graph: Graph, schedule: Schedule, scratch_bytes: Mapping[str, int]) -> tuple[Buffer, ...]:
    """Every buffer of ``schedule``: activations in the order in which they come to be, then scratch.

    ``scratch_bytes`` maps operator names to the bytes their kernels ask for; missing or 0 is no scratch.
    A reshape's output shares the bytes of its input (``Buffer.aliases``) except where both ends of the model
    would fall together (``find_roots``); constants of the graph have no buffer.
    """
    aliases: dict[str, list[str]] = {}
    for tensor, root in find_roots(graph).items():
        aliases.setdefault(root, [])
        if tensor != root:
            aliases[root].append(tensor)
    sizes = root_bytes(graph, schedule)
    buffers = [
        Buffer(
            name=root,
            kind=_kind(graph, (root, *aliases[root]), life.stage is not None),
            nbytes=sizes[root],
            first_step=life.first,
            last_step=life.last,
            align=ALIGN_BYTES,
            aliases=tuple(aliases[root]),
        )
        for root, life in find_lifetimes(graph, schedule).items()
    ]
    for step, op in enumerate(graph.ops):
        nbytes = scratch_bytes.get(op.name, 0)
        if nbytes:
            buffers.append(Buffer(op.name, BufferKind.SCRATCH, nbytes, step, step, ALIGN_BYTES))
    return tuple(buffers)


def _kind(graph: Graph, tensors: tuple[str, ...], is_tile: bool) -> BufferKind:
    if any(name in graph.inputs for name in tensors):
        return BufferKind.INPUT
    if any(name in graph.outputs for name in tensors):
        return BufferKind.OUTPUT
    return BufferKind.TILE if is_tile else BufferKind.TENSOR
