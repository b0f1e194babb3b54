"""Figure 1: the memory of each block of MobileNetV2, layer by layer and in 4x4 patches."""

from __future__ import annotations

from collections.abc import Sequence

from mcupatch.ir.graph import Graph
from mcupatch.paper import published
from mcupatch.paper.item import Chart, PaperItem, Series
from mcupatch.paper.kept_halos import DEFINITION, keep_halos
from mcupatch.patch_stage import build_graph, count_operators
from mcupatch.schedule.analytic import analytic_per_layer_bytes, analytic_schedule_bytes
from mcupatch.schedule.by_hand import schedule_by_hand
from mcupatch.zoo.blocks import Network
from mcupatch.zoo.networks import find_network

BLOCKS, GRID = published.FIGURE_8_BLOCKS, (published.FIGURE_8_GRID,) * 2


def redo_figure_1() -> PaperItem:
    network = find_network("mobilenet_v2")
    graph = build_graph(network)
    patched = schedule_by_hand(graph, count_operators(network, BLOCKS), GRID)
    kept = keep_halos(graph)
    per_layer, per_patch, with_kept = (
        _by_block(network, graph, loads)
        for loads in (
            analytic_per_layer_bytes(graph).per_op_bytes,
            analytic_schedule_bytes(graph, patched).per_op_bytes,
            analytic_schedule_bytes(graph, kept.schedule).per_op_bytes,
        )
    )
    labels = (*(str(number) for number in range(len(network.blocks))), "head")
    heavy = sum(value > published.FIGURE_1_HEAVY_KB for value in per_layer)
    return PaperItem(
        "figure_1",
        "Memory of each block of MobileNetV2, KiB",
        "The paper's analytic definition: int8 activations alive, depthwise in place, the skip "
        f"accumulated into; the largest layer of a block. Patches: 4x4 over the first {BLOCKS} blocks. "
        "Kept halos by the same definition; that schedule's planned arena is "
        f"{kept.arena_bytes / 1024:.1f} KiB. {DEFINITION}",
        ("block", "layer by layer", "4x4 patches", "halos kept"),
        tuple(zip(labels, per_layer, per_patch, with_kept)),
        f"Paper: {published.FIGURE_1_HEAVY_BLOCKS} blocks above {published.FIGURE_1_HEAVY_KB} kB, peak "
        f"{published.FIGURE_1_PEAK_KB} kB, {published.FIGURE_1_OTHERS_KB} kB in patches. Here: {heavy} "
        f"blocks above {published.FIGURE_1_HEAVY_KB} KiB, peak {max(per_layer):.1f} KiB, "
        f"{max(per_patch):.1f} KiB in patches.",
        (
            Chart(
                "MobileNetV2, block by block",
                "KiB",
                labels,
                (
                    Series("layer by layer", per_layer),
                    Series("4x4 patches", per_patch),
                    Series("halos kept", with_kept),
                ),
                "block",
                reference=256,
                reference_title="256 KiB",
            ),
        ),
    )


def _by_block(network: Network, graph: Graph, loads: Sequence[int]) -> tuple[float, ...]:
    """KiB of the largest operator of every block, then of the head."""
    ends = [
        0,
        *(count_operators(network, number + 1) for number in range(len(network.blocks))),
        len(graph.ops),
    ]
    return tuple(max(loads[first:last]) / 1024 for first, last in zip(ends, ends[1:]))
