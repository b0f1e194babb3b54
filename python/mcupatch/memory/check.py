"""An independent check of a memory plan: the whole execution, byte by byte, on an arena of owners.

Each byte of the arena remembers which byte of which activation was written to it last. Operators then write and
read as their kernels may (``kernels.h``), at the worst moment that the order contract allows, and a read that finds
another owner is an error. Lifetimes, overlaps and placement are not consulted: only offsets and sizes are, and what
each stage does (``schedule/execution.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import accumulate

from mcupatch.ir import ops
from mcupatch.ir.graph import Graph
from mcupatch.ir.region import Interval
from mcupatch.memory.check_arena import OwnedArena, PlanError
from mcupatch.memory.check_calls import CallReplay
from mcupatch.memory.plan import BufferKind, MemoryPlan
from mcupatch.schedule.check import runs_whole, streamed_into
from mcupatch.schedule.execution import Fetch, Move, execute_stage, execute_whole
from mcupatch.schedule.stage import Schedule
from mcupatch.schedule.stage_layout import lay_out_stage

__all__ = ["PlanError", "check_plan"]

PER_OPERATOR = (BufferKind.SCRATCH, BufferKind.SUMS)


def check_plan(
    graph: Graph, schedule: Schedule, plan: MemoryPlan, scratch_bytes: Mapping[str, int] | None = None
) -> None:
    """Prove that every read finds what was written for it. Raises PlanError that names operator and tensor.

    ``schedule`` must be legal (``check_schedule``). With ``scratch_bytes`` each operator's scratch is also checked
    to be there and large enough.
    """
    _check_bounds(graph, plan)
    _check_scratch(plan, scratch_bytes or {})
    _run(graph, schedule, _join_pools(plan))


def _join_pools(plan: MemoryPlan) -> MemoryPlan:
    """The plan with its pools one after the other in one address space, each aligned as a memory is."""
    if not plan.pools:
        return plan
    align = max(p.buffer.align for p in plan.placed)
    starts = list(accumulate((-(-pool.nbytes // align) * align for pool in plan.pools), initial=0))
    placed = tuple(replace(p, offset=starts[p.pool] + p.offset, pool=0) for p in plan.placed)
    return replace(plan, placed=placed, pools=(), arena_bytes=starts[-1])


def _check_scratch(plan: MemoryPlan, scratch_bytes: Mapping[str, int]) -> None:
    held = {p.buffer.name: p.buffer.nbytes for p in plan.placed if p.buffer.kind is BufferKind.SCRATCH}
    for op, need in scratch_bytes.items():
        if held.get(op, 0) < need:
            raise PlanError(f"operator '{op}' needs {need} bytes of scratch and has {held.get(op, 0)}")


def _check_bounds(graph: Graph, plan: MemoryPlan) -> None:
    rooms = [pool.nbytes for pool in plan.pools] or [plan.arena_bytes]
    if sum(rooms) != plan.arena_bytes or min(rooms) < 0:
        raise PlanError(f"pools of {rooms} bytes are no arena of {plan.arena_bytes} bytes")
    for p in plan.placed:
        if not 0 <= p.pool < len(rooms):
            raise PlanError(f"buffer '{p.buffer.name}' lies in pool {p.pool} of {len(rooms)}")
        if p.offset < 0 or p.end > rooms[p.pool]:
            raise PlanError(
                f"buffer '{p.buffer.name}' lies at [{p.offset}, {p.end}) of {rooms[p.pool]} bytes"
            )
        if p.offset % p.buffer.align:
            raise PlanError(
                f"buffer '{p.buffer.name}' at {p.offset} is not aligned to {p.buffer.align} bytes"
            )
        item = 1 if p.buffer.kind in PER_OPERATOR else graph.tensors[p.buffer.name].item_bytes
        if p.offset % item:
            raise PlanError(f"buffer '{p.buffer.name}' at {p.offset} is not aligned to its elements")
    if plan.lower_bound_bytes > plan.arena_bytes:
        raise PlanError(
            f"the arena of {plan.arena_bytes} bytes is below its bound of {plan.lower_bound_bytes}"
        )


def _run(graph: Graph, schedule: Schedule, plan: MemoryPlan) -> None:
    arena = OwnedArena(graph, plan)
    calls = CallReplay(graph, arena)
    for name in graph.inputs:
        if name not in schedule.streamed:
            arena.fill(name)
    for stage in schedule.stages:
        streamed = streamed_into(graph, schedule, stage)
        if not streamed and runs_whole(graph, stage):
            op = graph.ops[stage.first]
            if not (isinstance(op, ops.Reshape) and arena.shares_bytes(op.inputs[0], op.output)):
                calls.compute(execute_whole(graph, stage.first))
            continue
        layout = lay_out_stage(graph, stage, streamed)
        arena.open_stage(layout)
        for op_index in layout.sums:
            arena.write_sums(graph.ops[op_index])
        for event in execute_stage(graph, layout):
            if isinstance(event, Move):
                arena.move(event)
            elif isinstance(event, Fetch):
                width = graph.tensors[event.target.tensor].hwc[1]
                arena.write(event.target, event.row, Interval(0, width))
            else:
                calls.replay(event)
    for name in graph.outputs:
        if not arena.is_complete(name):
            raise PlanError(f"output '{name}' of the model is damaged at the end")
