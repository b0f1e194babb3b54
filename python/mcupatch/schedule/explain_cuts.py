"""Why a schedule is cut where it is: what the best schedule without each cut would need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from mcupatch.ir.access import is_reduction, is_tileable
from mcupatch.ir.graph import Graph
from mcupatch.schedule.explain import format_bytes, shorten_name
from mcupatch.schedule.search import FrontPoint, find_without_cut
from mcupatch.schedule.search_problem import SearchProblem
from mcupatch.schedule.stage import Schedule


@dataclass(frozen=True)
class CutReason:
    """A cut before operator ``op`` and what it is for.

    ``more_bytes`` and ``more_instructions`` is what the best schedule without it needs beyond this one; negative where
    this one was not the best. Both are None where there is none without it: ``obstacle`` says why.
    """

    op: int
    more_bytes: int | None
    more_instructions: int | None
    obstacle: str = ""

    def __str__(self) -> str:
        if self.more_bytes is None or self.more_instructions is None:
            return f"no stage can span it: {self.obstacle}"
        if self.more_bytes > 0:
            return f"without it {format_bytes(self.more_bytes)} more"
        if self.more_instructions > 0:
            return f"without it {self.more_instructions} instructions more"
        if self.more_bytes < 0 or self.more_instructions < 0:
            saved = (format_bytes(-self.more_bytes), f"{-self.more_instructions} instructions")
            return f"without it {saved[0] if self.more_bytes < 0 else saved[1]} less, as counted; plans decided otherwise"
        return "without it nothing is gained or lost"


def explain_cut(
    problem: SearchProblem, point: FrontPoint, op: int, needed_bytes: Callable[[Schedule], int]
) -> CutReason:
    """The reason for the cut of ``point`` before operator ``op``, between stages or between segments.

    ``needed_bytes`` counts what a schedule needs, and made ``point.bytes``: the search may count a little more.
    """
    without = find_without_cut(problem, point, op)
    if without is not None and without.bytes > point.bytes:
        # of as few bytes as can be; now the least work among those
        without = find_without_cut(problem, replace(point, bytes=without.bytes), op)
    if without is None:
        return CutReason(op, None, None, _find_obstacle(problem.graph, op))
    more_bytes = needed_bytes(without.schedule) - point.bytes
    return CutReason(op, more_bytes, without.instructions - point.instructions)


def _find_obstacle(graph: Graph, op: int) -> str:
    """Why operators ``op - 1`` and ``op`` cannot run together in tiles."""
    for index in (op - 1, op):
        if not is_tileable(graph, graph.ops[index]):
            return f"{_name(graph, index)} cannot run in tiles"
    if is_reduction(graph, graph.ops[op - 1]):
        return f"{_name(graph, op - 1)} has its result only when all of its input was there"
    return f"{_name(graph, op - 1)} and {_name(graph, op)} do not follow each other in a chain of tiles"


def _name(graph: Graph, index: int) -> str:
    op = graph.ops[index]
    return f"operator {index} '{shorten_name(op.name)}' ({op.kind})"
