"""``mcupatch boards``: the boards that are known."""

from __future__ import annotations

import click

from mcupatch.cli.console import output_console


@click.command("boards")
def command() -> None:
    """List the boards that are known."""
    from mcupatch.report.boards import board_table
    from mcupatch.report.figures import BoardFigures
    from mcupatch.target.load_board import list_boards, load_board

    rows = []
    for name in list_boards():
        board = load_board(name)
        rows.append(
            BoardFigures(name, board.cpu, board.clock_hz, board.sram_bytes, board.flash_bytes, board.source)
        )
    output_console().print(board_table(rows))
