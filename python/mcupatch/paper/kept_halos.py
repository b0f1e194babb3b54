"""What the same network needs when halos are kept instead of computed again: the column beside the paper's."""

from __future__ import annotations

from dataclasses import dataclass

from mcupatch.ir.graph import Graph
from mcupatch.plan_schedules import SchedulePlanner
from mcupatch.schedule.analytic import analytic_schedule_bytes
from mcupatch.schedule.cost import extra_macs
from mcupatch.schedule.stage import Schedule
from mcupatch.schedule.streaming import find_streamed_inputs

DEFINITION = (
    "Kept halos: the smallest arena that computes nothing twice, the picture row by row through a "
    "callback; as the planner places it, scratch of the kernels included."
)


@dataclass(frozen=True)
class KeptHalos:
    """``arena_bytes`` as planned, ``analytic_bytes`` by the paper's definition."""

    schedule: Schedule
    arena_bytes: int
    analytic_bytes: int
    extra_macs: int


def keep_halos(graph: Graph) -> KeptHalos:
    """The schedule of least SRAM without recomputation, the picture streamed."""
    planner = SchedulePlanner(graph, find_streamed_inputs(graph))
    schedule = planner.find_least(0)
    analytic = analytic_schedule_bytes(graph, schedule).peak_bytes
    return KeptHalos(schedule, planner.arena_bytes(schedule), analytic, extra_macs(graph, schedule))
