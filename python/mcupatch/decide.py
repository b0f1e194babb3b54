"""From what was asked for to a schedule with its memory plan: the one place where the two decisions meet."""

from __future__ import annotations

from dataclasses import dataclass

from mcupatch.divide_schedules import divide_arena, find_dividable
from mcupatch.errors import BadInput, Infeasible
from mcupatch.ir.graph import Graph
from mcupatch.memory.plan import MemoryPlan, Pool
from mcupatch.options import ByHand, FitBudget, LeastSram, Mode, PerLayer
from mcupatch.plan_schedules import SchedulePlanner
from mcupatch.schedule.by_hand import schedule_by_hand
from mcupatch.schedule.cost import total_macs
from mcupatch.schedule.explain import describe_bottleneck, describe_schedule
from mcupatch.schedule.stage import Schedule
from mcupatch.schedule.whole import plan_layer_by_layer
from mcupatch.target.board import arena_budget, load_board
from mcupatch.target.sizes import format_size


@dataclass(frozen=True)
class Request:
    """What kind of schedule, the bytes that its arena may take (None: no limit), the inputs that come row by row.

    With ``pools``, memories in order of preference, the arena may be divided among them, and they are the limit.
    """

    mode: Mode
    budget_bytes: int | None = None
    streamed: tuple[str, ...] = ()
    pools: tuple[Pool, ...] = ()

    @classmethod
    def from_options(
        cls, *, board: str | None, sram: int | None, grid: tuple[int, int] | None, ops: int | None
    ) -> Request:
        """``grid`` with ``ops`` by hand; else what fits ``board`` and ``sram`` bytes; else the smallest arena."""
        if (grid is None) != (ops is None):
            raise BadInput("A grid of patches and the number of operators in it belong together: give both.")
        budget = (
            None if board is None and sram is None else arena_budget(load_board(board or "generic", sram))
        )
        if grid is not None and ops is not None:
            return cls(ByHand(ops, grid), budget)
        return cls(LeastSram() if budget is None else FitBudget(), budget)


@dataclass(frozen=True)
class Decision:
    schedule: Schedule
    plan: MemoryPlan


def decide_schedule(graph: Graph, request: Request) -> Decision:
    """The schedule that ``request`` asks for, and its memory plan.

    Raises Infeasible, which says what is in the way and by how many bytes, if it is not legal or does not fit.
    """
    planner = SchedulePlanner(graph, request.streamed)
    try:
        schedule = _find_schedule(graph, request, planner)
        if request.pools:
            return Decision(schedule, divide_arena(planner, schedule, request.pools))
    except Infeasible as error:
        raise Infeasible(f"{error}{hint_at_ends(graph)}", error.arena_bytes) from error
    plan = planner.plan(schedule)
    if request.budget_bytes is not None and plan.arena_bytes > request.budget_bytes:
        raise Infeasible(
            f"The arena of this schedule, {describe_schedule(graph, schedule)}, takes {format_size(plan.arena_bytes)} "
            f"and {format_size(request.budget_bytes)} are there: {plan.arena_bytes - request.budget_bytes} bytes too "
            f"many, most of it at {describe_bottleneck(graph, schedule)}. Leave the schedule to mcupatch, or try smaller "
            "patches.",
            plan.arena_bytes,
        )
    return Decision(schedule, plan)


def layer_by_layer_bytes(graph: Graph, streamed: tuple[str, ...] = ()) -> int:
    """The arena without any patches: what a schedule by hand has to beat."""
    return SchedulePlanner(graph).plan(plan_layer_by_layer(graph, streamed)).arena_bytes


def hint_at_ends(graph: Graph) -> str:
    """Float inputs take four times their int8 bytes, and what reorders them cannot run in patches."""
    if all(graph.tensors[name].dtype != "float32" for name in graph.inputs):
        return ""
    return (
        " The model takes float input: --io int8 (io='int8') leaves out that end and takes the int8 values."
    )


def _find_schedule(graph: Graph, request: Request, planner: SchedulePlanner) -> Schedule:
    mode = request.mode
    if isinstance(mode, PerLayer):
        return plan_layer_by_layer(graph, planner.streamed)
    if isinstance(mode, ByHand):
        return schedule_by_hand(graph, mode.ops, mode.grid, mode.halo, planner.streamed)
    if isinstance(mode, FitBudget) and request.pools:
        return find_dividable(planner, request.pools)
    if isinstance(mode, FitBudget) and request.budget_bytes is not None:
        return planner.find_fitting(request.budget_bytes)
    share = mode.max_extra_macs if isinstance(mode, LeastSram) else None
    return planner.find_least(None if share is None else int(share * total_macs(graph)))
