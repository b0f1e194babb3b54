"""The network from top to bottom: each operator a box, boxes of one stage on one ground, skips as arcs beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mcupatch.report.page.figures import StepMemory
from mcupatch.report.page.palette import stage_colour
from mcupatch.report.svg_template import render_svg

TEMPLATE = "page/graph_picture.svg.j2"
PITCH, BOX, LEFT, WIDTH, TOP = 24, 18, 90, 470, 10
LEAST_REACH, REACH_STEP, MOST_REACH = 14, 3, 74


@dataclass(frozen=True)
class Box:
    """An operator."""

    y: int
    words: str
    shape: str
    colour: str
    text: str


@dataclass(frozen=True)
class Arc:
    """From one operator to another that is not the next: heights, and how far left it bows."""

    start: int
    stop: int
    reach: int


def draw_graph(steps: Sequence[StepMemory]) -> str:
    """SVG text."""
    boxes = [
        Box(
            TOP + PITCH * number,
            f"{step.index} {step.kind.replace('_', ' ')}",
            "x".join(str(side) for side in step.output_shape[1:]),
            stage_colour(step.stage),
            f"{step.name}: " + ("runs whole" if step.stage is None else f"in tiles, stage {step.stage + 1}"),
        )
        for number, step in enumerate(steps)
    ]
    middle = {step.index: TOP + PITCH * number + BOX // 2 for number, step in enumerate(steps)}
    arcs = [
        Arc(
            middle[source],
            middle[step.index],
            min(MOST_REACH, LEAST_REACH + REACH_STEP * (step.index - source)),
        )
        for step in steps
        for source in step.inputs
        if source >= 0 and source != step.index - 1
    ]
    return render_svg(
        TEMPLATE,
        boxes=boxes,
        arcs=arcs,
        width=WIDTH,
        height=2 * TOP + PITCH * max(len(boxes), 1),
        left=LEFT,
        box=BOX,
        pitch=PITCH,
    )
