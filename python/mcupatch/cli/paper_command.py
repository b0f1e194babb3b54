"""``mcupatch paper``: the figures and tables of MCUNetV2, computed again from the networks."""

from __future__ import annotations

import json
from pathlib import Path

import click

from mcupatch.cli.console import output_console, show_progress

NAMES = ("figure_1", "table_1", "figure_5", "figure_6", "figure_8", "table_5")


@click.command("paper")
@click.argument("items", metavar="[ITEM]...", nargs=-1, type=click.Choice(NAMES))
@click.option("-o", "--output", metavar="DIR", default="paper-out", show_default=True, help="Where to write.")
def command(items: tuple[str, ...], output: str) -> None:
    """Compute Figures 1, 5, 6, 8 and Tables 1, 5 of the MCUNetV2 paper again, beside the paper's values.

    Writes a page (paper.md), CSV, SVG and PNG. ITEM is one of figure_1, table_1, figure_5, figure_6, figure_8, table_5;
    without any all are made, in a few minutes. Beside each stand schedules that keep halos instead.
    """
    from mcupatch.outputs import MARKER, check_replaceable, replace_directory
    from mcupatch.paper.draw import load_pyplot
    from mcupatch.paper.items import ITEMS
    from mcupatch.paper.write import PAGE, name_item, write_items

    target = Path(output)
    check_replaceable(target)
    load_pyplot()  # told before the work if it is missing
    made = []
    with show_progress() as progress:
        for name in dict.fromkeys(items or NAMES):
            progress(f"computing {name.replace('_', ' ')}")
            made.append(ITEMS[name]())
        progress("drawing")
        with replace_directory(target) as directory:
            write_items(made, directory)
            (directory / MARKER).write_text(
                json.dumps({"paper": [item.key for item in made]}, indent=1) + "\n"
            )
    console = output_console()
    for item in made:
        console.print(f"{name_item(item)}: {item.title}", style="bold")
        console.print(item.finding, soft_wrap=True)
    console.print(f"Tables and pictures: {target / PAGE}", soft_wrap=True)
