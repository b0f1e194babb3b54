"""Where the memory of a network goes, and what patching would give, before anything is built."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from mcupatch.ir.access import macs
from mcupatch.ir.graph import Graph
from mcupatch.options import ByHand
from mcupatch.plan_schedules import SchedulePlanner
from mcupatch.report.figures import LayerMemory, ScheduleFigures
from mcupatch.schedule.analytic import analytic_schedule_bytes
from mcupatch.schedule.bound import step_loads
from mcupatch.schedule.by_hand import schedule_by_hand
from mcupatch.schedule.cost import extra_macs, total_macs
from mcupatch.schedule.explain import describe_bottleneck, segment_grid, title_schedule
from mcupatch.schedule.holdings import lay_out_schedule
from mcupatch.schedule.paper_patches import full_patch_macs, input_patch
from mcupatch.schedule.stage import Schedule
from mcupatch.schedule.whole import plan_layer_by_layer
from mcupatch.scratch import find_schedule_scratch

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
    if by_hand is not None:
        tiled = [schedule_by_hand(graph, by_hand.ops, by_hand.grid, by_hand.halo)]
    else:
        tiled = [s for s in dict.fromkeys(planner.find_smallest(EXTRA_SHARES)) if s != plain]
    return Analysis(
        graph.name,
        describe_bottleneck(graph, plain, find_schedule_scratch(graph, plain)),
        tuple(_layers(graph, plain)),
        tuple(_figures(graph, schedule, planner) for schedule in (plain, *tiled)),
    )


def _layers(graph: Graph, plain: Schedule) -> Iterator[LayerMemory]:
    scratch = find_schedule_scratch(graph, plain)
    for load in step_loads(graph, plain):
        op = graph.ops[load.step]
        shape = graph.output_tensor(op).shape
        nbytes = load.nbytes + scratch[op.name]
        yield LayerMemory(load.step, op.name, op.kind, shape, nbytes, scratch[op.name])


def _figures(graph: Graph, schedule: Schedule, planner: SchedulePlanner) -> ScheduleFigures:
    layouts = [layout for layout in lay_out_schedule(graph, schedule) if layout is not None]
    whole = total_macs(graph)
    unclipped, patch, grid = 0, (0, 0), (1, 1)
    if layouts:
        ops = [graph.ops[i] for layout in layouts for i in layout.stage.operators]
        unclipped = sum(full_patch_macs(graph, layout) for layout in layouts) - sum(
            macs(graph, op) for op in ops
        )
        patch = input_patch(graph, layouts[0])
        grid = segment_grid(graph, layouts[0].stage.segments[0])
    return ScheduleFigures(
        title_schedule(graph, schedule),
        sum(len(layout.stage.operators) for layout in layouts),
        len(layouts),
        grid,
        planner.arena_bytes(schedule),
        analytic_schedule_bytes(graph, schedule).peak_bytes,
        whole,
        extra_macs(graph, schedule),
        unclipped,
        patch,
    )
