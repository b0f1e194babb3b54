"""``mcupatch search-schedule``: every schedule worth having, as a table and a picture."""

from __future__ import annotations

from pathlib import Path

import click

from mcupatch.cli.console import output_console, show_progress
from mcupatch.cli.parameters import (
    FRACTION,
    check_json_target,
    io_option,
    json_option,
    model_argument,
    write_json,
)
from mcupatch.errors import BadInput


@click.command("search-schedule")
@model_argument
@io_option
@click.option(
    "--stream-input", is_flag=True, help="The image comes row by row through a function of the caller's."
)
@click.option(
    "--max-extra-macs", type=FRACTION, default=0.2, show_default="20%", help="Recompute at most this share."
)
@click.option("--explain", is_flag=True, help="Say why the smallest schedule is cut where it is.")
@click.option("--plot", metavar="FILE.svg", help="Draw both fronts.")
@json_option
def command(
    model: str,
    io: str,
    stream_input: bool,
    max_extra_macs: float,
    explain: bool,
    plot: str | None,
    json_file: str | None,
) -> None:
    """Show how little SRAM MODEL (.tflite, .onnx, or zoo:NAME[@PIXELS]) can run in, and what less of it costs."""
    from mcupatch.fronts import explain_least_sram, find_fronts
    from mcupatch.model_file import load_model_file
    from mcupatch.outputs import write_file
    from mcupatch.pipeline import read_graph
    from mcupatch.report.front_picture import draw_fronts
    from mcupatch.report.fronts import fronts_report

    check_json_target(json_file)
    if plot is not None and (not plot.endswith(".svg") or not Path(plot).absolute().parent.is_dir()):
        raise BadInput(f"--plot draws a file FILE.svg in a directory that exists, not {plot!r}")
    with show_progress() as progress:
        progress("importing the model")
        graph = read_graph(load_model_file(model), io)
        progress("searching schedules")
        fronts = find_fronts(graph, stream_input, max_extra_macs)
        lines = explain_least_sram(graph, stream_input) if explain else []
    write_json(json_file, fronts.as_json())
    if plot is not None:
        write_file(Path(plot), draw_fronts(fronts))
    if json_file != "-":
        console = output_console()
        console.print(fronts_report(fronts))
        for line in lines:
            console.print(line, markup=False)
