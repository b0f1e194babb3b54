"""Which buffers a schedule needs, how large they are and in which steps they are in use."""

from __future__ import annotations

from collections.abc import Mapping

from mcupatch.ir.graph import Graph
from mcupatch.memory.plan import Buffer, BufferKind
from mcupatch.schedule.holdings import Holding, Place, find_holdings
from mcupatch.schedule.stage import Schedule
from mcupatch.schedule.stage_tensors import find_roots

ALIGN_BYTES = 4  # a word: floats and scratch need it, int8 kernels load whole words

PARTS = {
    Place.WINDOW: BufferKind.WINDOW,
    Place.TILE: BufferKind.TILE,
    Place.CACHE: BufferKind.CACHE,
    Place.SUMS: BufferKind.SUMS,
}


def find_buffers(graph: Graph, schedule: Schedule, scratch_bytes: Mapping[str, int]) -> tuple[Buffer, ...]:
    """Every buffer of ``schedule``: activations in the order in which they come to be, caches, sums, then scratch.

    ``scratch_bytes`` maps operator names to the bytes that their kernels ask for under this schedule; missing or 0 is
    no scratch. A reshape's output shares the bytes of its input (``Buffer.aliases``) except where both ends of the
    model would fall together (``find_roots``); constants of the graph have no buffer.
    """
    aliases: dict[str, list[str]] = {}
    for tensor, root in find_roots(graph).items():
        aliases.setdefault(root, [])
        if tensor != root:
            aliases[root].append(tensor)
    buffers = []
    for held in find_holdings(graph, schedule):
        shared = tuple(aliases[held.name]) if held.place is Place.WHOLE else ()
        kind = _kind(graph, held, shared)
        buffers.append(Buffer(held.name, kind, held.nbytes, held.first, held.last, ALIGN_BYTES, shared))
    for step, op in enumerate(graph.ops):
        nbytes = scratch_bytes.get(op.name, 0)
        if nbytes:
            buffers.append(Buffer(op.name, BufferKind.SCRATCH, nbytes, step, step, ALIGN_BYTES))
    return tuple(buffers)


def _kind(graph: Graph, held: Holding, aliases: tuple[str, ...]) -> BufferKind:
    if held.place is not Place.WHOLE:
        return PARTS[held.place]
    tensors = (held.name, *aliases)
    if any(name in graph.inputs for name in tensors):
        return BufferKind.INPUT
    if any(name in graph.outputs for name in tensors):
        return BufferKind.OUTPUT
    return BufferKind.TENSOR
