"""What ``--explain`` says of a schedule: each stage, what it holds at its peak, and the reason for every cut."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mcupatch.ir.graph import Graph
from mcupatch.plan_schedules import SchedulePlanner
from mcupatch.schedule.bound import step_loads
from mcupatch.schedule.cost import extra_macs
from mcupatch.schedule.explain import StageStory, format_bytes, shorten_name, tell_stages
from mcupatch.schedule.explain_cuts import CutReason, explain_cut
from mcupatch.schedule.search import FrontPoint
from mcupatch.schedule.stage import Schedule
from mcupatch.schedule.work import INT8_WEIGHTS, WorkModel
from mcupatch.scratch import find_schedule_scratch


def explain_schedule(graph: Graph, schedule: Schedule, model: WorkModel = INT8_WEIGHTS) -> list[str]:
    """A line for each stage in tiles or run of whole operators, and one for every cut within and between them."""
    if not graph.ops:
        return ["The model has no operators."]
    planner = SchedulePlanner(graph, schedule.streamed, model)
    problem = planner.problem
    stories = tell_stages(graph, schedule, find_schedule_scratch(graph, schedule))
    most = needed_bytes(graph, schedule)
    point = FrontPoint(schedule, most, extra_macs(graph, schedule), planner.instructions(schedule), ())
    stage_cuts = {stage.first for stage in schedule.stages}
    lines = []

    def explain(op: int) -> CutReason:
        return explain_cut(problem, point, op, lambda other: needed_bytes(graph, other))

    for story in stories:
        if story.first > 0:
            lines.append(f"cut before operator {story.first}: {explain(story.first)}")
        lines += _tell_stage(graph, story, most)
        cuts = [s.first for stage in schedule.stages for s in stage.segments if s.first > story.first]
        inside = [explain(cut) for cut in cuts if cut <= story.last]
        if inside and inside[0].op in stage_cuts:
            lines += _sum_up(inside)
        else:
            lines += [f"    segments meet before operator {reason.op}: {reason}" for reason in inside]
    return lines


def needed_bytes(graph: Graph, schedule: Schedule) -> int:
    """The most that is in use at any operator, with the scratch of its kernel."""
    scratch = find_schedule_scratch(graph, schedule)
    loads = step_loads(graph, schedule)
    return max((load.nbytes + scratch[graph.ops[load.step].name] for load in loads), default=0)


def _tell_stage(graph: Graph, story: StageStory, most: int) -> Iterator[str]:
    first, last = (f"'{shorten_name(graph.ops[i].name)}'" for i in (story.first, story.last))
    if story.first == story.last:
        operators = f"operator {story.first} ({first})"
    else:
        operators = f"operators {story.first} to {story.last} ({first} to {last})"
    bottleneck = ", the bottleneck" if story.peak_bytes == most else ""
    yield f"{operators}: {story.how}"
    yield f"    {format_bytes(story.peak_bytes)} at operator {story.peak}{bottleneck}: {story.largest}"


def _sum_up(cuts: Sequence[CutReason]) -> list[str]:
    """The cuts between operators that run whole, by what they are for."""
    obstacles = [c for c in cuts if c.more_bytes is None]
    bytes_ = [c.more_bytes for c in cuts if c.more_bytes is not None and c.more_bytes > 0]
    others = [c for c in cuts if c.more_bytes is not None and c.more_bytes <= 0]
    slower = [c.more_instructions for c in others if c.more_instructions and c.more_instructions > 0]
    told = []
    if bytes_:
        told.append(f"{len(bytes_)} save memory ({format_bytes(min(bytes_))} or more)")
    if slower:
        told.append(f"{len(slower)} save instructions ({min(slower)} or more)")
    if obstacles:
        told.append(f"no stage can span {len(obstacles)} (the first: {obstacles[0].obstacle})")
    if len(others) > len(slower):
        told.append(f"{len(others) - len(slower)} save nothing")
    return [f"    cuts between them: {'; '.join(told)}"]
