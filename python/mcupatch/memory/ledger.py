"""Every memory figure that is known before a run, by name; the measured ones are ``measure/measurement.py``'s."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mcupatch.ir.graph import Graph
from mcupatch.memory.plan import MemoryPlan
from mcupatch.schedule.analytic import analytic_per_layer_bytes, analytic_schedule_bytes
from mcupatch.schedule.stage import Schedule


@dataclass(frozen=True)
class Ledger:
    """Bytes, each with one meaning.

    ``analytic_*``: the MCUNetV2 definition (``schedule/analytic.py``), layer by layer and for the schedule.
    ``arena_bytes``: the planned arena, activations and scratch, model inputs and outputs included, but for streamed
    inputs, of which it has some rows only. ``input_bytes``: whole inputs; ``streamed_input_bytes``: the others.
    ``lower_bound_bytes``: no placement of this schedule's buffers can be smaller; ``optimal``: the arena meets it.
    """

    analytic_per_layer_bytes: int
    analytic_schedule_bytes: int
    arena_bytes: int
    input_bytes: int
    streamed_input_bytes: int
    output_bytes: int
    lower_bound_bytes: int

    @property
    def optimal(self) -> bool:
        return self.arena_bytes == self.lower_bound_bytes


def make_ledger(graph: Graph, schedule: Schedule, plan: MemoryPlan) -> Ledger:
    """The figures that are known before anything runs."""
    return Ledger(
        analytic_per_layer_bytes=analytic_per_layer_bytes(graph).peak_bytes,
        analytic_schedule_bytes=analytic_schedule_bytes(graph, schedule).peak_bytes,
        arena_bytes=plan.arena_bytes,
        input_bytes=_total_bytes(graph, set(graph.inputs) - set(schedule.streamed)),
        streamed_input_bytes=_total_bytes(graph, set(schedule.streamed)),
        output_bytes=_total_bytes(graph, set(graph.outputs)),
        lower_bound_bytes=plan.lower_bound_bytes,
    )


def _total_bytes(graph: Graph, names: Iterable[str]) -> int:
    return sum(graph.tensors[name].nbytes for name in names)
