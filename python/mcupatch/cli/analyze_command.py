"""``mcupatch analyze``: where the memory goes, and what patching would give."""

from __future__ import annotations

import click

from mcupatch.cli.console import output_console, show_progress
from mcupatch.cli.parameters import (
    GRID,
    check_different_files,
    check_json_target,
    io_option,
    json_option,
    model_argument,
    schedule_mode,
    write_json,
)
from mcupatch.options import ByHand


@click.command("analyze")
@model_argument
@click.option("--grid", type=GRID, help="Show this grid of RxC tiles instead of the best ones; needs --ops.")
@click.option("--ops", type=click.IntRange(min=1), help="How many operators run patch by patch.")
@io_option
@json_option
def command(
    model: str, grid: tuple[int, int] | None, ops: int | None, io: str, json_file: str | None
) -> None:
    """Show memory per layer of MODEL (.tflite, .onnx, or zoo:NAME[@PIXELS]), its bottleneck, and what patching gives."""
    from mcupatch.analysis import analyze_graph
    from mcupatch.misses import hint_at_ends
    from mcupatch.model_file import load_model_file
    from mcupatch.pipeline import read_graph
    from mcupatch.report.analysis import analysis_report

    mode = schedule_mode(False, grid, ops, "auto", False, None)
    check_json_target(json_file)
    check_different_files(("MODEL", model), ("--json", json_file))
    with show_progress() as progress:
        progress("importing the model")
        graph = read_graph(load_model_file(model), io)
        progress("looking for schedules")
        analysis = analyze_graph(graph, mode if isinstance(mode, ByHand) else None)
    write_json(json_file, analysis.as_json())
    if json_file != "-":
        console = output_console()
        ascii_only = not console.encoding.startswith("utf")
        console.print(
            analysis_report(
                analysis.name,
                analysis.bottleneck,
                analysis.layers,
                analysis.schedules,
                ascii_only,
                hint_at_ends(graph),
            )
        )
