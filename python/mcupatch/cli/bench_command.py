"""``mcupatch bench``: what each operator of a model costs on the emulated chip, as a table, JSON and a picture."""

from __future__ import annotations

from pathlib import Path

import click

from mcupatch.cli.compile_options import compile_options
from mcupatch.cli.console import output_console, show_progress
from mcupatch.cli.parameters import (
    check_different_files,
    check_json_target,
    check_plot_target,
    check_text_target,
    json_option,
    write_json,
)
from mcupatch.options import CompileOptions


@click.command("bench")
@click.argument("model", metavar="MODEL|DIR")
@compile_options
@click.option("--plot", metavar="FILE.svg", help="Draw the operators as bars.")
@click.option("-o", "--markdown", metavar="FILE", help="Write the table as Markdown; '-' is standard output.")
@json_option
def command(
    model: str, options: CompileOptions, plot: str | None, markdown: str | None, json_file: str | None
) -> None:
    """Run MODEL (.tflite, .onnx, or zoo:NAME[@PIXELS], or what 'mcupatch compile' wrote to DIR) and show every operator.

    MACs, exact instructions, instructions a MAC, the cycles that a model of the core gives, and the share of the whole.
    The options of a compilation go with a MODEL; DIR has them from its own.
    """
    from mcupatch.bench import measure_operators
    from mcupatch.model_file import load_model_file
    from mcupatch.outputs import write_file
    from mcupatch.pipeline import BuiltModel, compile_model
    from mcupatch.report.operator_picture import draw_operators
    from mcupatch.report.operator_table import operators_markdown, operators_report
    from mcupatch.saved import load_compiled
    from mcupatch.sent_inputs import random_sent_inputs

    is_compiled = Path(model).is_dir() or Path(model).suffix == ".tar"
    if is_compiled and options != CompileOptions():
        raise click.UsageError(f"{model!r} is compiled already; give the options with the model itself")
    if markdown == "-" and json_file == "-":
        raise click.UsageError(
            "--markdown - and --json - both want the standard output; give one of them a file"
        )
    check_json_target(json_file)
    check_text_target("the Markdown", markdown)
    check_plot_target(plot)
    check_different_files(("MODEL", model), ("--json", json_file), ("--plot", plot), ("--markdown", markdown))
    with show_progress() as progress:
        built: BuiltModel
        if is_compiled:
            progress("reading the compiled model")
            built = saved = load_compiled(Path(model))
            name = saved.result.model.name
        else:
            source = load_model_file(model)
            built, name = compile_model(source, options, progress), source.name
        progress("running on the emulated chip")
        costs = measure_operators(built, name, random_sent_inputs(built))
    write_json(json_file, costs.as_json())
    if plot is not None:
        write_file(Path(plot), draw_operators(costs))
    if markdown == "-":
        click.echo(operators_markdown(costs), nl=False)
    elif markdown is not None:
        write_file(Path(markdown), operators_markdown(costs))
    if "-" not in (json_file, markdown):
        output_console().print(operators_report(costs))
    if not costs.as_compiled:
        raise click.exceptions.Exit(1)
