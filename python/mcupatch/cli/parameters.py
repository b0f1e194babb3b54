"""The kinds of values on the command line, and the options that several subcommands share."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from mcupatch.errors import BadInput
from mcupatch.options import ByHand, FitBudget, LeastSram, Mode, PerLayer
from mcupatch.outputs import directory_of_output, write_file
from mcupatch.target.sizes import parse_size


class SizeType(click.ParamType):
    """A size in bytes: ``65536``, ``64KiB``, ``1MiB``."""

    name = "SIZE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        try:
            return parse_size(value)
        except BadInput as error:
            self.fail(str(error), param, ctx)


class GridType(click.ParamType):
    """Rows x columns of tiles: ``3x3``."""

    name = "RxC"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        if isinstance(value, tuple):
            return value
        found = re.fullmatch(r"(\d{1,5})[xX](\d{1,5})", value.strip())
        if not found or min(int(found[1]), int(found[2])) < 1:
            self.fail(f"{value!r} is not a grid; write rows x columns, such as 3x3", param, ctx)
        return int(found[1]), int(found[2])


class FractionType(click.ParamType):
    """A share of the MACs: ``5%`` or ``0.05``."""

    name = "PERCENT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        found = re.fullmatch(r"(\d+(?:\.\d*)?|\.\d+)\s*(%?)", value.strip())
        if not found:
            self.fail(f"{value!r} is not a share; write 5% or 0.05", param, ctx)
        share = float(found[1]) / (100.0 if found[2] else 1.0)
        if 1 < share <= 100 and not found[2]:
            self.fail(f"{value!r} is more than all; write {value.strip()}% or {share / 100:g}", param, ctx)
        return share


class SecondsType(click.ParamType):
    """A time to wait for: above 0, and no longer than what every system can wait for at once."""

    name = "SECONDS"
    longest = 7 * 24 * 3600

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            seconds = float(value)
        except ValueError:
            seconds = math.nan
        if not 0 < seconds <= self.longest:
            self.fail(f"{value!r} is not a number of seconds above 0 and up to {self.longest}", param, ctx)
        return seconds


class NumberType(click.ParamType):
    """A real number, or a quotient of two: ``0.5``, ``-2.1``, ``1/255``."""

    name = "NUMBER"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        above, _, below = value.partition("/")
        try:
            number = float(above) / float(below or 1)
        except (ValueError, ZeroDivisionError, OverflowError):
            number = math.nan
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a number; write 0.5, -1 or 1/255", param, ctx)
        return number


NETWORK_SUFFIXES = (".json", ".tflite", ".onnx")

SIZE, GRID, FRACTION, NUMBER, SECONDS = SizeType(), GridType(), FractionType(), NumberType(), SecondsType()

model_argument = click.argument("model", metavar="MODEL")
json_option = click.option(
    "--json", "json_file", metavar="FILE", help="Write the figures as JSON to FILE; '-' is standard output."
)
io_option = click.option(
    "--io",
    type=click.Choice(["model", "int8"]),
    default="model",
    show_default=True,
    help="The model's own input and output types, or int8 in place of float ends.",
)
board_option = click.option(
    "--board", default="stm32f746", show_default=True, help="A board of 'mcupatch boards', or 'generic'."
)


def stream_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of an input that comes row by row."""
    for option in reversed(
        (
            click.option(
                "--stream-input",
                is_flag=True,
                help="The image comes row by row through a function of the caller's; no buffer holds it.",
            ),
            click.option(
                "--input-scale",
                type=NUMBER,
                help="Of a streamed float input: a raw byte is worth raw * scale + offset.",
            ),
            click.option("--input-offset", type=NUMBER, help="Goes with --input-scale."),
        )
    ):
        command = option(command)
    return command


