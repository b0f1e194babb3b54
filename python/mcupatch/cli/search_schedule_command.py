"""``mcupatch search-schedule``: the schedules that no other one beats, as tables, JSON and a picture."""

from __future__ import annotations

from pathlib import Path

import click

from mcupatch.cli.console import output_console, print_lines, show_progress
from mcupatch.cli.parameters import (
    FRACTION,
    SIZE,
    check_different_files,
    check_json_target,
    check_plot_target,
    io_option,
    json_option,
    model_argument,
    write_json,
)
from mcupatch.options import CompileOptions


@click.command("search-schedule")
@model_argument
@click.option("--board", help="Compare with the memory of this board of 'mcupatch boards'.")
@click.option("--sram", type=SIZE, help="Compare with this budget of SRAM, e.g. 64KiB.")
@click.option("--flash", type=SIZE, help="As with compile: what is left of it makes weights int16.")
@io_option
@click.option(
    "--stream-input",
    is_flag=True,
    help="The image comes row by row through a function of the caller's; no buffer holds it.",
)
@click.option(
    "--max-extra-macs", type=FRACTION, default=0.3, show_default="30%", help="Recompute at most this share."
)
@click.option(
    "--points",
    type=click.IntRange(min=1),
    default=12,
    show_default=True,
    help="How many schedules a table shows.",
)
@click.option("--explain", is_flag=True, help="Say of one schedule what each stage holds and why it is cut.")
@click.option("--plot", metavar="FILE.svg", help="Draw both fronts.")
@json_option
def command(
    model: str,
    board: str | None,
    sram: int | None,
    flash: int | None,
    io: str,
    stream_input: bool,
    max_extra_macs: float,
    points: int,
    explain: bool,
    plot: str | None,
    json_file: str | None,
) -> None:
    """Show how little SRAM MODEL (.tflite, .onnx, or zoo:NAME[@PIXELS]) can run in, and what less of it costs.

    With --board or --sram also which schedules fit, and which one 'mcupatch compile' takes.
    """
    from mcupatch.fronts import FrontSearch
    from mcupatch.model_file import load_model_file
    from mcupatch.outputs import write_file
    from mcupatch.pipeline import read_graph
    from mcupatch.report.front_picture import draw_fronts
    from mcupatch.report.fronts import fronts_report

    options = CompileOptions(board or CompileOptions.board, sram, flash, io=io, stream_input=stream_input)
    with_budget = board is not None or sram is not None
    check_json_target(json_file)
    check_plot_target(plot)
    check_different_files(("MODEL", model), ("--json", json_file), ("--plot", plot))
    with show_progress() as progress:
        progress("importing the model")
        graph = read_graph(load_model_file(model), io, stream_input)
        progress("choosing a schedule")
        search = FrontSearch(graph, options, with_budget)
        progress("searching the fronts")
        fronts = search.find(max_extra_macs, points if json_file is None and plot is None else None)
        progress("explaining a schedule")
        lines = search.explain() if explain else []
    write_json(json_file, fronts.as_json())
    if plot is not None:
        write_file(Path(plot), draw_fronts(fronts))
    if json_file != "-":
        output_console().print(fronts_report(fronts, points))
    print_lines(lines, to_stderr=json_file == "-")
