"""``mcupatch report``: everything about a compiled model on one HTML page."""

from __future__ import annotations

from pathlib import Path

import click

from mcupatch.cli.console import output_console, show_progress
from mcupatch.cli.parameters import check_text_target
from mcupatch.errors import BadInput


@click.command("report")
@click.argument("directory", metavar="DIR")
@click.option(
    "--input", "inputs", metavar="FILE", multiple=True,
    help="As for 'mcupatch run': what to measure with; a .png or .jpg is drawn under the tiles. Random without it.",
)  # fmt: skip
@click.option(
    "-o", "--output", metavar="FILE.html", default="report.html", show_default=True, help="Where to write."
)
@click.option("--png", metavar="FOLDER", help="Also write every figure as PNG, and as SVG, into this folder.")
def command(directory: str, inputs: tuple[str, ...], output: str, png: str | None) -> None:
    """Write one self-contained page about the model that 'mcupatch compile' wrote to DIR.

    Memory per layer and per schedule, the arena over time, the tiles, instructions, other schedules, every figure with its
    definition, what to try next. It measures one run on the emulated chip; the page needs no network.
    """
    from mcupatch.model_inputs import PICTURE_SUFFIXES
    from mcupatch.outputs import write_file
    from mcupatch.page_figures import collect_page
    from mcupatch.report.page.page import draw_pictures, render_page
    from mcupatch.report.page.rasterize import rasterize
    from mcupatch.saved import load_compiled
    from mcupatch.sent_inputs import random_sent_inputs, read_sent_inputs

    if not output.lower().endswith((".html", ".htm")):
        raise BadInput(f"The report is a page: name a file that ends in .html, not {output!r}.")
    check_text_target("the report", output)
    if png is not None and Path(png).exists() and not Path(png).is_dir():
        raise BadInput(f"{png!r} is a file; --png names a folder for the pictures.")
    with show_progress() as progress:
        progress("reading the compiled model")
        saved = load_compiled(Path(directory))
        files = [Path(file) for file in inputs]
        values = read_sent_inputs(saved, files) if files else random_sent_inputs(saved)
        pictures = [file for file in files if file.suffix.lower() in PICTURE_SUFFIXES]
        progress("running on the emulated chip and searching schedules")
        figures = collect_page(saved, values, pictures[0] if pictures else None)
        progress("drawing")
        drawn = draw_pictures(figures)
        page = render_page(figures, drawn)
        rasters = {} if png is None else {name: rasterize(svg) for name, svg in drawn.items()}
    if png is not None:
        folder = Path(png)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BadInput(f"cannot make the folder {png!r}: {error.strerror}") from error
        for name, data in rasters.items():
            write_file(folder / f"{name}.png", data)
            write_file(folder / f"{name}.svg", drawn[name])
    write_file(Path(output), page)
    console = output_console()
    console.print(f"{output}: {len(page) // 1024} KiB, open it in a browser", soft_wrap=True, markup=False)
    for advice in figures.advice[:3]:
        console.print(f"  {advice.title}: {advice.text}", soft_wrap=True, markup=False)
    measured = figures.result.measured
    if measured is not None and not measured.as_compiled:
        raise click.exceptions.Exit(1)
