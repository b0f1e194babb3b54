"""The schedule and the memory plan of a compiled model, read back from its figures."""

from __future__ import annotations

from mcupatch.divide_schedules import divide_arena
from mcupatch.errors import BadInput, Infeasible
from mcupatch.memory.plan import MemoryPlan, Pool
from mcupatch.plan_schedules import SchedulePlanner
from mcupatch.result import Result
from mcupatch.schedule.stage import Schedule, Segment, Stage


def rebuild_schedule(result: Result) -> Schedule:
    """The schedule that ``describe_stages`` described."""
    stages = tuple(
        Stage(
            tuple(
                Segment(
                    *segment.ops,
                    segment.tile,
                    segment.recomputed_rows,
                    segment.recomputed_cols,
                    segment.early,
                )
                for segment in stage.segments
            )
        )
        for stage in result.schedule
    )
    return Schedule(stages, tuple(port.name for port in result.model.input if port.streamed))


def rebuild_plan(planner: SchedulePlanner, schedule: Schedule, result: Result) -> MemoryPlan:
    """The plan of ``schedule``, made again. Raises BadInput where it is not the one that was compiled."""
    pools = tuple(Pool(pool.memory, pool.bytes) for pool in result.memory.pools)
    try:
        plan = divide_arena(planner, schedule, pools) if len(pools) > 1 else planner.plan(schedule)
    except Infeasible as error:
        raise BadInput(f"This model was compiled by another version ({error}); compile it again.") from error
    if plan.arena_bytes != result.memory.arena_bytes:
        raise BadInput(
            f"This model was compiled by another version: its arena of {result.memory.arena_bytes} bytes would now have "
            f"{plan.arena_bytes}. Compile it again."
        )
    return plan
