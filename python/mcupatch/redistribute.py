"""Redistributes the receptive field of a network of blocks, and shows what that buys in each kind of schedule."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from mcupatch.errors import Infeasible
from mcupatch.ir.graph import Graph
from mcupatch.patch_stage import build_graph, count_operators, measure_patches
from mcupatch.plan_schedules import SchedulePlanner
from mcupatch.redistribution.balance import count_totals
from mcupatch.redistribution.edits import Edit, describe_change
from mcupatch.redistribution.search import PatchCost, Redistribution, redistribute_network
from mcupatch.report.redistribution_figures import NetworkFigures, RedistributionFigures, ScheduleCost
from mcupatch.schedule.by_hand import schedule_by_hand
from mcupatch.schedule.cost import extra_macs, total_macs
from mcupatch.schedule.stage import Schedule
from mcupatch.schedule.whole import plan_layer_by_layer
from mcupatch.zoo.blocks import Network

MORE_MACS = 0.05  # of the schedule that may compute a little twice
SUFFIX = "_rd"


def redistribute(
    network: Network, blocks: int, grid: tuple[int, int], most_overhead: float, tolerance: float
) -> Redistribution:
    """The least change of the first ``blocks`` blocks after which ``grid`` patches add at most ``most_overhead``.

    Or the one of the least overlap. Raises Infeasible where there is nothing to gain, or where no change can be
    made up for later within ``tolerance``.
    """
    overhead = measure_patches(network, blocks, grid).overhead
    if overhead <= most_overhead:
        raise Infeasible(
            f"The patches of {network.name} compute {overhead:.1%} twice, no more than the {most_overhead:.1%} that "
            "are asked for: nothing is to be redistributed. Ask for less with --max-overhead."
        )

    def measure(changed: Network, left: int) -> PatchCost | None:
        try:
            return measure_patches(changed, left, grid)
        except Infeasible:
            return None

    found = redistribute_network(network, blocks, most_overhead, tolerance, measure)
    if found is None or found.cost.overhead >= overhead:
        raise Infeasible(
            f"No change of the first {blocks} blocks of {network.name} lessens the overlap and can be made up for "
            f"later within {tolerance:.0%}: give a larger --tolerance, or another stage with --blocks."
        )
    return replace(found, network=replace(found.network, name=network.name + SUFFIX))


def compare_networks(
    network: Network, blocks: int, grid: tuple[int, int], found: Redistribution, stream_input: bool
) -> RedistributionFigures:
    """Figures of ``network`` before and after ``found``."""
    cost = measure_patches(network, blocks, grid)
    return RedistributionFigures(
        _figures(network, blocks, grid, cost, stream_input),
        _figures(found.network, found.blocks, grid, found.cost, stream_input),
        tuple(describe_edits(network, found.early)),
        tuple(describe_edits(network, found.late)),
    )


def describe_edits(network: Network, edits: Iterable[Edit]) -> Iterator[str]:
    """A sentence an edit; the same edit twice is one sentence."""
    counts: dict[Edit, int] = {}
    for edit in edits:
        counts[edit] = counts.get(edit, 0) + 1
    for edit, count in counts.items():
        times = f", {count} times" if count > 1 else ""
        yield f"block {edit.block}: {describe_change(network, edit)}{times}"


def _figures(
    network: Network, blocks: int, grid: tuple[int, int], cost: PatchCost, stream_input: bool
) -> NetworkFigures:
    graph = build_graph(network)
    totals = count_totals(network)
    return NetworkFigures(
        network.name,
        blocks,
        grid,
        totals.macs,
        totals.receptive_field,
        totals.parameters,
        cost.pixels,
        cost.stage_overhead,
        cost.overhead,
        cost.peak_bytes,
        tuple(_schedule_costs(graph, count_operators(network, blocks), grid, stream_input)),
    )


def _schedule_costs(
    graph: Graph, ops: int, grid: tuple[int, int], stream_input: bool
) -> Iterator[ScheduleCost]:
    streamed = tuple(graph.inputs) if stream_input else ()
    planner = SchedulePlanner(graph, streamed)

    def cost_of(title: str, schedule: Schedule) -> ScheduleCost:
        return ScheduleCost(
            title,
            planner.arena_bytes(schedule),
            total_macs(graph),
            extra_macs(graph, schedule),
            planner.instructions(schedule),
        )

    yield cost_of("layer by layer", plan_layer_by_layer(graph))
    yield cost_of(f"{grid[0]}x{grid[1]} patches", schedule_by_hand(graph, ops, grid))
    yield cost_of("halos kept", planner.find_least(0))
    yield cost_of(f"{MORE_MACS:.0%} MACs more", planner.find_least(int(MORE_MACS * total_macs(graph))))
