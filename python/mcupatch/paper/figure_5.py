"""Figure 5: what patches do for the memory and the work of well-known backbones."""

from __future__ import annotations

from mcupatch.paper import published
from mcupatch.paper.item import Cell, Chart, PaperItem, Series
from mcupatch.paper.kept_halos import DEFINITION, keep_halos
from mcupatch.patch_stage import build_graph, choose_patch_stage, measure_patches
from mcupatch.schedule.analytic import analytic_per_layer_bytes
from mcupatch.zoo.networks import find_network

GRID, PIXELS = (4, 4), 224
BACKBONES = {
    "MobileNetV2": "mobilenet_v2",
    "MnasNet-B1": "mnasnet_b1",
    "FBNet-A": "fbnet_a_paper",
    "OFA-CPU": "ofa_cpu_10ms",
}
OTHERS = {"MbV2-RD": "mbv2_rd", "MnasNet-A1": "mnasnet_a1", "ProxylessNAS": "proxyless_mobile"}
HEAD = (
    "network", "blocks in patches", "layer by layer KiB", "in patches KiB", "times less", "overlap %",
    "halos kept: arena KiB", "times less than layer by layer", "extra MACs",
)  # fmt: skip


def redo_figure_5() -> PaperItem:
    rows = [_row(title, name) for title, name in (BACKBONES | OTHERS).items()]
    papers = rows[: len(BACKBONES)]
    times, overlaps = [_number(row[4]) for row in papers], [_number(row[5]) for row in papers]
    labels = tuple(str(row[0]) for row in rows)
    low, high = published.FIGURE_5_REDUCTION
    least, most = published.FIGURE_5_OVERHEAD
    return PaperItem(
        "figure_5",
        "Peak memory and overlap of the backbones at 224 pixels, 4x4 patches",
        "The paper's analytic peak, and the MACs that clipped patches compute twice in percent of the "
        "network's. Blocks in patches: the number of the least peak, then of the least overlap. The "
        f"paper names its networks as families; those taken here are in the first {len(BACKBONES)} "
        f"rows, the others stand beside them. {DEFINITION}",
        HEAD,
        tuple(rows),
        f"Paper: {low:g} to {high:g} times less, {least} to {most} % overlap. Here: {min(times):.1f} to "
        f"{max(times):.1f} times, {min(overlaps):.0f} to {max(overlaps):.0f} %.",
        (
            Chart(
                "Peak memory",
                "KiB",
                labels,
                tuple(
                    Series(title, tuple(_number(row[column]) for row in rows))
                    for title, column in (
                        ("layer by layer", 2),
                        ("4x4 patches", 3),
                        ("halos kept (arena)", 6),
                    )
                ),
            ),
            Chart(
                "Computed twice",
                "% of the MACs",
                labels,
                (
                    Series("4x4 patches", tuple(_number(row[5]) for row in rows)),
                    Series("halos kept", (0.0,) * len(rows)),
                ),
            ),
        ),
    )


def _row(title: str, name: str) -> tuple[Cell, ...]:
    network = find_network(name, PIXELS)
    graph = build_graph(network)
    blocks, _ = choose_patch_stage(network, grid=GRID)
    cost = measure_patches(network, blocks, GRID)
    plain = analytic_per_layer_bytes(graph).peak_bytes
    kept = keep_halos(graph)
    return (
        title,
        blocks,
        plain / 1024,
        cost.peak_bytes / 1024,
        plain / cost.peak_bytes,
        100 * cost.overhead,
        kept.arena_bytes / 1024,
        plain / kept.arena_bytes,
        kept.extra_macs,
    )


def _number(cell: Cell) -> float:
    assert isinstance(cell, int | float)
    return float(cell)
