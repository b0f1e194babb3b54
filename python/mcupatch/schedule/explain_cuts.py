"""Why a schedule is cut where it is: what the best schedule without each cut would need."""

from __future__ import annotations

from collections.abc import Iterator

from mcupatch.schedule.explain import format_bytes, shorten_name
from mcupatch.schedule.search import FrontPoint, find_without_cut
from mcupatch.schedule.search_problem import SearchProblem
from mcupatch.schedule.stage import Segment, Stage
from mcupatch.schedule.whole import is_whole


def explain_stages(problem: SearchProblem, point: FrontPoint) -> Iterator[str]:
    """A line for each stage, and one for each cut between stages or segments; operators that run whole are joined."""
    bottleneck = max(point.stage_bytes, default=0)
    for stage, nbytes in zip(point.schedule.stages, point.stage_bytes):
        if stage.first > 0:
            yield f"cut before operator {stage.first}: {_explain_cut(problem, point, stage.first)}"
        most = ", the most of all stages" if nbytes == bottleneck else ""
        yield f"{_describe(problem, stage)}: {format_bytes(nbytes)}{most}"
        for before, segment in zip(stage.segments, stage.segments[1:]):
            yield f"  segments meet before operator {segment.first}: {_explain_cut(problem, point, segment.first)}"
            assert before.last + 1 == segment.first


def _describe(problem: SearchProblem, stage: Stage) -> str:
    ops = problem.graph.ops
    first = f"'{shorten_name(ops[stage.first].name)}'"
    if is_whole(problem.graph, stage):
        return f"operator {stage.first} ({first}) whole"
    names = first if stage.first == stage.last else f"{first} to '{shorten_name(ops[stage.last].name)}'"
    tiles = ", ".join(_describe_segment(segment) for segment in stage.segments)
    return f"operators {stage.first} to {stage.last} ({names}) in tiles {tiles}"


def _describe_segment(segment: Segment) -> str:
    """``1x4 of operators 3 to 5, rows recomputed of 3``."""
    text = f"{segment.tile[0]}x{segment.tile[1]} of operators {segment.first} to {segment.last}"
    for axis, recomputed in (("rows", segment.recomputed_rows), ("columns", segment.recomputed_cols)):
        if recomputed:
            text += f", {axis} recomputed of {', '.join(map(str, recomputed))}"
    return text


def _explain_cut(problem: SearchProblem, point: FrontPoint, cut: int) -> str:
    without = find_without_cut(problem, point, cut)
    if without is None:
        return "the operators on its two sides cannot run together"
    more = without.bytes - point.bytes
    if more > 0:
        return f"without it at least {format_bytes(without.bytes)}, {format_bytes(more)} more"
    slower = without.instructions - point.instructions
    if slower > 0:
        return f"without it {slower} instructions more, in the same bytes"
    return "it costs nothing, and nothing would be gained without it"
