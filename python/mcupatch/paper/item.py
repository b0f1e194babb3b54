"""One figure or table of the paper, redone: plain frozen values that can be written and drawn."""

from __future__ import annotations

from dataclasses import dataclass

Cell = str | float | int | None  # None: not known, or not possible


@dataclass(frozen=True)
class Series:
    """A line or a row of bars: one value for each label of its chart (None: none)."""

    title: str
    values: tuple[float | None, ...]


@dataclass(frozen=True)
class Chart:
    """``lines`` or bars over ``labels``; ``reference`` draws a level that the paper names."""

    title: str
    y_title: str
    labels: tuple[str, ...]
    series: tuple[Series, ...]
    x_title: str = ""
    lines: bool = False
    reference: float | None = None
    reference_title: str = ""

    def __post_init__(self) -> None:
        for each in self.series:
            if len(each.values) != len(self.labels):
                raise ValueError(
                    f"{each.title!r} has {len(each.values)} values for {len(self.labels)} labels"
                )


@dataclass(frozen=True)
class PaperItem:
    """``key`` names its files. ``definition`` says what is counted, ``finding`` compares with the paper."""

    key: str
    title: str
    definition: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    finding: str
    charts: tuple[Chart, ...] = ()

    def __post_init__(self) -> None:
        if any(len(row) != len(self.head) for row in self.rows):
            raise ValueError(f"{self.key}: a row has not as many cells as the head")
