"""What the MCUNetV2 paper says (Lin et al., arXiv 2110.15352): the figures that ours stand beside."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Table1Row:
    """Patches of 4x4. Overheads in percent of the stage and of the network; memory in the paper's kB, which are KiB."""

    network: str
    patch_pixels: int
    stage_percent: int
    overall_percent: int
    stage_macs_millions: int
    macs_millions: int
    per_layer_kb: int
    per_patch_kb: int


TABLE_1 = (
    Table1Row("mobilenet_v2", 75, 42, 10, 130, 330, 1372, 172),
    Table1Row("mbv2_rd", 63, 18, 3, 73, 301, 1372, 172),
)
FIGURE_1_PEAK_KB, FIGURE_1_OTHERS_KB = (
    1372,
    172,
)  # layer by layer: the first five blocks are above 450, no other above this
FIGURE_1_HEAVY_BLOCKS, FIGURE_1_HEAVY_KB = 5, 450
FIGURE_5_REDUCTION = (3.7, 8.0)  # times
FIGURE_5_OVERHEAD = (8, 17)  # percent
FIGURE_6_REDUCTION = (4, 6)  # times, measured on an STM32F746
FIGURE_6_RD_LATENCY_PERCENT = 4
FIGURE_8_BLOCKS, FIGURE_8_GRID = 5, 4
