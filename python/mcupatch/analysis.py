"""Where the memory of a network goes, and what patching would give, before anything is built."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from mcupatch.decide import SchedulePlanner
from mcupatch.ir.graph import Graph
from mcupatch.options import ByHand
from mcupatch.report.figures import LayerMemory, ScheduleFigures
from mcupatch.schedule.analytic import analytic_schedule_bytes
from mcupatch.schedule.bound import step_loads
from mcupatch.schedule.candidates import plan_layer_by_layer
from mcupatch.schedule.choose import schedule_by_hand, smallest_schedules
from mcupatch.schedule.cost import extra_macs, full_patch_macs, input_patch, stage_macs, total_macs
from mcupatch.schedule.explain import describe_bottleneck
from mcupatch.schedule.stage import Schedule, Stage

# The shares of extra MACs for which the smallest arena is shown; None is "whatever it takes".
EXTRA_SHARES = (0.02, 0.05, 0.10, 0.20, None)


@dataclass(frozen=True)
class Analysis:
    """``layers`` when every operator runs whole; ``schedules`` begins with layer by layer."""

    name: str
    bottleneck: str
    layers: tuple[LayerMemory, ...]
    schedules: tuple[ScheduleFigures, ...]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def analyze_graph(graph: Graph, by_hand: ByHand | None = None) -> Analysis:
    """Memory per layer, and the figures of the schedule ``by_hand``, or of the best ones if it is None.

    Raises Infeasible if ``by_hand`` is not legal for this network.
    """
    planner = SchedulePlanner(graph)
    plain = plan_layer_by_layer(graph)
    patched = (
        [schedule_by_hand(graph, by_hand.ops, by_hand.grid)] if by_hand else _best_schedules(graph, planner)
    )
    return Analysis(
        graph.name,
        describe_bottleneck(graph, plain),
        tuple(_layers(graph, plain, planner)),
        tuple(_figures(graph, schedule, planner) for schedule in (plain, *patched)),
    )


def _layers(graph: Graph, plain: Schedule, planner: SchedulePlanner) -> Iterator[LayerMemory]:
    for load in step_loads(graph, plain):
        op = graph.ops[load.step]
        scratch = planner.scratch_bytes(op.name)
        shape = graph.output_tensor(op).shape
        yield LayerMemory(load.step, op.name, op.kind, shape, load.nbytes + scratch, scratch)


def _best_schedules(graph: Graph, planner: SchedulePlanner) -> list[Schedule]:
    """The smallest arena for each share of extra MACs; schedules that gain nothing more are left out."""
    found: dict[Stage, Schedule] = {}
    whole = total_macs(graph)
    limits = [None if share is None else int(share * whole) for share in EXTRA_SHARES]
    for schedule in smallest_schedules(graph, planner.arena_bytes, limits):
        if schedule.patched is not None:
            found[schedule.patched] = schedule
    return list(found.values())


def _figures(graph: Graph, schedule: Schedule, planner: SchedulePlanner) -> ScheduleFigures:
    stage = schedule.patched
    whole = total_macs(graph)
    unclipped, patch = 0, (0, 0)
    if stage is not None:
        whole_stage = sum(stage_macs(graph, s) for s in plan_layer_by_layer(graph).stages[: stage.last + 1])
        unclipped = full_patch_macs(graph, stage) - whole_stage
        patch = input_patch(graph, stage)
    return ScheduleFigures(
        stage.last + 1 if stage else 0,
        stage.grid if stage else (1, 1),
        planner.plan(schedule).arena_bytes,
        analytic_schedule_bytes(graph, schedule).peak_bytes,
        whole,
        extra_macs(graph, schedule),
        unclipped,
        patch,
    )
