"""The fronts of a network's schedules as a picture: one SVG file with a panel for each, from the template beside it."""

from __future__ import annotations

from pathlib import Path

import jinja2

from mcupatch.report import front_panel
from mcupatch.report.figures import Fronts, PlannedPoint
from mcupatch.report.front_panel import lay_out_panel

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
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(TEMPLATE).render(name=fronts.name, panels=panels, frame=front_panel)
