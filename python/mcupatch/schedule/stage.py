"""The decision of the scheduler: which operators run together, in tiles of what size, and what becomes of the halos."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Segment:
    """Operators ``first`` to ``last`` (inclusive), run together for each tile of the segment's tiled tensor.

    The tiled tensor is the last operator's output, or its input if that operator is a reduction (``ir/access.py``).
    ``tile`` is its rows and columns; the last tile of a row or column may be smaller. One row of tiles is a *step*.

    Each position of a tensor inside is computed once and kept for as long as it is read again, but for the results
    of the operators in ``recomputed_rows`` and ``recomputed_cols``: along that axis each tile computes them anew.
    The operators in ``early`` run as soon as their inputs are there, not when their result is wanted: a strided
    shortcut is then held as its small result rather than as its large input.
    """

    first: int
    last: int
    tile: tuple[int, int]
    recomputed_rows: tuple[int, ...] = ()
    recomputed_cols: tuple[int, ...] = ()
    early: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.first <= self.last:
            raise ValueError(f"segment runs from operator {self.first} to {self.last}")
        if min(self.tile) < 1:
            raise ValueError(f"tile {self.tile} must be positive")
        for chosen in (self.recomputed_rows, self.recomputed_cols, self.early):
            if tuple(sorted(set(chosen))) != chosen or any(not self.first <= i < self.last for i in chosen):
                raise ValueError(f"operators {chosen} are not inside segment {self.first} to {self.last}")

    @property
    def operators(self) -> range:
        return range(self.first, self.last + 1)


@dataclass(frozen=True)
class Stage:
    """Consecutive segments whose steps interleave: each runs as soon as the ones after it want its rows.

    What crosses the border of a stage is a whole tensor. A whole operator is a stage of one segment and one tile.
    """

    segments: tuple[Segment, ...]

    def __post_init__(self) -> None:
        if not self.segments:
            raise ValueError("a stage has at least one segment")
        for before, after in zip(self.segments, self.segments[1:]):
            if after.first != before.last + 1:
                raise ValueError(f"segment starts at operator {after.first}, expected {before.last + 1}")

    @property
    def first(self) -> int:
        return self.segments[0].first

    @property
    def last(self) -> int:
        return self.segments[-1].last

    @property
    def operators(self) -> range:
        return range(self.first, self.last + 1)

    def segment_of(self, op: int) -> int:
        """Index of the segment that holds operator ``op``."""
        return next(i for i, s in enumerate(self.segments) if s.first <= op <= s.last)


@dataclass(frozen=True)
class Schedule:
    """All stages, in order, covering every operator once.

    ``streamed`` are model inputs that come row by row through a callback instead of lying in the arena; each is
    read by the first stage alone.
    """

    stages: tuple[Stage, ...]
    streamed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        expected = 0
        for stage in self.stages:
            if stage.first != expected:
                raise ValueError(f"stage starts at operator {stage.first}, expected {expected}")
            expected = stage.last + 1
