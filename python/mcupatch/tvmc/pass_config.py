"""``--pass-config mcupatch.sram=64KiB``: the options of ``mcupatch compile`` in the form of TVM's pass contexts."""

from __future__ import annotations

from collections.abc import Sequence

import click

from mcupatch.cli.compile_options import compile_options
from mcupatch.options import CompileOptions

PREFIX = "mcupatch."
_SWITCH = {"1": True, "true": True, "0": False, "false": False}
_OWN_OPTIONS = ("board", "target")  # options of tvmc itself


@click.command()
@compile_options
def _parse(options: CompileOptions) -> CompileOptions:
    return options


_KNOWN = {p.name: p for p in _parse.params if isinstance(p, click.Option) and p.name not in _OWN_OPTIONS}


def parse_pass_config(pairs: Sequence[str], board: str, target: str) -> CompileOptions:
    """The options that ``NAME=VALUE`` pairs ask for, checked as those of ``mcupatch compile``.

    Raises click.UsageError for a pair that is none, or of which mcupatch knows nothing.
    """
    words = ["--board", board, "--target", target, *(word for pair in pairs for word in _words_of(pair))]
    try:
        options: CompileOptions = _parse.main(words, prog_name="tvmc compile", standalone_mode=False)
    except click.UsageError as error:
        raise click.UsageError(f"--pass-config: {error.format_message()}") from error
    return options


def _words_of(pair: str) -> list[str]:
    """``mcupatch.least_sram=1`` as words of the command line."""
    name, equals, value = pair.partition("=")
    if not equals:
        raise click.UsageError(f"--pass-config takes NAME=VALUE, such as mcupatch.sram=64KiB, not {pair!r}")
    if not name.startswith(PREFIX):
        raise click.UsageError(
            f"--pass-config {name}: only the pass of mcupatch is configured here, by names such as mcupatch.sram"
        )
    option = _KNOWN.get(name.removeprefix(PREFIX))
    if option is None:
        known = ", ".join(PREFIX + known for known in _KNOWN)
        raise click.UsageError(f"--pass-config {name} is not known; known are {known}")
    if not option.is_flag:
        return [option.opts[0], value]
    if value.lower() not in _SWITCH:
        raise click.UsageError(f"--pass-config {name} is 1 or 0, not {value!r}")
    return [option.opts[0]] if _SWITCH[value.lower()] else []
