"""``mcupatch run``: one inference of a compiled model on the emulated chip or on this computer, measured."""

from __future__ import annotations

from pathlib import Path

import click

from mcupatch.cli.console import output_console, show_progress
from mcupatch.cli.parameters import (
    SECONDS,
    check_different_files,
    check_json_target,
    check_text_target,
    json_option,
    write_json,
)


@click.command("run")
@click.argument("directory", metavar="DIR")
@click.option(
    "--input", "inputs", metavar="FILE", multiple=True,
    help="A .npy, .npz, .bin, .png, .jpg or .bmp file; repeat for several inputs. Seeded random values without it.",
)  # fmt: skip
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the random input.")
@click.option(
    "--on", "backend", type=click.Choice(["unicorn", "qemu", "zephyr", "board", "host"]), default="unicorn",
    show_default=True,
    help="The emulated chip, an image or a Zephyr application that boots in QEMU, a real board that is plugged in, or the "
    "same C on this computer.",
)  # fmt: skip
@click.option("--timeout", metavar="SECONDS", type=SECONDS, default=600.0, show_default=True,
              help="How long it may run in QEMU, on a board or on this computer, and Zephyr build.")  # fmt: skip
@click.option("--zephyr-base", metavar="PATH", help="The Zephyr tree to build with; by default $ZEPHYR_BASE.")
@click.option(
    "--zephyr-board", metavar="BOARD", help="A board of Zephyr's that QEMU emulates; by default mps2/an385."
)
@click.option("--board", metavar="NAME", help="With --on board: which one; it has to be that of the model.")
@click.option("--probe", type=click.Choice(["openocd", "pyocd"]),
              help="With --on board: what flashes it; by default OpenOCD if it is installed, else pyOCD.")  # fmt: skip
@click.option("--labels", metavar="FILE", help="Names of the classes, one a line.")
@click.option("--save", metavar="FILE", help="Write the outputs to a .npz file.")
@json_option
def command(
    directory: str,
    inputs: tuple[str, ...],
    seed: int,
    backend: str,
    timeout: float,
    zephyr_base: str | None,
    zephyr_board: str | None,
    board: str | None,
    probe: str | None,
    labels: str | None,
    save: str | None,
    json_file: str | None,
) -> None:
    """Run the model that 'mcupatch compile' wrote to DIR, and compare its output with the reference, byte for byte.

    DIR may be an archive, model.tar, instead.
    """
    from mcupatch.board_runs import measure_on_board
    from mcupatch.describe import describe_run
    from mcupatch.model_outputs import read_labels, save_outputs
    from mcupatch.pipeline import measure_model
    from mcupatch.report.run import run_report
    from mcupatch.saved import load_compiled, update_figures
    from mcupatch.sent_inputs import random_sent_inputs, read_sent_inputs
    from mcupatch.zephyr_runs import DEFAULT_BOARD, find_zephyr, measure_on_zephyr

    if backend != "zephyr" and (zephyr_base or zephyr_board):
        raise click.UsageError("--zephyr-base and --zephyr-board go with --on zephyr")
    if backend != "board" and (board or probe):
        raise click.UsageError("--board and --probe go with --on board")
    tree = find_zephyr(zephyr_base) if backend == "zephyr" else None
    check_json_target(json_file)
    check_text_target("the outputs", save)
    for file in (directory, labels, *inputs):
        check_different_files(("what is read", file), ("--json", json_file), ("--save", save))
    names = read_labels(Path(labels)) if labels else None
    with show_progress() as progress:
        progress("reading the compiled model")
        saved = load_compiled(Path(directory))
        values = (
            read_sent_inputs(saved, [Path(f) for f in inputs]) if inputs else random_sent_inputs(saved, seed)
        )
        progress(f"running on {backend}")
        if tree is not None:
            run = measure_on_zephyr(saved, values, tree, zephyr_board or DEFAULT_BOARD, timeout)
        elif backend == "board":
            run = measure_on_board(saved, values, board, probe, timeout)
        else:
            run = measure_model(saved, values, backend, timeout)
    result = update_figures(saved, describe_run(run))
    if save:
        save_outputs(Path(save), run.outputs)
    write_json(json_file, result.as_json())
    if json_file != "-":
        output_console().print(run_report(result, run.outputs, names))
    if not run.as_compiled:
        raise click.exceptions.Exit(1)
