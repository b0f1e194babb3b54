"""The items of the paper as files: a Markdown page of all, a CSV and pictures of each."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from mcupatch.paper.draw import draw_charts
from mcupatch.paper.item import Cell, PaperItem

PAGE = "paper.md"


def write_items(items: Sequence[PaperItem], directory: Path) -> None:
    """Fill ``directory`` with ``paper.md`` and, of each item, ``KEY.csv``; of charts also ``KEY.svg`` and ``KEY.png``."""
    for item in items:
        (directory / f"{item.key}.csv").write_text(format_csv(item))
        if item.charts:
            draw_charts(item.charts, directory / item.key)
    (directory / PAGE).write_text(format_page(items))


def format_page(items: Sequence[PaperItem]) -> str:
    """All items in Markdown, with their pictures."""
    parts = ["# The figures of MCUNetV2, computed again\n", "Made by `mcupatch paper`.\n"]
    for item in items:
        parts.append(f"## {name_item(item)}: {item.title}\n")
        if item.charts:
            parts.append(f"![{item.title}]({item.key}.svg)\n")
        parts += [f"{item.finding}\n", f"{_format_table(item)}\n", f"Counted: {item.definition}\n"]
    return "\n".join(parts)


def name_item(item: PaperItem) -> str:
    """``Figure 1`` of ``figure_1``."""
    return item.key.replace("_", " ").capitalize()


def format_csv(item: PaperItem) -> str:
    """The rows with all their digits."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(item.head)
    writer.writerows(["" if cell is None else cell for cell in row] for row in item.rows)
    return text.getvalue()


def format_cell(cell: Cell) -> str:
    """One decimal, and nothing for what is not known."""
    if cell is None:
        return ""
    return f"{cell:.1f}" if isinstance(cell, float) else str(cell)


def _format_table(item: PaperItem) -> str:
    rules = ["---:" if isinstance(cell, int | float) else "---" for cell in item.rows[-1]]
    lines = [f"| {' | '.join(item.head)} |", f"|{'|'.join(rules)}|"]
    return "\n".join([*lines, *(f"| {' | '.join(map(format_cell, row))} |" for row in item.rows)])
