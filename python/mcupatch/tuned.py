"""What a compilation takes from a tuning database: the best measured schedule that fits, or the reason for none.

It is taken only where the schedule that a compilation takes untuned was measured too: else it might be worse.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mcupatch import __version__
from mcupatch.decide import Decision
from mcupatch.firmware.toolchain import Toolchain
from mcupatch.ir.graph import Graph
from mcupatch.model_file import ModelFile
from mcupatch.native import runtime_dir
from mcupatch.options import CompileOptions
from mcupatch.packing.kernel_choice import KernelChoice
from mcupatch.packing.wide_weights import widen_chosen
from mcupatch.plan_schedules import SchedulePlanner
from mcupatch.source_digest import digest_sources
from mcupatch.target.board import Board, arena_budget
from mcupatch.tuning.database import Database
from mcupatch.tuning.record import Record, Task


@dataclass(frozen=True, eq=False)
class TunedChoice:
    """``decision`` and the ``kernels`` by operator name, or None where nothing can be taken; ``remark`` says it."""

    remark: str
    decision: Decision | None = None
    kernels: Mapping[str, KernelChoice] | None = None


def make_task(source: ModelFile, options: CompileOptions, board: Board, toolchain: Toolchain) -> Task:
    """What the measurements of a compilation belong to."""
    scaling = None
    if options.input_scale is not None and options.input_offset is not None:
        scaling = (options.input_scale, options.input_offset)
    return Task(
        source.digest,
        options.io,
        options.stream_input,
        scaling,
        board.core,
        toolchain.identity,
        __version__,
        digest_sources(runtime_dir()),
        options.flash_bytes,
        options.input_format,
        options.jpeg_bytes,
    )


def find_tuned(database: Database, task: Task, graph: Graph, untuned: Decision, board: Board) -> TunedChoice:
    """The best schedule of ``database`` on ``board``, or why it is ``untuned`` that is taken."""
    records = database.of(task)
    if not records:
        return TunedChoice(f"The tuning database was not used: {database.explain_miss(task)}.")
    plain = [record for record in records if record.schedule == untuned.schedule]
    if not plain:
        return TunedChoice(
            "The tuning database was not used: what fits this budget untuned was not measured; tune for this budget."
        )
    planner = SchedulePlanner(graph, untuned.schedule.streamed)
    budget_bytes, before = arena_budget(board), min(record.cost for record in plain)
    for record in sorted(records, key=lambda record: record.cost):
        if record.cost >= before:
            break
        if record.flash_bytes <= board.flash_bytes and planner.arena_bytes(record.schedule) <= budget_bytes:
            decision = Decision(record.schedule, planner.plan(record.schedule))
            return TunedChoice(
                _praise(record, before, database.cost), decision, widen_chosen(graph, record.wide)
            )
    return TunedChoice("The tuning database holds nothing better than the schedule that is taken without it.")


def _praise(record: Record, before: int, cost: str) -> str:
    kind = "modelled cycles" if cost == "cycles" else "instructions"
    return f"Tuned: {record.cost:,} {kind} when it was measured, {1 - record.cost / before:.1%} fewer than untuned."
