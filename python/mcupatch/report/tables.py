"""Tables and bars for the terminal; each function turns results into something rich prints.

Everything fits 80 columns: long names fold, and figures never do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from mcupatch.report.figures import LayerMemory, ScheduleFigures, Verdict
from mcupatch.report.units import format_count, format_kib, format_percent

BAR_COLUMNS = 24
TEXT_COLUMNS = 9  # narrower columns of text fold into slivers
_EIGHTHS = " ▏▎▍▌▋▊▉█"


def make_bar(value: int, largest: int, columns: int = BAR_COLUMNS, ascii_only: bool = False) -> str:
    """A bar of at most ``columns`` characters, ``value`` of ``largest``; any value above 0 shows something."""
    if value <= 0 or largest <= 0:
        return ""
    if ascii_only:
        return "#" * max(1, round(columns * value / largest))
    eighths = max(1, round(8 * columns * value / largest))
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def new_table(*columns: str, numbers: Iterable[str] = (), title: str | None = None) -> Table:
    """A plain table; the columns in ``numbers`` are right-aligned and never folded."""
    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
    right = set(numbers)
    for column in columns:
        if column in right:
            table.add_column(column, justify="right", no_wrap=True)
        else:
            table.add_column(column, overflow="fold", min_width=TEXT_COLUMNS)
    return table


def layer_table(layers: Sequence[LayerMemory], ascii_only: bool = False) -> Table:
    """Memory per operator when each runs whole, a bar each, the largest marked."""
    table = new_table("#", "operator", "output", "KiB", "", numbers=("#", "KiB"))
    largest = max(layer.live_bytes for layer in layers)
    for layer in layers:
        peak = layer.live_bytes == largest
        table.add_row(
            str(layer.index),
            Text(layer.kind),
            "x".join(str(n) for n in layer.output_shape[1:] or layer.output_shape),
            format_kib(layer.live_bytes),
            Text(
                make_bar(layer.live_bytes, largest, ascii_only=ascii_only) + (" peak" if peak else ""),
                style="red" if peak else "",
            ),
        )
    return table


def schedule_table(rows: Sequence[ScheduleFigures]) -> Table:
    """What running in tiles gives: one row a schedule."""
    numeric = ("ops", "arena KiB", "paper KiB", "extra MACs", "unclipped", "pixels")
    table = new_table("schedule", *numeric, numbers=numeric)
    for row in rows:
        patched = row.ops > 0
        table.add_row(
            row.title,
            str(row.ops) if patched else "",
            format_kib(row.arena_bytes),
            format_kib(row.analytic_bytes),
            format_percent(row.extra_macs, row.macs) if patched else "",
            format_percent(row.extra_macs_unclipped, row.macs) if patched else "",
            f"{row.patch_pixels[0]}x{row.patch_pixels[1]}" if patched else "",
        )
    return table


def verdict_table(rows: Sequence[Verdict]) -> Table:
    """Measured runs side by side."""
    numeric = ("arena KiB", "SRAM KiB", "flash KiB", "MACs", "instructions")
    table = new_table("", *numeric, "equal", numbers=(*numeric, "equal"))
    for row in rows:
        table.add_row(
            row.title,
            format_kib(row.arena_bytes),
            format_kib(row.sram_bytes),
            format_kib(row.flash_bytes),
            format_count(row.macs),
            format_count(row.instructions),
            "yes" if row.matches_reference else Text("NO", style="bold red"),
        )
    return table


def fact_table(facts: Iterable[tuple[str, str]]) -> Table:
    """Names and values, two columns without rules."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts:
        table.add_row(Text(name), Text(value))
    return table
