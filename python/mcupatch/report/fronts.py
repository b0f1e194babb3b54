"""What ``mcupatch search-schedule`` prints: the fronts of a network's schedules as tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mcupatch.report.figures import Fronts, PlannedPoint
from mcupatch.report.tables import new_table
from mcupatch.report.units import format_bytes, format_kib, format_percent

T = TypeVar("T")


def fronts_report(fronts: Fronts, lines: int) -> RenderableType:
    """Both fronts, of each at most so many points, after the row of the network layer by layer."""
    return Group(
        Text(f"{fronts.name}: schedules that no other one beats"),
        *_front_report(fronts, "SRAM against extra MACs", fronts.by_macs, fronts.found_by_macs, lines),
        *_front_report(
            fronts,
            "SRAM against instructions (halos kept)",
            fronts.by_instructions,
            fronts.found_by_instructions,
            lines,
        ),
        Text(
            "Arena: planned, all of it. Extra MACs: recomputed, up to --max-extra-macs. Instructions: predicted, not "
            "measured; with int8 weights, or int16 ones with --flash. "
            "Stages: in tiles, and operators that run whole. Layer by layer: every operator whole, a streamed image row "
            "by row; all whole: the streamed image is gathered first."
        ),
        *map(Text, _remarks(fronts)),
    )


def _front_report(
    fronts: Fronts, title: str, points: Sequence[PlannedPoint], found: int, lines: int
) -> list[RenderableType]:
    shown = spread(points, lines)
    # the schedule that a compilation takes is shown whatever else is
    taken = [point for point in points if point.taken and point not in shown]
    shown = sorted([*shown, *taken], key=lambda point: point.arena_bytes)
    count = f"{found} found" if len(shown) == found else f"{len(shown)} of {found} found"
    return [Text(f"\n{title}, {count}:"), _front_table(fronts, shown)]


def _front_table(fronts: Fronts, points: Sequence[PlannedPoint]) -> Table:
    numbers = ("arena\nKiB", "extra\nMACs", "predicted\ninstructions", "stages")
    fits = ("fits",) if fronts.budget_bytes is not None else ()
    table = new_table(*numbers, "schedule", *fits, numbers=numbers)
    plain = [fronts.layer_by_layer] if fronts.layer_by_layer is not None else []
    for point in (*plain, *points):
        table.add_row(
            format_kib(point.arena_bytes),
            format_percent(point.extra_macs, fronts.macs),
            f"{point.predicted_instructions / 1e6:.2f} M",
            str(point.stages),
            point.title,
            *(_fit(point) for _ in fits),
        )
    return table


def _fit(point: PlannedPoint) -> str:
    return "taken" if point.taken else "yes" if point.fits else "no"


def _remarks(fronts: Fronts) -> list[str]:
    remarks = []
    if fronts.budget_bytes is not None:
        remarks.append(f"Fits: in an arena of {format_bytes(fronts.budget_bytes)}.")
        taken = [
            p for p in (fronts.layer_by_layer, *fronts.by_macs, *fronts.by_instructions) if p and p.taken
        ]
        if taken:
            remarks[-1] += f" 'mcupatch compile' takes the one of {format_kib(taken[0].arena_bytes)} KiB."
    if any(point.extra_macs < 0 for point in (*fronts.by_macs, *fronts.by_instructions)):
        remarks.append("Extra MACs below 0: tiles leave out what nothing reads.")
    if fronts.layer_by_layer is None:
        remarks.append("This model cannot take its input row by row and run layer by layer.")
    return remarks + ([fronts.miss] if fronts.miss else [])


def spread(points: Sequence[T], count: int) -> list[T]:
    """At most ``count`` of ``points``, evenly spread, the first one and the last among them."""
    if len(points) <= count:
        return list(points)
    if count == 1:
        return [points[0]]
    return [points[round(i * (len(points) - 1) / (count - 1))] for i in range(count)]
