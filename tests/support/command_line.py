"""A command line run in this process, and what it printed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mcupatch.cli.main import run_command_line


def run_cli(
    capsys: pytest.CaptureFixture[str],
    *arguments: str,
    status: int = 0,
    program: Callable[[list[str]], int] = run_command_line,
) -> str:
    """What it printed: on standard output, or on standard error where it does not come to an end."""
    found = program(list(arguments))
    shown = capsys.readouterr()
    assert found == status, shown.err
    return shown.out if status in (0, 1) else shown.err
