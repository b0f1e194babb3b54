"""Where each tensor lies while one segment runs, in numbers by step and by tile.

Position (row, col) of a tensor lies in its storage at (row - row0[step], col - col0[tile]).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from mcupatch.ir.graph import Graph
from mcupatch.ir.region import Interval
from mcupatch.ir.tensor import Tensor
from mcupatch.program.tile_affine import Values
from mcupatch.schedule.stage_layout import SegmentWalk, StageLayout


class Storage(str, Enum):
    WHOLE = "whole"
    WINDOW = "window"  # rows at full width
    TILE = "tile"
    CACHE = "cache"  # rows of earlier steps of the same tensor, full width


@dataclass(frozen=True)
class Place:
    """``width`` positions lie from one row of the storage to the next."""

    storage: Storage
    tensor: Tensor
    row0: Values
    col0: Values
    width: int

    @property
    def has_all_rows(self) -> bool:
        return self.storage is Storage.WHOLE

    @property
    def has_all_cols(self) -> bool:
        """Whether every column of a row is there (a cache lacks those of the tiles to the right)."""
        return self.storage in (Storage.WHOLE, Storage.WINDOW)


class SegmentPlaces:
    """The places of all tensors that segment ``g`` reads or computes."""

    def __init__(self, graph: Graph, layout: StageLayout, g: int) -> None:
        self._graph, self._layout, self._g = graph, layout, g
        self._walk: SegmentWalk = layout.walks[g]
        self.steps = layout.executed(g)
        self.tiles = self._walk.cols.steps

    def rows(self, intervals: Sequence[Interval]) -> Sequence[Interval]:
        """Those of the steps that run."""
        return intervals[: self.steps]

    def target(self, name: str) -> Place:
        """Where the segment computes ``name``."""
        tile = self._layout.tiles.get(name)
        if tile is not None:
            computed = self._walk.rows.computed[self._graph.producer[name]]
            rows = computed if tile.cache_rows else self._walk.rows.held[name]
            starts = _starts(self.rows(self._walk.rows.held[name]), self.rows(rows))
            cols = self._walk.cols.held[name]
            return Place(Storage.TILE, self._graph.tensors[name], starts, _starts(cols, cols), tile.cols)
        if name in self._layout.windows:
            return self._full(Storage.WINDOW, name, self._layout.windows[name].base)
        return self._full(Storage.WHOLE, name, (0,) * self.steps)

    def sources(self, name: str) -> tuple[Place, ...]:
        """Where the segment reads ``name``: one place, or a cache and below its rows the tile."""
        tile = self._layout.tiles.get(name)
        if tile is not None:
            cache = (self.cache(name),) if tile.cache_rows else ()
            return (*cache, self.target(name))
        if name in self._layout.windows:
            return (self._full(Storage.WINDOW, name, self._layout.windows[name].base_read[self._g]),)
        return (self._full(Storage.WHOLE, name, (0,) * self.steps),)

    def cache(self, name: str) -> Place:
        held = self.rows(self._walk.rows.held[name])
        return self._full(Storage.CACHE, name, _starts(held, held))

    def _full(self, storage: Storage, name: str, row0: Values) -> Place:
        tensor = self._graph.tensors[name]
        return Place(storage, tensor, row0, (0,) * self.tiles, tensor.hwc[1])


def _starts(held: Sequence[Interval], stored: Sequence[Interval]) -> Values:
    """Where what is stored begins; it does not matter while nothing is held."""
    return tuple(s.start if h.length else None for h, s in zip(held, stored))
