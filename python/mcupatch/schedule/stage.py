"""The decision of the scheduler: which operators run together, tile by tile."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mcupatch.ir.region import Interval, Region


@dataclass(frozen=True)
class Stage:
    """Operators ``first`` to ``last`` (inclusive), executed for each tile of the last one's output.

    ``grid`` is tiles down and across, ``tile`` their rows and columns; the last tile of a row or column may be
    smaller. A whole operator is a stage of one operator and one tile.
    """

    first: int
    last: int
    grid: tuple[int, int]
    tile: tuple[int, int]

    def __post_init__(self) -> None:
        if not 0 <= self.first <= self.last:
            raise ValueError(f"stage runs from operator {self.first} to {self.last}")
        if min(*self.grid, *self.tile) < 1:
            raise ValueError(f"grid {self.grid} and tile {self.tile} must be positive")

    @property
    def is_patched(self) -> bool:
        return self.grid != (1, 1)

    def tiles(self, height: int, width: int) -> Iterator[Region]:
        """The tiles over an output of ``height`` x ``width``, row by row."""
        for r in range(self.grid[0]):
            for c in range(self.grid[1]):
                yield Region(
                    Interval(r * self.tile[0], min((r + 1) * self.tile[0], height)),
                    Interval(c * self.tile[1], min((c + 1) * self.tile[1], width)),
                )


def stage_with_grid(first: int, last: int, grid: tuple[int, int], height: int, width: int) -> Stage:
    """A stage of about ``grid`` equal tiles over an output of ``height`` x ``width``.

    The tile is the side divided by the grid, rounded up; a grid that leaves tiles empty shrinks to the tiles
    that hold something (5 rows in 4 parts are 3 tiles of 2 rows).
    """
    tile = tuple(-(-side // max(1, min(parts, side))) for side, parts in zip((height, width), grid))
    fitted = tuple(-(-side // t) for side, t in zip((height, width), tile))
    return Stage(first, last, (fitted[0], fitted[1]), (tile[0], tile[1]))


@dataclass(frozen=True)
class Schedule:
    """All stages, in order, covering every operator once."""

    stages: tuple[Stage, ...]

    def __post_init__(self) -> None:
        expected = 0
        for stage in self.stages:
            if stage.first != expected:
                raise ValueError(f"stage starts at operator {stage.first}, expected {expected}")
            expected = stage.last + 1

    @property
    def patched(self) -> Stage | None:
        """The stage that runs in more than one tile, if there is one."""
        return next((s for s in self.stages if s.is_patched), None)
