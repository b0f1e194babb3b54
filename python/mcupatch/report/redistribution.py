"""What ``mcupatch redistribute`` prints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mcupatch.report.redistribution_figures import FittingEdit, RedistributionFigures, ScheduleCost
from mcupatch.report.tables import new_table
from mcupatch.report.units import format_count, format_kib, format_percent


def redistribution_report(figures: RedistributionFigures) -> RenderableType:
    """What was changed, what stayed, and what each kind of schedule gains."""
    before, after = figures.before, figures.after
    rows, cols = before.grid
    return Group(
        Text(f"{before.name}: its first {before.blocks} blocks in {rows}x{cols} patches"),
        *_edit_lines("In the patches", figures.early),
        *_edit_lines("Made up for later", figures.late),
        _network_table(figures),
        Text(f"\nIn each kind of schedule, {before.name} and then {after.name}:"),
        _schedule_table(before.schedules, after.schedules),
        Text(
            "Overlap: of patches of equal size in the stage, and clipped at the border in the whole network, as the "
            "MCUNetV2 paper counts. Arena: planned, all of it. Instructions: predicted. Patches recompute their halos; the "
            "last two are the smallest arenas with nothing, or so much, computed twice."
        ),
    )


def fitting_report(
    name: str, arena_bytes: int, budget_bytes: int, edits: Sequence[FittingEdit]
) -> RenderableType:
    """Whether a network fits, and if not which change would make it."""
    least = (
        f"{name}: at least {format_kib(arena_bytes)} KiB of arena, {format_kib(budget_bytes)} KiB are there"
    )
    if arena_bytes <= budget_bytes:
        return Text(f"\n{least}: it fits.")
    if not edits:
        return Text(
            f"\n{least}; no fewer pixels, no narrower width and no change of one block makes it fit. "
            "A streamed image needs no buffer: --stream-input."
        )
    table = new_table("it would fit with", "arena KiB", "fewer MACs", numbers=("arena KiB", "fewer MACs"))
    for edit in edits:
        table.add_row(edit.title, format_kib(edit.arena_bytes), f"{100 * edit.fewer_macs:.1f} %")
    return Group(Text(f"\n{least}; the smallest change of each kind, the smallest of all first:"), table)


def _edit_lines(title: str, edits: Sequence[str]) -> Iterator[Text]:
    if edits:
        yield Text(f"{title}:")
        yield from (Text(f"  {edit}") for edit in edits)


def _network_table(figures: RedistributionFigures) -> Table:
    before, after = figures.before, figures.after
    table = new_table("", before.name, after.name, "change", numbers=(before.name, after.name, "change"))

    def change(was: float, now: float) -> str:
        return f"{100 * (now / was - 1):+.1f} %"

    table.add_row(
        "MACs", format_count(before.macs), format_count(after.macs), change(before.macs, after.macs)
    )
    table.add_row(
        "receptive field, pixels",
        f"{before.receptive_field:g}",
        f"{after.receptive_field:g}",
        change(before.receptive_field, after.receptive_field),
    )
    table.add_row(
        "parameters",
        format_count(before.parameters),
        format_count(after.parameters),
        change(before.parameters, after.parameters),
    )
    table.add_row("patch, pixels", str(before.patch_pixels), str(after.patch_pixels), "")
    table.add_row(
        "overlap in the stage",
        f"{100 * before.stage_overhead:+.1f} %",
        f"{100 * after.stage_overhead:+.1f} %",
        "",
    )
    table.add_row("overlap in all", f"{100 * before.overhead:+.1f} %", f"{100 * after.overhead:+.1f} %", "")
    table.add_row(
        "paper's peak, KiB", format_kib(before.analytic_bytes), format_kib(after.analytic_bytes), ""
    )
    return table


def _schedule_table(before: Sequence[ScheduleCost], after: Sequence[ScheduleCost]) -> Table:
    numbers = ("arena\nKiB", "\nthen", "extra\nMACs", "\nthen ", "million\ninstructions", "\n then")
    table = new_table("schedule", *numbers, numbers=numbers)
    for was, now in zip(before, after):
        table.add_row(
            was.title,
            format_kib(was.arena_bytes),
            format_kib(now.arena_bytes),
            format_percent(was.extra_macs, was.macs),
            format_percent(now.extra_macs, now.macs),
            f"{was.predicted_instructions / 1e6:.1f}",
            f"{now.predicted_instructions / 1e6:.1f}",
        )
    return table
