"""Figure 8: the peak of MobileNetV2 against the blocks in patches, and both figures against the number of patches."""

from __future__ import annotations

from mcupatch.errors import Infeasible
from mcupatch.paper import published
from mcupatch.paper.item import Cell, Chart, PaperItem, Series
from mcupatch.patch_stage import measure_patches
from mcupatch.redistribution.search import PatchCost
from mcupatch.zoo.networks import find_network

MOST_BLOCKS, GRIDS = 9, (2, 3, 4, 5, 6)


def redo_figure_8() -> PaperItem:
    network = find_network("mobilenet_v2")
    costs: dict[tuple[int, int], PatchCost] = {}
    for blocks in range(1, MOST_BLOCKS + 1):
        for side in GRIDS:
            try:
                costs[blocks, side] = measure_patches(network, blocks, (side, side))
            except Infeasible:
                continue
    best_blocks, best_side = min(costs, key=lambda key: (costs[key].peak_bytes, costs[key].overhead))
    rows: list[tuple[Cell, ...]] = [
        (blocks, f"{side}x{side}", cost.peak_bytes / 1024, 100 * cost.overhead, cost.pixels)
        for (blocks, side), cost in costs.items()
    ]
    blocks_labels = tuple(str(n) for n in range(1, MOST_BLOCKS + 1))
    sides_labels = tuple(f"{side}x{side}" for side in GRIDS)
    return PaperItem(
        "figure_8",
        "MobileNetV2: peak and overlap against the blocks n in patches and the p x p patches",
        "The paper's analytic peak in KiB; overlap of clipped patches in percent of the network's MACs.",
        ("n", "patches", "peak KiB", "overlap %", "patch, pixels"),
        tuple(rows),
        f"Paper: n = {published.FIGURE_8_BLOCKS} and p = {published.FIGURE_8_GRID} are best. Here: n = "
        f"{best_blocks} and p = {best_side}: the least peak, and of those the least overlap.",
        (
            Chart(
                "Peak against the blocks in patches",
                "KiB",
                blocks_labels,
                tuple(
                    Series(
                        f"{side}x{side}",
                        tuple(_peak(costs, (n, side)) for n in range(1, MOST_BLOCKS + 1)),
                    )
                    for side in (2, 3, 4)
                ),
                "blocks in patches",
                lines=True,
            ),
            Chart(
                "Overlap against the number of patches",
                "% of the MACs",
                sides_labels,
                tuple(
                    Series(f"{n} blocks", tuple(_overlap(costs, (n, side)) for side in GRIDS))
                    for n in (4, 5, 6)
                ),
                "patches",
                lines=True,
            ),
        ),
    )


def _peak(costs: dict[tuple[int, int], PatchCost], key: tuple[int, int]) -> float | None:
    return costs[key].peak_bytes / 1024 if key in costs else None


def _overlap(costs: dict[tuple[int, int], PatchCost], key: tuple[int, int]) -> float | None:
    return 100 * costs[key].overhead if key in costs else None
