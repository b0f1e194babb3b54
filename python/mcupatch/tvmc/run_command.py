"""``tvmc run``: one inference of an archive, or of a project on its device."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from mcupatch.cli.console import output_console, print_lines, show_progress
from mcupatch.cli.parameters import check_different_files, check_text_target
from mcupatch.tvmc.platforms import run_backend
from mcupatch.tvmc.project import MicroProject, read_project
from mcupatch.tvmc.refused import Refused, refuse_options

if TYPE_CHECKING:
    from mcupatch.pipeline import ComparedRun
    from mcupatch.saved_facts import SavedModel

_EXACT = "an emulated run is exact, once is enough"
_NO_RPC = "there is no RPC; --device micro runs a project on its device"

TIMEOUT_SECONDS = 600.0


@click.command("run")
@click.argument("path", metavar="PATH")
@click.option("--device", type=click.Choice(["cpu", "micro"]), default="cpu", show_default=True,
              help="cpu: PATH is an archive; micro: PATH is a project of 'tvmc micro create'.")  # fmt: skip
@click.option("--on", "backend", type=click.Choice(["unicorn", "qemu", "host"]), default="unicorn", show_default=True,
              help="Where an archive runs, as for 'mcupatch run'.")  # fmt: skip
@click.option("-i", "--inputs", metavar="FILE", help="Values of the inputs by name, a .npz file.")
@click.option(
    "-o", "--outputs", metavar="FILE", help="Write the outputs to a .npz file, as output_0, output_1, ..."
)
@click.option("--fill-mode", type=click.Choice(["random", "zeros", "ones"]), default="random", show_default=True,
              help="Of the inputs that no file gives; random is the same every time.")  # fmt: skip
@click.option("--print-time", is_flag=True, help="Print what it took: instructions, and cycles by a model.")
@click.option(
    "--print-top", type=click.IntRange(min=1), metavar="N", help="Print the N largest values of an output."
)
@refuse_options(
    Refused(("--repeat",), _EXACT),
    Refused(("--number",), _EXACT),
    Refused(("--end-to-end",), "nothing is copied to a device", is_flag=True),
    Refused(("--profile",), "'mcupatch bench' shows every operator", is_flag=True),
    Refused(("--rpc-key",), _NO_RPC),
    Refused(("--rpc-tracker",), _NO_RPC),
    Refused(("--list-options",), "'tvmc run --help' tells all of them", is_flag=True),
)
@click.pass_context
def command(
    context: click.Context,
    path: str,
    device: str,
    backend: str,
    inputs: str | None,
    outputs: str | None,
    fill_mode: str,
    print_time: bool,
    print_top: int | None,
) -> None:
    """Run the archive PATH once, and compare its output with the reference, byte for byte."""
    from mcupatch.describe import describe_run
    from mcupatch.model_outputs import save_outputs
    from mcupatch.report.run import best_classes, describe_verdict, measured_facts
    from mcupatch.report.tables import fact_table
    from mcupatch.saved import load_compiled, update_figures

    archive, project = Path(path), None
    if device == "micro":
        if context.get_parameter_source("backend") is not ParameterSource.DEFAULT:
            raise click.UsageError("--on: with --device micro the project says where it runs")
        project = read_project(archive)
        archive, backend = project.archive, run_backend(project)
    check_text_target("the outputs", outputs)
    check_different_files(("PATH", path), ("--inputs", inputs), ("--outputs", outputs))
    with show_progress() as progress:
        progress("reading the archive")
        saved = load_compiled(archive)
        values = _input_values(saved, inputs, fill_mode)
        progress(f"running on {backend}")
        run = _measure(saved, values, backend, project)
    measured = describe_run(run)
    result = update_figures(saved, measured)
    numbered = {f"output_{number}": value for number, value in enumerate(run.outputs.values())}
    if outputs is not None:
        save_outputs(Path(outputs), numbered)
    for name, value in numbered.items() if print_top else ():
        flat = value.reshape(-1)
        print_lines([name, *(f"  {index} {flat[index]:g}" for index in best_classes(value, print_top or 0))])
    if print_time:
        output_console().print(fact_table(measured_facts(measured, result)))
    print_lines([describe_verdict(measured)])
    if not run.as_compiled:
        raise click.exceptions.Exit(1)


def _measure(
    saved: SavedModel, values: Mapping[str, Any], backend: str, project: MicroProject | None
) -> ComparedRun:
    from mcupatch.pipeline import measure_model
    from mcupatch.zephyr_runs import DEFAULT_BOARD, find_zephyr, measure_on_zephyr

    if project is not None and backend == "zephyr":
        tree = find_zephyr(project.options.get("zephyr_base"))
        board = project.options.get("board", DEFAULT_BOARD)
        return measure_on_zephyr(saved, values, tree, board, TIMEOUT_SECONDS)
    return measure_model(saved, values, backend)


def _input_values(saved: SavedModel, inputs: str | None, fill_mode: str) -> Mapping[str, Any]:
    from mcupatch.model_inputs import constant_inputs
    from mcupatch.sent_inputs import random_sent_inputs, read_named_sent_inputs

    stored = int(fill_mode == "ones")
    values = random_sent_inputs(saved) if fill_mode == "random" else constant_inputs(saved.graph, stored)
    return values | (read_named_sent_inputs(saved, Path(inputs)) if inputs is not None else {})
