"""Bytes that a stage copies to keep what is read again: row windows and tiles that move, tiles that go to a cache."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mcupatch.ir.graph import Graph
from mcupatch.ir.region import Interval
from mcupatch.schedule.stage_layout import RowWindow, StageLayout, Tile


@dataclass(frozen=True)
class Moved:
    """``nbytes`` in ``copies`` runs of neighbouring bytes (one a row, or one for several full rows)."""

    nbytes: int
    copies: int

    def __add__(self, other: Moved) -> Moved:
        return Moved(self.nbytes + other.nbytes, self.copies + other.copies)


NOTHING = Moved(0, 0)


def find_moved(graph: Graph, layout: StageLayout) -> Moved:
    """All that one run of the stage moves."""
    total = NOTHING
    for name, window in layout.windows.items():
        total += _window_moves(graph, layout, name, window)
    for name, tile in layout.tiles.items():
        total += _tile_moves(graph, layout, name, tile)
    return total


def _window_moves(graph: Graph, layout: StageLayout, name: str, window: RowWindow) -> Moved:
    """Rows ``[base[s], stop[s - 1])`` move up where the base does."""
    segments = len(layout.stage.segments)
    if window.producer < segments:
        computed = layout.walks[window.producer].rows.computed[graph.producer[name]]
    else:
        computed = tuple(Interval(y, y + 1) for y in range(graph.tensors[name].hwc[0]))
    row_bytes = graph.tensors[name].hwc[1] * _position_bytes(graph, name)
    total, there = NOTHING, 0
    for s in range(1, len(window.base)):
        there = max(there, computed[s - 1].stop)
        rows = there - window.base[s]
        if window.base[s] > window.base[s - 1] and rows > 0:
            total += Moved(rows * row_bytes, 1)
    return total


def _tile_moves(graph: Graph, layout: StageLayout, name: str, tile: Tile) -> Moved:
    walk, steps = layout.walks[tile.segment], layout.executed(tile.segment)
    held_rows, held_cols = walk.rows.held[name][:steps], walk.cols.held[name]
    computed = walk.rows.computed[graph.producer[name]][:steps]
    position = _position_bytes(graph, name)
    total = NOTHING
    if tile.moves_up:
        stayed = [_overlap(a, b) for a, b in zip(held_rows, held_rows[1:]) if b.start > a.start]
        total += Moved(sum(stayed) * tile.cols * position, sum(rows > 0 for rows in stayed))
    if tile.moves_left:
        kept = sum(_overlap(a, b) for a, b in zip(held_cols, held_cols[1:]))
        times = sum(_overlap(a, b) > 0 for a, b in zip(held_cols, held_cols[1:]))
        rows = sum(c.length for c in computed)
        total += Moved(rows * kept * position, rows * times)
    return total + _flushes(held_rows, computed, tile.flushed, position)


def _flushes(
    held: Sequence[Interval], computed: Sequence[Interval], flushed: Sequence[Interval], position: int
) -> Moved:
    """Each step but the last: rows of the cache move up, then rows of the tile come below them."""
    cols = sum(f.length for f in flushed)
    times = sum(f.length > 0 for f in flushed)
    rows = 0
    for now, then, new in zip(held, held[1:], computed):
        if then.start > now.start:
            rows += max(new.start - then.start, 0)
        rows += new.stop - max(then.start, new.start)
    return Moved(rows * cols * position, rows * times)


def _overlap(a: Interval, b: Interval) -> int:
    return max(min(a.stop, b.stop) - max(a.start, b.start), 0)


def _position_bytes(graph: Graph, name: str) -> int:
    tensor = graph.tensors[name]
    return tensor.hwc[2] * tensor.item_bytes
