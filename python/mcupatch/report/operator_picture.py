"""The cost of each operator as a picture: one SVG file with two bars for each, from the template beside it."""

from __future__ import annotations

from dataclasses import dataclass

from mcupatch.report.axis_ticks import choose_axis
from mcupatch.report.operator_costs import Cost, OperatorCosts
from mcupatch.report.operator_table import GLUE, format_shape
from mcupatch.report.svg_template import render_svg
from mcupatch.report.units import format_count

TEMPLATE = "operator_picture.svg.j2"
WIDTH, LEFT, RIGHT = 960, 330, 760  # the bars stand between; words left and right of them
TOP, PITCH = 76, 20


@dataclass(frozen=True)
class Bar:
    """A row: where it stands, how long its bars are, in pixels, and the words around them."""

    top: int
    label: str
    instructions: float
    cycles: float
    words: str


@dataclass(frozen=True)
class Tick:
    """A round value: how far right it stands, and its label."""

    at: float
    label: str


def draw_operators(costs: OperatorCosts) -> str:
    """SVG text: instructions and modelled cycles of every operator, in the order of the network."""
    rows = [
        (
            f"{each.index}  {each.title}, {format_shape(each.output_shape)}",
            each.cost,
            each.instructions_per_mac,
        )
        for each in costs.operators
    ]
    rows.append((GLUE, costs.glue, None))
    axis = choose_axis(0.0, max(max(c.instructions, c.cycles_model) for _, c, _ in rows) / 1e6)

    def length(count: float) -> float:
        return round((RIGHT - LEFT) * axis.place(count / 1e6), 1)

    bars = [
        Bar(
            TOP + PITCH * number,
            label,
            length(cost.instructions),
            length(cost.cycles_model),
            _words(costs, cost, per_mac),
        )
        for number, (label, cost, per_mac) in enumerate(rows)
    ]
    ticks = tuple(Tick(LEFT + length(1e6 * value), axis.label(value)) for value in axis.ticks)
    return render_svg(
        TEMPLATE,
        title=f"{costs.name} on an emulated {costs.cpu}: {format_count(costs.total.instructions)} instructions",
        bars=bars,
        ticks=ticks,
        width=WIDTH,
        height=TOP + PITCH * len(bars) + 34,
        left=LEFT,
        top=TOP,
        bottom=TOP + PITCH * len(bars),
    )


def _words(costs: OperatorCosts, cost: Cost, per_mac: float | None) -> str:
    rate = "" if per_mac is None else f", {per_mac:.2f} a MAC"
    return f"{format_count(cost.instructions)}, {costs.share(cost):.1%}{rate}"
