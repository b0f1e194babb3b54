"""The patch stage of a network of blocks: the first so many blocks in a grid of patches, as the MCUNetV2 paper runs it."""

from __future__ import annotations

from mcupatch.errors import BadInput, Infeasible
from mcupatch.ir.graph import Graph
from mcupatch.model_file import ModelFile
from mcupatch.pipeline import read_graph
from mcupatch.redistribution.search import PatchCost
from mcupatch.schedule.analytic import analytic_schedule_bytes
from mcupatch.schedule.by_hand import schedule_by_hand
from mcupatch.schedule.cost import extra_macs
from mcupatch.schedule.holdings import lay_out_schedule
from mcupatch.schedule.paper_patches import full_patch_macs, input_patch
from mcupatch.zoo.blocks import Network
from mcupatch.zoo.expand import count_macs, expand_layers
from mcupatch.zoo.skeleton import build_skeleton

GRIDS = ((2, 2), (3, 3), (4, 4))  # the paper's; those looked through where none is asked for
MOST_OVERHEAD = 0.25  # a stage that computes more of the network twice is chosen only where there is no other


def build_graph(network: Network) -> Graph:
    """The graph of ``network``, without weights of its own."""
    return read_graph(ModelFile(network.file_stem, ".tflite", build_skeleton(network)), "int8")


def count_operators(network: Network, blocks: int) -> int:
    """Operators of the first ``blocks`` blocks."""
    names = tuple(f"b{number}_" for number in range(blocks))
    return sum(layer.name.startswith(names) for layer in expand_layers(network))


def measure_patches(network: Network, blocks: int, grid: tuple[int, int]) -> PatchCost:
    """The first ``blocks`` blocks in ``grid`` patches. Raises Infeasible where they cannot run so."""
    graph = build_graph(network)
    ops = count_operators(network, blocks)
    schedule = schedule_by_hand(graph, ops, grid)
    layouts = [layout for layout in lay_out_schedule(graph, schedule) if layout is not None]
    stage = sum(layer.macs for layer in expand_layers(network)[:ops])
    return PatchCost(
        max((max(input_patch(graph, layout)) for layout in layouts), default=max(network.input_shape[:2])),
        stage,
        sum(full_patch_macs(graph, layout) for layout in layouts) if layouts else stage,
        stage + extra_macs(graph, schedule),
        count_macs(network),
        analytic_schedule_bytes(graph, schedule).peak_bytes,
    )


def choose_patch_stage(
    network: Network, blocks: int | None = None, grid: tuple[int, int] | None = None
) -> tuple[int, tuple[int, int]]:
    """Blocks and grid of the least analytic peak, then of the least overlap, with what is given fixed.

    Raises BadInput for a number of blocks that the network has not and for a grid of one patch, Infeasible where no
    stage is possible.
    """
    if blocks is not None and not 1 <= blocks <= len(network.blocks):
        raise BadInput(f"Cannot patch the first {blocks} blocks: {network.name} has {len(network.blocks)}.")
    if grid == (1, 1):
        raise BadInput("A grid of 1x1 is the whole picture: give one with more patches, such as 3x3.")
    found = []
    reason: Infeasible | None = None
    for count in range(1, len(network.blocks) + 1) if blocks is None else (blocks,):
        for each in GRIDS if grid is None else (grid,):
            try:
                cost = measure_patches(network, count, each)
            except Infeasible as error:
                reason = error
            else:
                found.append((cost.overhead > MOST_OVERHEAD, cost.peak_bytes, cost.overhead, count, each))
    if not found:
        raise Infeasible(f"{network.name} has no such patch stage: {reason}")
    *_, count, chosen = min(found)
    return count, chosen
