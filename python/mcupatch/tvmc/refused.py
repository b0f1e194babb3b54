"""Options of TVM's tvmc that have no meaning here: known, so that a script that uses one is told why, in a sentence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click


@dataclass(frozen=True)
class Refused:
    """``names`` of one option; ``reason`` completes "--name: ". ``is_flag``: it takes no value."""

    names: tuple[str, ...]
    reason: str
    is_flag: bool = False


def refuse_options(*options: Refused) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A decorator: the command knows ``options``, does not list them, and ends with status 2 where one is given."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for refused in options:
            command = click.option(
                *refused.names,
                is_flag=refused.is_flag,
                default=False if refused.is_flag else None,
                hidden=True,
                expose_value=False,
                callback=_refuse_with(refused),
            )(command)
        return command

    return decorate


def _refuse_with(refused: Refused) -> Callable[[click.Context, click.Parameter, Any], None]:
    def check(context: click.Context, parameter: click.Parameter, value: Any) -> None:
        if value not in (None, False):
            raise click.UsageError(f"{refused.names[-1]}: {refused.reason}")

    return check


class OneChoice(click.ParamType):
    """An option of which TVM knew several values and mcupatch has one."""

    name = "choice"

    def __init__(self, only: str, reason: str) -> None:
        self._only, self._reason = only, reason

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value != self._only:
            self.fail(f"{value!r} is not to be had: {self._reason}", param, ctx)
        return self._only
