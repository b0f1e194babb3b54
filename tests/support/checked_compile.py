"""A graph and a schedule to C, with every check on the way."""

from __future__ import annotations

from mcupatch.decide import SchedulePlanner
from mcupatch.emit.csources import CSources
from mcupatch.emit.emit_model import emit_model
from mcupatch.ir.graph import Graph
from mcupatch.memory.check import check_plan
from mcupatch.program.build_module import build_module
from mcupatch.schedule.check import check_schedule
from mcupatch.schedule.stage import Schedule
from mcupatch.scratch import find_schedule_scratch
from mcupatch.transform import FusePatches


def compile_checked(graph: Graph, schedule: Schedule) -> CSources:
    """The C of ``graph`` under ``schedule``, once both independent checkers have nothing against it."""
    check_schedule(graph, schedule)
    plan = SchedulePlanner(graph, schedule.streamed).plan(schedule)
    check_plan(graph, schedule, plan, find_schedule_scratch(graph, schedule))
    module = FusePatches(schedule=schedule)(build_module(graph))
    return emit_model(module, graph, plan, graph.name)
