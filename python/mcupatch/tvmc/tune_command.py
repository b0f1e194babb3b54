"""``tvmc tune``: ``mcupatch tune`` in the words of TVM."""

from __future__ import annotations

import click

from mcupatch.cli import tune_command
from mcupatch.cli.parameters import board_option, model_argument
from mcupatch.tvmc.refused import OneChoice, Refused, refuse_options

_ONE_WAY = "there is one way to search, and 'mcupatch tune --help' tells what can be said of it"
_NO_RPC = "schedules are measured on the emulated chip, and nothing is sent anywhere"


@click.command("tune")
@model_argument
@click.option("--target", type=OneChoice("c", "schedules are measured with the stages as C"), default="c",
              metavar="c", show_default=True, expose_value=False, help="What is measured.")  # fmt: skip
@board_option
@click.option("--trials", type=click.IntRange(min=1), metavar="N", help="How many schedules to measure.")
@click.option(
    "-o", "--output", required=True, metavar="FILE", help="The database; what it holds is used and kept."
)
@refuse_options(
    Refused(("--tuner",), _ONE_WAY),
    Refused(("--early-stopping",), _ONE_WAY),
    Refused(("--min-repeat-ms",), "instructions are counted, not timed"),
    Refused(("--number",), "instructions are counted, once is enough"),
    Refused(("--repeat",), "instructions are counted, once is enough"),
    Refused(("--timeout",), _ONE_WAY),
    Refused(("--parallel",), _ONE_WAY),
    Refused(("--enable-autoscheduler",), "AutoScheduler is gone from TVM", is_flag=True),
    Refused(("--tuning-records", "--prior-records"), "-o FILE names the database, which is read as well"),
    Refused(("--desired-layout",), "inside, every tensor is NHWC"),
    Refused(("--input-shapes",), "a compiled network has the shapes that its file says"),
    Refused(("--rpc-key",), _NO_RPC),
    Refused(("--rpc-tracker",), _NO_RPC),
)
def command(model: str, board: str, trials: int | None, output: str) -> None:
    """Measure schedules of MODEL on a board's emulated chip, and keep what was found."""
    words = [model, "--board", board, "--database", output]
    words += [] if trials is None else ["--trials", str(trials)]
    status = tune_command.command.main(words, prog_name="mcupatch tune", standalone_mode=False)
    if status:  # interrupted: what was measured is kept
        raise click.exceptions.Exit(status)