def schedule_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say how the network is cut into stages."""
    for option in reversed(
        (
            click.option("--per-layer", is_flag=True, help="Run every operator whole."),
            click.option("--grid", type=GRID, help="Cut the first operators into RxC tiles; needs --ops."),
            click.option("--ops", type=click.IntRange(min=1), help="How many operators run patch by patch."),
            click.option(
                "--halo",
                type=click.Choice(["auto", "recompute", "keep"]),
                default="auto",
                show_default=True,
                help="With --grid: what patches share is computed again by each, or kept; auto is recompute.",
            ),
            click.option("--least-sram", is_flag=True, help="Look for the smallest arena."),
            click.option(
                "--max-extra-macs",
                type=FRACTION,
                help="With --least-sram: recompute at most this share, e.g. 5%.",
            ),
        )
    ):
        command = option(command)
    return command


def schedule_mode(
    per_layer: bool,
    grid: tuple[int, int] | None,
    ops: int | None,
    halo: str,
    least_sram: bool,
    max_extra_macs: float | None,
) -> Mode:
    """The mode that these options ask for. Raises click.UsageError where they contradict each other."""
    if (grid is None) != (ops is None):
        raise click.UsageError("--grid and --ops belong together: --grid 3x3 --ops 8")
    if per_layer + least_sram + (grid is not None) > 1:
        raise click.UsageError("choose one of --per-layer, --least-sram, and --grid with --ops")
    if max_extra_macs is not None and not least_sram:
        raise click.UsageError("--max-extra-macs goes with --least-sram")
    if halo != "auto" and grid is None:
        raise click.UsageError("--halo recompute and --halo keep go with --grid and --ops")
    if per_layer:
        return PerLayer()
    if grid is not None and ops is not None:
        return ByHand(ops, grid, "keep" if halo == "keep" else "recompute")
    return LeastSram(max_extra_macs) if least_sram else FitBudget()


def check_json_target(json_file: str | None) -> None:
    """Raise BadInput before the work if ``--json`` names a file that cannot be written."""
    check_text_target("the JSON", json_file)


def check_text_target(what: str, file: str | None) -> None:
    """Raise BadInput before the work if ``what`` cannot be written to ``file``; '-' is standard output."""
    if file not in (None, "-"):
        _check_writable(what, file)


def _check_writable(what: str, file: str) -> None:
    if Path(file).is_dir() or not Path(file).absolute().parent.is_dir():
        raise BadInput(f"cannot write {what} to {file!r}: it is a directory, or its directory does not exist")
    directory = directory_of_output(Path(file))
    if directory is not None:
        raise BadInput(
            f"cannot write {what} to {file!r}: it is part of what mcupatch wrote to {str(directory)!r}; name another file"
        )


def check_plot_target(plot: str | None) -> None:
    """Raise BadInput before the work if ``--plot`` names a file that cannot be written."""
    if plot is None:
        return
    if not plot.lower().endswith(".svg"):
        raise BadInput(f"The picture is drawn as SVG: name a file that ends in .svg, not {plot!r}.")
    _check_writable("the picture", plot)


def check_network_target(file: str) -> str:
    """The ending of the file that a network is written to. Raises BadInput before the work if it cannot be."""
    suffix = Path(file).suffix.lower()
    if suffix not in NETWORK_SUFFIXES:
        raise BadInput(
            f"The network is written as {', '.join(NETWORK_SUFFIXES)}: name such a file, not {file!r}."
        )
    _check_writable("the network", file)
    return suffix


def check_different_files(*targets: tuple[str, str | None]) -> None:
    """Raise BadInput before the work if two of the options ``targets`` name one file: one result would be lost."""
    taken: dict[str, str] = {}
    for option, file in targets:
        if file is None or file == "-":
            continue
        place = os.path.realpath(file)
        if place in taken and not _is_device(place):
            raise BadInput(f"{taken[place]} and {option} name the same file, {file!r}: give each its own")
        taken[place] = option


def _is_device(place: str) -> bool:
    """A device or a pipe takes whatever comes."""
    return os.path.exists(place) and not os.path.isfile(place)


def write_json(json_file: str | None, result: Mapping[str, object]) -> None:
    """Write ``result`` where ``--json`` says: a file, standard output for ``-``, nowhere for None."""
    if json_file is None:
        return
    text = json.dumps(result, indent=2) + "\n"
    if json_file == "-":
        click.echo(text, nl=False)
    else:
        write_file(Path(json_file), text)
