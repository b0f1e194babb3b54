"""``mcupatch run``: one inference of a compiled model on the emulated chip or on this computer, measured."""

from __future__ import annotations

from pathlib import Path

import click

from mcupatch.cli.console import output_console, show_progress
from mcupatch.cli.parameters import check_different_files, check_json_target, json_option, write_json


@click.command("run")
@click.argument("directory", metavar="DIR")
@click.option(
    "--input", "inputs", metavar="FILE", multiple=True,
    help="A .npy, .npz, .bin, .png, .jpg or .bmp file; repeat for several inputs. Seeded random values without it.",
)  # fmt: skip
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the random input.")
@click.option("--on", "backend", type=click.Choice(["unicorn", "host"]), default="unicorn", show_default=True,
              help="The emulated chip, or the same C on this computer.")  # fmt: skip
@click.option("--labels", metavar="FILE", help="Names of the classes, one a line.")
@click.option("--save", metavar="FILE", help="Write the outputs to a .npz file.")
@json_option
def command(
    directory: str,
    inputs: tuple[str, ...],
    seed: int,
    backend: str,
    labels: str | None,
    save: str | None,
    json_file: str | None,
) -> None:
    """Run the model that 'mcupatch compile' wrote to DIR, and compare its output with the reference, byte for byte."""
    from mcupatch.describe import describe_run
    from mcupatch.model_outputs import read_labels, save_outputs
    from mcupatch.pipeline import measure_model
    from mcupatch.report.run import run_report
    from mcupatch.saved import load_compiled, update_figures
    from mcupatch.sent_inputs import random_sent_inputs, read_sent_inputs

    check_json_target(json_file)
    check_different_files(("--json", json_file), ("--save", save))
    names = read_labels(Path(labels)) if labels else None
    with show_progress() as progress:
        progress("reading the compiled model")
        saved = load_compiled(Path(directory))
        values = (
            read_sent_inputs(saved, [Path(f) for f in inputs]) if inputs else random_sent_inputs(saved, seed)
        )
        progress(f"running on {backend}")
        run = measure_model(saved, values, backend)
    result = update_figures(saved, describe_run(run))
    if save:
        save_outputs(Path(save), run.outputs)
    write_json(json_file, result.as_json())
    if json_file != "-":
        output_console().print(run_report(result, run.outputs, names))
    if not run.matches_reference:
        raise click.exceptions.Exit(1)
