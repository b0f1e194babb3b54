"""``mcupatch tune``: measure schedules on the emulated chip and keep the best in a database for ``compile --tuned``."""

from __future__ import annotations

from pathlib import Path

import click

from mcupatch.cli.compile_options import budget_options
from mcupatch.cli.console import output_console, print_error, show_trials
from mcupatch.cli.parameters import (
    check_different_files,
    check_json_target,
    check_text_target,
    json_option,
    model_argument,
    write_json,
)
from mcupatch.options import CompileOptions

INTERRUPTED = 130


@click.command("tune")
@model_argument
@budget_options
@click.option(
    "--trials", type=click.IntRange(1, 10_000), default=24, show_default=True, help="Schedules to measure."
)
@click.option(
    "--cost",
    type=click.Choice(["instructions", "cycles"]),
    default="instructions",
    show_default=True,
    help="What is made small: instructions, counted exactly, or cycles by the model of the core.",
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of everything by chance."
)
@click.option(
    "--database",
    metavar="FILE",
    help="Where measurements are kept; by default the model's name and .tuned.jsonl.",
)
@json_option
def command(
    model: str,
    options: CompileOptions,
    trials: int,
    cost: str,
    seed: int,
    database: str | None,
    json_file: str | None,
) -> None:
    """Measure schedules of MODEL (.tflite, .onnx, or zoo:NAME[@PIXELS]) on an emulated board, and learn from them.

    'mcupatch compile --tuned FILE' takes the best one. What FILE knows is not measured again, and it is written after
    every trial, so that Ctrl-C loses nothing.
    """
    from mcupatch.describe_tuning import describe_tuning
    from mcupatch.model_file import load_model_file
    from mcupatch.report.tuning import tuning_report
    from mcupatch.tune import ModelTuning, TuneOptions
    from mcupatch.tuning.database import open_database, save_database
    from mcupatch.tuning.tuner import Trial

    check_json_target(json_file)
    source = load_model_file(model)
    target = Path(f"{source.name}.tuned.jsonl" if database is None else database)
    check_text_target("the tuning database", str(target))
    check_different_files(("MODEL", model), ("--json", json_file), ("--database", str(target)))
    kept = open_database(target, cost)
    with show_trials(trials) as (progress, advance):
        tuning = ModelTuning(source, options, TuneOptions(trials, seed), kept, progress)
        known = len(kept.of(tuning.task))

        def keep(trial: Trial) -> None:
            nonlocal kept
            kept = kept.add([trial.record])
            save_database(target, kept)
            advance()

        outcome = tuning.run(keep)
    figures = describe_tuning(outcome, source.name, options.board, cost, known)
    write_json(json_file, figures.as_json())
    if json_file != "-":
        output_console().print(tuning_report(figures, str(target)))
    if outcome.interrupted:
        print_error(f"interrupted; what was measured is in {str(target)!r}")
        raise click.exceptions.Exit(INTERRUPTED)
