"""What ``mcupatch bench`` prints: the cost of each operator as a table for the terminal, or in Markdown."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from mcupatch.report.operator_costs import Cost, OperatorCosts
from mcupatch.report.tables import new_table
from mcupatch.report.units import format_count

NOTE = (
    "Instructions are counted exactly. Cycles come from a model of the core, from memory that never waits: they are not "
    "measured. MACs are those of the operator run whole."
)
GLUE = "schedule: loops, copies, calls"


def operators_report(costs: OperatorCosts) -> RenderableType:
    """A row for each operator, one for what runs outside of them, and the sum."""
    numbers = ("#", "MACs", "instruc-\ntions", "a MAC", "cycles\n(model)", "share")
    table = new_table("#", "operator", "output", *numbers[1:], numbers=numbers)
    for each in costs.operators:
        table.add_row(
            str(each.index),
            each.title,
            format_shape(each.output_shape),
            *_numbers(costs, each.cost, each.macs),
        )
    table.add_row("", GLUE, "", *_numbers(costs, costs.glue, 0))
    table.add_row("", "all", "", *_numbers(costs, costs.total, costs.macs))
    return Group(
        Text(f"{costs.name}: one inference on an emulated {costs.cpu} ({costs.board})"), table, Text(NOTE)
    )


def operators_markdown(costs: OperatorCosts) -> str:
    """The same as a page, with every shape and every digit."""
    head = ("#", "operator", "shape", "MACs", "instructions", "a MAC", "cycles (model)", "share")
    lines = [f"| {' | '.join(head)} |", "|---:|---|---|" + "---:|" * (len(head) - 3)]
    for each in costs.operators:
        shape = f"{format_shape(each.input_shape)} to {format_shape(each.output_shape)}"
        lines.append(_line(costs, str(each.index), each.title, shape, each.cost, each.macs))
    lines.append(_line(costs, "", GLUE, "", costs.glue, 0))
    lines.append(_line(costs, "", "all", "", costs.total, costs.macs))
    title = f"# {costs.name} on {costs.board} ({costs.cpu}, emulated)"
    return "\n".join([title, "", *lines, "", NOTE, ""])


def format_shape(shape: tuple[int, ...]) -> str:
    """``40x40x16``, without the batch."""
    return "x".join(map(str, shape[1:] or shape))


def _numbers(costs: OperatorCosts, cost: Cost, macs: int) -> list[str]:
    return [
        format_count(macs) if macs else "",
        format_count(cost.instructions),
        _per_mac(cost, macs),
        format_count(cost.cycles_model),
        f"{costs.share(cost):.1%}",
    ]


def _line(costs: OperatorCosts, index: str, title: str, shape: str, cost: Cost, macs: int) -> str:
    cells = (
        index,
        title,
        shape,
        f"{macs:,}" if macs else "",
        f"{cost.instructions:,}",
        _per_mac(cost, macs),
        f"{cost.cycles_model:,}",
        f"{costs.share(cost):.2%}",
    )
    return f"| {' | '.join(cells)} |"


def _per_mac(cost: Cost, macs: int) -> str:
    return f"{cost.instructions / macs:.2f}" if macs else ""
