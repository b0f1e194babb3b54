"""The fronts of a network's schedules: a table for the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mcupatch.report.tables import new_table
from mcupatch.report.units import format_count, format_kib, format_percent

MOST_LINES = 12


@dataclass(frozen=True)
class FrontFigures:
    """One schedule: ``nbytes`` by the search's count, ``extra_macs`` beyond the network's, predicted instructions."""

    nbytes: int
    extra_macs: int
    instructions: int
    stages: int
    title: str


@dataclass(frozen=True)
class Fronts:
    """Both fronts of a network, ascending in bytes, with what it needs layer by layer."""

    name: str
    macs: int
    layer_by_layer_bytes: int
    by_macs: tuple[FrontFigures, ...]
    by_instructions: tuple[FrontFigures, ...]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def fronts_report(fronts: Fronts) -> RenderableType:
    """Both fronts, thinned to a few lines each; the ends always stay."""
    return Group(
        Text(f"{fronts.name}: layer by layer {format_kib(fronts.layer_by_layer_bytes)} KiB"),
        Text("\nFewer bytes for more MACs, halos recomputed:"),
        _front_table(fronts, fronts.by_macs),
        Text("Fewer instructions for more bytes, halos kept:"),
        _front_table(fronts, fronts.by_instructions),
        Text("Bytes by the search's count; the planner may place a schedule in a little less, rarely more."),
    )


def _front_table(fronts: Fronts, points: Sequence[FrontFigures]) -> Table:
    numbers = ("SRAM KiB", "extra MACs", "instructions", "stages")
    table = new_table(*numbers, "schedule", numbers=numbers)
    for point in thin(points):
        share = format_percent(point.extra_macs, fronts.macs)
        table.add_row(
            format_kib(point.nbytes), share, format_count(point.instructions), str(point.stages), point.title
        )
    return table


def thin(points: Sequence[FrontFigures], most: int = MOST_LINES) -> list[FrontFigures]:
    """At most so many points, evenly spread, with both ends."""
    if len(points) <= most:
        return list(points)
    return [points[round(i * (len(points) - 1) / (most - 1))] for i in range(most)]
