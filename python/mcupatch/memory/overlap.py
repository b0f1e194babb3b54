"""Which operators may write their output over their own input, and how far below it the output must lie.

The formulas and the kernels' order that they rest on: ``schedule/trailing.py``. A depthwise 3x3 convolution with
padding 1 on rows of R bytes writes row y after row y - 1 of its input was last read:

    input        | r0 | r1 | r2 | r3 |          offset(input) - offset(output) >= 2 R
    output  | r0 | r1 | r2 | r3 |
"""

from __future__ import annotations

from collections.abc import Sequence

from mcupatch.ir.graph import Graph
from mcupatch.memory.plan import Buffer, BufferKind, SafeOverlap
from mcupatch.schedule.bound import find_trailing
from mcupatch.schedule.stage import Schedule


def find_overlaps(graph: Graph, schedule: Schedule, buffers: Sequence[Buffer]) -> tuple[SafeOverlap, ...]:
    """Every pair that may share bytes, with its distance; pairs that would gain nothing are left out.

    The input dies at the operator, the output begins there, neither is a scratch, an output of the model that is
    still to be kept, or an end of a patch stage.
    """
    nbytes = {b.name: b.nbytes for b in buffers if b.kind is not BufferKind.SCRATCH}
    found = []
    for step, pairs in find_trailing(graph, schedule).items():
        op = graph.ops[step]
        for source, distance in pairs:
            if distance < nbytes[op.output]:
                found.append(SafeOverlap(op.name, op.output, source, distance))
    return tuple(found)
