"""From what was asked for to a schedule with its memory plan: the one place where the two decisions meet."""

from __future__ import annotations

from dataclasses import dataclass

from mcupatch.divide_schedules import divide_arena, find_dividable
from mcupatch.errors import BadInput, Infeasible
from mcupatch.ir.graph import Graph
from mcupatch.memory.plan import MemoryPlan, Pool
from mcupatch.misses import explain_miss, hint_at_ends
from mcupatch.options import ByHand, FitBudget, LeastSram, Mode, PerLayer
from mcupatch.plan_schedules import SchedulePlanner
from mcupatch.schedule.by_hand import schedule_by_hand
from mcupatch.schedule.cost import total_macs
from mcupatch.schedule.stage import Schedule
from mcupatch.schedule.whole import plan_layer_by_layer
from mcupatch.schedule.work import INT8_WEIGHTS, WorkModel
from mcupatch.target.board import Board, arena_budget, load_board


@dataclass(frozen=True)
class Request:
    """What kind of schedule, the bytes that its arena may take (None: no limit), the inputs that come row by row.

    ``reserved_bytes`` of the same memory are for the stack and the data, which users count too. With ``pools``,
    memories in order of preference, the arena may be divided among them, and they are the limit. ``model``: what is
    taken for the least work.
    """

    mode: Mode
    budget_bytes: int | None = None
    streamed: tuple[str, ...] = ()
    pools: tuple[Pool, ...] = ()
    reserved_bytes: int = 0
    model: WorkModel = INT8_WEIGHTS

    @property
    def room_bytes(self) -> int | None:
        """Bytes for the arena in all memories; None: no limit."""
        return sum(pool.nbytes for pool in self.pools) if self.pools else self.budget_bytes

    @property
    def beside_bytes(self) -> int:
        """Bytes of the stack and the data in the same memories."""
        return self.reserved_bytes + sum(pool.reserved_bytes for pool in self.pools)

    @classmethod
    def from_options(
        cls, *, board: str | None, sram: int | None, grid: tuple[int, int] | None, ops: int | None
    ) -> Request:
        """``grid`` with ``ops`` by hand; else what fits ``board`` and ``sram`` bytes; else the smallest arena."""
        if (grid is None) != (ops is None):
            raise BadInput("A grid of patches and the number of operators in it belong together: give both.")
        mode: Mode = FitBudget()
        if grid is not None and ops is not None:
            mode = ByHand(ops, grid)
        if board is None and sram is None:
            return cls(LeastSram() if isinstance(mode, FitBudget) else mode)
        return cls.for_board(mode, load_board(board or "generic", sram))

    @classmethod
    def for_board(
        cls, mode: Mode, board: Board, streamed: tuple[str, ...] = (), model: WorkModel = INT8_WEIGHTS
    ) -> Request:
        """What fits the main RAM of ``board``."""
        beside = board.stack_bytes + board.statics_bytes
        return cls(mode, arena_budget(board), streamed, reserved_bytes=beside, model=model)


@dataclass(frozen=True)
class Decision:
    schedule: Schedule
    plan: MemoryPlan


def decide_schedule(graph: Graph, request: Request) -> Decision:
    """The schedule that ``request`` asks for, and its memory plan.

    Raises Infeasible, which says what is in the way and by how many bytes, if it is not legal or does not fit.
    """
    planner = SchedulePlanner(graph, request.streamed, request.model)
    try:
        schedule = _find_schedule(graph, request, planner)
        need, room = planner.arena_bytes(schedule), request.room_bytes
        if room is None or need <= room:
            divided = divide_arena(planner, schedule, request.pools) if request.pools else None
            return Decision(schedule, divided or planner.plan(schedule))
    except Infeasible as error:
        raise Infeasible(f"{error} {hint_at_ends(graph)}".rstrip(), error.arena_bytes) from error
    raise explain_miss(graph, schedule, request.mode, need, room, request.beside_bytes, request.pools)


def layer_by_layer_bytes(graph: Graph, streamed: tuple[str, ...] = ()) -> int:
    """The arena without any patches: what a schedule by hand has to beat."""
    return SchedulePlanner(graph).plan(plan_layer_by_layer(graph, streamed)).arena_bytes


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
