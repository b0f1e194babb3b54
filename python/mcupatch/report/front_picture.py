"""The fronts of a network's schedules as a picture: one SVG file with a panel for each, from the template beside it."""

from __future__ import annotations

from mcupatch.report import front_panel
from mcupatch.report.figures import Fronts, PlannedPoint
from mcupatch.report.front_panel import lay_out_panel
from mcupatch.report.svg_template import render_svg

TEMPLATE = "front_picture.svg.j2"


def draw_fronts(fronts: Fronts) -> str:
    """SVG text: the arena against extra MACs on the left, against predicted instructions on the right."""

    def extra_percent(point: PlannedPoint) -> float:
        return 100 * point.extra_macs / max(fronts.macs, 1)

    def mega_instructions(point: PlannedPoint) -> float:
        return point.predicted_instructions / 1e6

    panels = (
        lay_out_panel("SRAM against extra MACs", "extra MACs, %", fronts, fronts.by_macs, extra_percent),
        lay_out_panel(
            "SRAM against instructions, halos kept",
            "predicted instructions, M",
            fronts,
            fronts.by_instructions,
            mega_instructions,
        ),
    )
    return render_svg(TEMPLATE, name=fronts.name, panels=panels, frame=front_panel)
