"""``mcupatch boards``: the boards that are known."""

from __future__ import annotations

import click

from mcupatch.cli.console import output_console


@click.command("boards")
def command() -> None:
    """List the boards that are known."""
    from mcupatch.report.boards import board_table
    from mcupatch.report.figures import BoardFigures
    from mcupatch.target.board import arena_budget, list_boards, load_board

    rows = []
    for name in list_boards():
        board = load_board(name)
        rows.append(
            BoardFigures(
                name, board.cpu, board.clock_hz, board.sram_bytes, arena_budget(board), board.flash_bytes
            )
        )
    output_console().print(board_table(rows))
