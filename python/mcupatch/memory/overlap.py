"""Which outputs may be written over an input that dies, and how far below it they must lie.

The formulas and the kernels' order that they rest on: ``schedule/trailing.py`` for one operator and
``schedule/stage_trailing.py`` for a stage. A depthwise 3x3 convolution with padding 1 on rows of R bytes writes
row y after row y - 1 of its input was last read:

    input        | r0 | r1 | r2 | r3 |          offset(input) - offset(output) >= 2 R
    output  | r0 | r1 | r2 | r3 |
"""

from __future__ import annotations

from collections.abc import Sequence

from mcupatch.ir.graph import Graph
from mcupatch.memory.plan import ACTIVATIONS, Buffer, SafeOverlap
from mcupatch.schedule.holdings import find_holdings, lay_out_schedule
from mcupatch.schedule.stage import Schedule
from mcupatch.schedule.trails import find_trails


def find_overlaps(graph: Graph, schedule: Schedule, buffers: Sequence[Buffer]) -> tuple[SafeOverlap, ...]:
    """Every pair that may share bytes, with its distance; pairs that would gain nothing are left out."""
    nbytes = {b.name: b.nbytes for b in buffers if b.kind in ACTIVATIONS}
    layouts = lay_out_schedule(graph, schedule)
    trails = find_trails(graph, schedule, layouts, find_holdings(graph, schedule, layouts))
    return tuple(
        SafeOverlap(graph.ops[t.op].name, t.output, t.input, t.distance, t.by_stage)
        for t in trails
        if t.distance < nbytes[t.output]
    )
