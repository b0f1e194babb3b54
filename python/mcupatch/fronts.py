"""The Pareto fronts of a network's schedules as figures."""

from __future__ import annotations

from mcupatch.ir.graph import Graph
from mcupatch.plan_schedules import SchedulePlanner
from mcupatch.report.fronts import FrontFigures, Fronts
from mcupatch.schedule.cost import total_macs
from mcupatch.schedule.explain import title_schedule
from mcupatch.schedule.explain_cuts import explain_stages
from mcupatch.schedule.search import Front, find_instructions_front, find_least_sram, find_macs_front
from mcupatch.schedule.search_problem import SearchProblem
from mcupatch.schedule.streaming import find_streamed_inputs


def find_fronts(graph: Graph, stream_input: bool, max_extra_macs: float) -> Fronts:
    """Bytes against extra MACs up to a share of the network's, and bytes against predicted instructions."""
    problem = _problem(graph, stream_input)
    whole = total_macs(graph)
    return Fronts(
        graph.name,
        whole,
        problem.layer_by_layer_bytes,
        _figures(graph, find_macs_front(problem, int(whole * max_extra_macs))),
        _figures(graph, find_instructions_front(problem)),
    )


def explain_least_sram(graph: Graph, stream_input: bool) -> list[str]:
    """Why the smallest schedule without recomputation is cut where it is, line by line."""
    problem = _problem(graph, stream_input)
    return list(explain_stages(problem, find_least_sram(problem)))


def _problem(graph: Graph, stream_input: bool) -> SearchProblem:
    return SchedulePlanner(graph, find_streamed_inputs(graph) if stream_input else ()).problem


def _figures(graph: Graph, front: Front) -> tuple[FrontFigures, ...]:
    return tuple(
        FrontFigures(
            point.bytes,
            point.extra_macs,
            point.instructions,
            len(point.schedule.stages),
            title_schedule(graph, point.schedule),
        )
        for point in front.points
    )
