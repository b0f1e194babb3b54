"""The table of known boards."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from mcupatch.report.figures import BoardFigures
from mcupatch.report.tables import new_table
from mcupatch.report.units import format_kib


def board_table(boards: Sequence[BoardFigures]) -> Table:
    """One row a board: core, clock, memories."""
    numeric = ("clock", "SRAM", "arena at most", "flash")
    table = new_table("board", "core", *numeric, numbers=numeric)
    for board in boards:
        clock = f"{board.clock_hz / 1e6:.0f} MHz" if board.clock_hz else "-"
        table.add_row(
            board.name,
            board.cpu,
            clock,
            f"{format_kib(board.sram_bytes)} KiB",
            f"{format_kib(board.arena_budget_bytes)} KiB",
            f"{format_kib(board.flash_bytes)} KiB",
        )
    return table
