"""What to try next with a compiled model: each with the figure that it would give."""

from __future__ import annotations

from collections.abc import Iterator

from mcupatch.errors import McupatchError
from mcupatch.ir.graph import Graph
from mcupatch.misses import hint_at_ends
from mcupatch.plan_schedules import SchedulePlanner
from mcupatch.report.figures import Fronts
from mcupatch.report.operator_costs import OperatorCosts
from mcupatch.report.page.figures import Advice
from mcupatch.report.units import format_kib
from mcupatch.result import Result
from mcupatch.schedule.cost import extra_macs
from mcupatch.schedule.stage import Schedule
from mcupatch.schedule.streaming import find_streamed_inputs

WORTH = 0.03  # a smaller gain is not worth a row
LEFT_FLASH = 64 << 10
LARGE_SHARE = 0.15


def advise(
    graph: Graph,
    schedule: Schedule,
    result: Result,
    planner: SchedulePlanner,
    fronts: Fronts,
    costs: OperatorCosts,
    board_flash: int,
) -> Iterator[Advice]:
    """The most useful first; at least one."""
    arena = result.memory.arena_bytes
    yield from _less_memory(graph, schedule, arena, planner)
    yield from _less_work(graph, schedule, planner, fronts)
    hint = hint_at_ends(graph)
    if hint:
        yield Advice("Take int8 values", hint, "mcupatch compile MODEL --io int8 ...")
    measured = result.measured
    if (
        measured is not None
        and measured.flash_bytes is not None
        and board_flash - measured.flash_bytes > LEFT_FLASH
    ):
        left = board_flash - measured.flash_bytes
        yield Advice(
            "Spend flash on speed",
            f"{format_kib(left)} KiB of the flash are free: with a budget, weights that gain most are stored as int16.",
            f"mcupatch compile MODEL --flash {board_flash // 1024}KiB ...",
        )
    largest = max(costs.operators, key=lambda each: each.cost.instructions)
    if costs.share(largest.cost) > LARGE_SHARE:
        yield Advice(
            "The costliest operator",
            f"Operator {largest.index} ({largest.title}) takes {costs.share(largest.cost):.0%} of the "
            "instructions: a change of the network there pays most.",
            "mcupatch bench DIR",
        )
    yield Advice(
        "Another network",
        "Patches that see less of the picture overlap less: redistribute shows it for "
        "zoo:NAME and .json definitions, not for a trained file.",
        "mcupatch redistribute NETWORK",
    )


def _less_memory(graph: Graph, schedule: Schedule, arena: int, planner: SchedulePlanner) -> Iterator[Advice]:
    least = planner.find_least(0)
    need = planner.arena_bytes(least)
    if need < (1 - WORTH) * arena:
        yield Advice(
            "Less SRAM",
            f"{format_kib(need)} KiB of arena instead of {format_kib(arena)}, with nothing computed twice.",
            "mcupatch compile MODEL --least-sram --max-extra-macs 0% ...",
        )
    if schedule.streamed:
        return
    try:
        streamed = find_streamed_inputs(graph)
        other = SchedulePlanner(graph, streamed)
        need = other.arena_bytes(other.find_least(0))
    except McupatchError:
        return
    if need < (1 - WORTH) * arena:
        yield Advice(
            "Stream the picture",
            f"Row by row through a callback it needs no buffer: {format_kib(need)} KiB of arena instead of "
            f"{format_kib(arena)}.",
            "mcupatch compile MODEL --stream-input --least-sram --max-extra-macs 0% ...",
        )


def _less_work(
    graph: Graph, schedule: Schedule, planner: SchedulePlanner, fronts: Fronts
) -> Iterator[Advice]:
    """The cheapest schedule of the front that fits the budget."""
    budget = fronts.budget_bytes or 0
    now = planner.instructions(schedule)
    plain = [fronts.layer_by_layer] if fronts.layer_by_layer is not None else []
    fitting = [p for p in (*plain, *fronts.by_instructions) if p.arena_bytes <= budget]
    if not fitting:
        return
    best = min(fitting, key=lambda point: point.predicted_instructions)
    if best.predicted_instructions < (1 - WORTH) * now:
        gain = 1 - best.predicted_instructions / now
        extra = extra_macs(graph, schedule)
        why = " and computes nothing twice" if extra and not best.extra_macs else ""
        yield Advice(
            "Fewer instructions",
            f"{gain:.0%} fewer, as predicted, in {format_kib(best.arena_bytes)} KiB of arena ({best.title}){why}; the "
            "board has room for it.",
            "mcupatch compile MODEL ...   (without --least-sram, --grid)",
        )
