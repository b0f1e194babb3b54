"""``mcupatch export``: a compiled model as a project of a build system that its user knows."""

from __future__ import annotations

from pathlib import Path

import click

from mcupatch.cli.console import print_lines, show_progress


@click.command("export")
@click.argument("directory", metavar="DIR")
@click.option("--cmake", metavar="OUT", help="A static library and an example in plain CMake.")
@click.option("--arduino", metavar="OUT", help="An Arduino library.")
@click.option("--zephyr", metavar="OUT", help="A Zephyr application.")
@click.option(
    "--stm32", metavar="OUT", help="A bare-metal project for the STM32 that the model was compiled for."
)
@click.option("--board", metavar="NAME", help="With --stm32: the board; it has to be that of the model.")
@click.option(
    "--input", "inputs", metavar="FILE", multiple=True,
    help="The example's input, as for 'mcupatch run'; repeat for several inputs. Random values without it.",
)  # fmt: skip
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the random input.")
@click.option("--replace", is_flag=True, help="Write over an earlier export.")
def command(
    directory: str,
    cmake: str | None,
    arduino: str | None,
    zephyr: str | None,
    stm32: str | None,
    board: str | None,
    inputs: tuple[str, ...],
    seed: int,
    replace: bool,
) -> None:
    """Write the model that 'mcupatch compile' wrote to DIR as a project: its C, the kernels it calls, an example."""
    from mcupatch.export.arduino import write_arduino
    from mcupatch.export.cmake import write_cmake
    from mcupatch.export.project import check_export_target, prepare_project
    from mcupatch.export.stm32 import check_board, write_stm32
    from mcupatch.export.zephyr import write_zephyr
    from mcupatch.outputs import replace_directory
    from mcupatch.saved import load_compiled
    from mcupatch.sent_inputs import random_sent_inputs, read_sent_inputs

    systems = ((cmake, write_cmake), (arduino, write_arduino), (zephyr, write_zephyr), (stm32, write_stm32))
    chosen = [(target, write) for target, write in systems if target is not None]
    if len(chosen) != 1:
        raise click.UsageError(
            "name one system and where to write: --cmake OUT, --arduino OUT, --zephyr OUT or --stm32 OUT"
        )
    if board is not None and stm32 is None:
        raise click.UsageError("--board goes with --stm32")
    ((name, write),) = chosen
    target = Path(name)
    check_export_target(target, Path(directory), replace)
    with show_progress() as progress:
        progress("reading the compiled model")
        saved = load_compiled(Path(directory))
        values = (
            read_sent_inputs(saved, [Path(f) for f in inputs]) if inputs else random_sent_inputs(saved, seed)
        )
        progress("computing the reference")
        project = prepare_project(saved, values)
        check_board(project, board)
        with replace_directory(target) as draft:
            write(project, draft)
    print_lines([f"written to {name}; {name}/README.md says how to build it"])
