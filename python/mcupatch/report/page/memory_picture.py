"""Memory at each operator, layer by layer and in the schedule: an SVG of two bars each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mcupatch.report.axis_ticks import choose_axis
from mcupatch.report.page.figures import StepMemory
from mcupatch.report.page.palette import stage_colour
from mcupatch.report.svg_template import render_svg
from mcupatch.report.units import format_kib

TEMPLATE = "page/memory_picture.svg.j2"
LEFT, TOP, HEIGHT, BOTTOM = 64, 44, 260, 40
LEAST_WIDTH, LEAST_PITCH, MOST_PITCH = 640, 9, 26


@dataclass(frozen=True)
class Column:
    """An operator: its left end, the heights of its bars, its stage's colour, and what a pointer reads."""

    x: float
    plain: float
    schedule: float
    colour: str
    label: str
    text: str


@dataclass(frozen=True)
class Level:
    """A round value, or the budget: its height from the top, and its label."""

    y: float
    label: str


def draw_memory(steps: Sequence[StepMemory], budget_bytes: int) -> str:
    """SVG text. The budget is drawn where it is not far above everything."""
    pitch = min(MOST_PITCH, max(LEAST_PITCH, (LEAST_WIDTH - LEFT) / max(len(steps), 1)))
    most = max((max(s.per_layer_bytes, s.schedule_bytes) for s in steps), default=1)
    shows_budget = budget_bytes <= 1.5 * most
    axis = choose_axis(0, max(most, budget_bytes if shows_budget else 0) / 1024)
    ground = TOP + HEIGHT

    def height(nbytes: float) -> float:
        return round(HEIGHT * axis.place(nbytes / 1024), 1)

    columns = [
        Column(
            round(LEFT + pitch * number, 1),
            height(step.per_layer_bytes),
            height(step.schedule_bytes),
            stage_colour(step.stage),
            str(step.index) if step.index % (5 if pitch < 2 * LEAST_PITCH else 2) == 0 else "",
            f"{step.index} {step.name} ({step.kind}): {format_kib(step.per_layer_bytes)} KiB layer by layer, "
            f"{format_kib(step.schedule_bytes)} KiB in this schedule",
        )
        for number, step in enumerate(steps)
    ]
    return render_svg(
        TEMPLATE,
        columns=columns,
        levels=[Level(round(ground - height(1024 * value), 1), axis.label(value)) for value in axis.ticks],
        budget=Level(round(ground - height(budget_bytes), 1), f"budget {format_kib(budget_bytes)} KiB")
        if shows_budget
        else None,
        pitch=pitch,
        width=round(LEFT + pitch * len(steps) + 12),
        height=ground + BOTTOM,
        left=LEFT,
        top=TOP,
        ground=ground,
    )
