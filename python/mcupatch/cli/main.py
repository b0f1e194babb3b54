"""The command ``mcupatch``: its subcommands."""

from __future__ import annotations

from collections.abc import Sequence

import click

from mcupatch import __version__
from mcupatch.cli.program import LazyGroup, run_and_leave, run_program

COMMANDS = {
    "compile": "Compile a model to C and firmware.",
    "run": "Run a compiled model and measure it.",
    "export": "Write a compiled model for CMake, Arduino or Zephyr.",
    "quantize": "Make a float ONNX model int8, calibrated with pictures.",
    "bench": "Show what each operator of a model costs: MACs, instructions, modelled cycles.",
    "report": "Everything about a compiled model on one HTML page.",
    "tune": "Measure schedules on the emulated chip, and keep the best for a compilation.",
    "analyze": "Show where the memory of a model goes, and what patching gives.",
    "search-schedule": "Show every schedule worth having: SRAM against work.",
    "redistribute": "Change a network so that its patches overlap less, at equal MACs.",
    "paper": "Compute the figures and tables of the MCUNetV2 paper again.",
    "boards": "List the boards that are known.",
    "zoo": "List the networks that 'zoo:NAME' names.",
    "demo": "A real network on an emulated chip: layer by layer, in patches, with kept halos, streamed.",
}


@click.group(
    cls=LazyGroup,
    package="mcupatch.cli",
    summaries=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="mcupatch", message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, help="Show the traceback of an unexpected error.")
def cli(debug: bool) -> None:
    """Compile quantised CNNs for microcontrollers, patch by patch, and measure them on an emulated chip."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave the process with its exit status."""
    run_and_leave(cli, "mcupatch", arguments)


def run_command_line(arguments: list[str]) -> int:
    """Run one command line; returns its exit status (``run_program``)."""
    return run_program(cli, "mcupatch", arguments)
