"""The command ``tvmc``: its subcommands."""

from __future__ import annotations

from collections.abc import Sequence

import click

from mcupatch import __version__
from mcupatch.cli.program import LazyGroup, run_and_leave, run_program

COMMANDS = {
    "compile": "Compile a model to an archive in the Model Library Format.",
    "run": "Run an archive, or a project on its device, and measure it.",
    "micro": "Create, build and flash a project for a microcontroller.",
    "tune": "Measure schedules, and keep the best in a database.",
}


@click.group(
    cls=LazyGroup,
    package="mcupatch.tvmc",
    summaries=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, "--version", prog_name="tvmc", message="%(prog)s of mcupatch %(version)s")
@click.option("--debug", is_flag=True, help="Show the traceback of an unexpected error.")
def cli(debug: bool) -> None:
    """The words of TVM's tvmc for mcupatch: docs/tvmc.md says what became of each."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave the process with its exit status."""
    run_and_leave(cli, "tvmc", arguments)


def run_command_line(arguments: list[str]) -> int:
    """Run one command line; returns its exit status (``run_program``)."""
    return run_program(cli, "tvmc", arguments)
