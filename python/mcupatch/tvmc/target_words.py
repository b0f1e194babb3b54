"""``--target "c -mcpu=cortex-m7"``: a TVM target as far as mcupatch has a say in it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

import click

from mcupatch.options import TARGETS
from mcupatch.target.board import Board

_ATTRIBUTES = ("keys", "mcpu", "mtriple")
_TRIPLES = ("thumbv7em-none-eabihf", "thumbv7em-none-eabi")


@dataclass(frozen=True)
class TargetWords:
    """``kind`` is c or llvm; ``mcpu`` the core that was named, if one was."""

    kind: str
    mcpu: str | None = None

    def check_board(self, board: Board) -> None:
        """Raise click.UsageError if ``board`` has another core than the target."""
        if self.mcpu not in (None, board.cpu):
            raise click.UsageError(
                f"--target: the core is {self.mcpu} and {board.name} has a {board.cpu}; "
                "name a board with that core (--board; 'mcupatch boards' lists them)"
            )


def parse_target(text: str) -> TargetWords:
    """Raises click.UsageError for a target that mcupatch does not build for."""
    try:
        kind, *attributes = shlex.split(text)
    except ValueError:
        kind, attributes = "", []
    if kind not in TARGETS:
        raise click.UsageError(f"--target is {' or '.join(TARGETS)}, for a Cortex-M, not {text!r}")
    values: dict[str, str] = {}
    for word in attributes:
        name, equals, value = word.lstrip("-").partition("=")
        if name not in _ATTRIBUTES or not equals or not word.startswith("-"):
            raise click.UsageError(
                f"--target: {word!r} is not known; the board says all but the core (-mcpu=cortex-m7)"
            )
        values[name] = value
    if values.get("mtriple", _TRIPLES[0]) not in _TRIPLES:
        raise click.UsageError(f"--target: the code is for {_TRIPLES[0]}, not for {values['mtriple']}")
    return TargetWords(kind, values.get("mcpu"))
