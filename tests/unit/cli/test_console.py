"""Results keep the width of their tables on any terminal."""

from __future__ import annotations

import pytest

from mcupatch.cli.console import output_console


@pytest.mark.parametrize(("columns", "width"), [("40", 80), ("80", 80), ("132", 132)])
def test_a_narrow_terminal_cuts_no_figure(monkeypatch: pytest.MonkeyPatch, columns: str, width: int) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert output_console().width == width
