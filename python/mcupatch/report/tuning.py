"""What ``mcupatch tune`` prints, and its JSON: every trial beside what was expected of it, and what was gained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from mcupatch.report.tables import new_table
from mcupatch.report.units import format_count, format_kib

TITLES = {"instructions": "instructions", "cycles": "cycles (model)"}


@dataclass(frozen=True)
class TrialFigures:
    """One schedule that was measured. ``expected`` is the learned model's cost before that (None: there was none).

    ``tiled_stages`` run in tiles; ``wide_operators`` have int16 weights. ``modelled_instructions`` are those of the fitted
    model, which the search uses.
    """

    cost: int
    expected: float | None
    modelled_instructions: int
    arena_bytes: int
    flash_bytes: int
    extra_macs: int
    tiled_stages: int
    wide_operators: int


@dataclass(frozen=True)
class TuningFigures:
    """``cost`` is what is counted: "instructions" or "cycles". ``trials`` are the new ones, in their order.

    ``macs`` are those of the network run whole, ``known`` the records that there were before.
    """

    name: str
    macs: int
    board: str
    cpu: str
    cost: str
    untuned: TrialFigures
    best: TrialFigures
    trials: tuple[TrialFigures, ...]
    known: int
    interrupted: bool

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def tuning_report(figures: TuningFigures, database: str) -> RenderableType:
    """A row a trial, and the verdict."""
    head = f"{figures.name}: {len(figures.trials)} schedules measured on an emulated {figures.cpu}"
    parts: list[RenderableType] = [Text(head + (f", {figures.known} known before" if figures.known else ""))]
    numbers = ("trial", "arena\nKiB", "flash\nKiB", TITLES[figures.cost].replace(" ", "\n"), "to\nuntuned")
    numbers = (*numbers, "expected", "in tiles", "int16")
    table = new_table(*numbers, numbers=numbers)
    for index, trial in enumerate(figures.trials):
        table.add_row(str(index), *_cells(figures, trial))
    if figures.trials:
        parts.append(table)
    parts.append(Text(verdict(figures, database)))
    return Group(*parts)


def verdict(figures: TuningFigures, database: str) -> str:
    """Two sentences: what was gained, and how to use it."""
    before, after = figures.untuned.cost, figures.best.cost
    kind = TITLES[figures.cost]
    if after >= before:
        return f"Nothing better than the untuned schedule was found: {before:,} {kind}."
    return (
        f"{after:,} {kind} instead of {before:,}: {1 - after / before:.1%} fewer. "
        f"'mcupatch compile' takes it with --tuned {database}."
    )


def _cells(figures: TuningFigures, trial: TrialFigures) -> Sequence[str]:
    expected = "" if trial.expected is None else f"{trial.expected / trial.cost - 1:+.1%}"
    return (
        format_kib(trial.arena_bytes),
        format_kib(trial.flash_bytes),
        format_count(trial.cost),
        f"{trial.cost / figures.untuned.cost - 1:+.1%}",
        expected,
        str(trial.tiled_stages),
        str(trial.wide_operators),
    )
