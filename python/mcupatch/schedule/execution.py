"""What the layout of a stage makes the program do, one event after the other: for the checkers, which replay it.

Nothing is decided or proved here. Every event names storage slots as the generated code finds them.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

from mcupatch.ir.graph import Graph
from mcupatch.ir.region import Interval
from mcupatch.schedule.stage_layout import SegmentWalk, StageLayout


class Storage(str, Enum):
    """Each tensor has at most one of each."""

    WHOLE = "whole tensor"
    WINDOW = "row window"
    TILE = "tile"
    CACHE = "row cache"


class Place(NamedTuple):
    """Position (row, col) of ``tensor`` lies in slot (row - row0, col - col0) of one of its storages."""

    storage: Storage
    tensor: str
    row0: int = 0
    col0: int = 0


class Source(NamedTuple):
    """Where an operator looks for an input: rows from ``split`` on in ``place``, those above it in ``upper``."""

    place: Place
    upper: Place | None = None
    split: int = 0


class Move(NamedTuple):
    """``rows`` x ``cols`` of a tensor are copied from one place to another."""

    source: Place
    target: Place
    rows: Interval
    cols: Interval


class Fetch(NamedTuple):
    """The next row of a streamed input arrives."""

    target: Place
    row: int


class Compute(NamedTuple):
    """An operator computes ``rows`` x ``cols`` of its output into ``target``.

    Or, if ``target`` is None, a reduction adds ``rows`` x ``cols`` of its input to its sums. ``sources`` are those
    of its inputs, in order; None for a constant.
    """

    op: int
    step: int
    tile: int
    rows: Interval
    cols: Interval
    sources: tuple[Source | None, ...]
    target: Place | None


class Finish(NamedTuple):
    """A reduction turns its sums into its output, a single position."""

    op: int
    target: Place


Event = Move | Fetch | Compute | Finish

POINT = Interval(0, 1)


def execute_whole(graph: Graph, op: int) -> Compute:
    """An operator that runs at once on whole tensors."""
    operator = graph.ops[op]
    height, width, _ = graph.tensors[operator.output].hwc
    sources = tuple(
        None if name in graph.constants else Source(Place(Storage.WHOLE, name)) for name in operator.inputs
    )
    target = Place(Storage.WHOLE, operator.output)
    return Compute(op, 0, 0, Interval(0, height), Interval(0, width), sources, target)


def execute_stage(graph: Graph, layout: StageLayout) -> Iterator[Event]:
    """Every step in its order. The sums of all reductions are zero before the first."""
    done = [0] * (len(layout.walks) + len(layout.streamed))
    for g in layout.order:
        step = done[g]
        done[g] += 1
        if g < len(layout.walks):
            yield from _Step(graph, layout, g, step).run()
            continue
        name = layout.streamed[g - len(layout.walks)]
        yield from _move_window(graph, layout, name, step, step)
        yield Fetch(Place(Storage.WINDOW, name, layout.windows[name].base[step]), step)


def _move_window(graph: Graph, layout: StageLayout, name: str, step: int, stop: int) -> Iterator[Move]:
    """Before step ``step`` of its producer, when the rows below ``stop`` are there."""
    if step == 0:
        return
    before, after = layout.windows[name].base[step - 1 : step + 1]
    if before != after:
        rows = Interval(after, max(after, stop))
        place = Place(Storage.WINDOW, name)
        width = graph.tensors[name].hwc[1]
        yield Move(place._replace(row0=before), place._replace(row0=after), rows, Interval(0, width))


class _Step:
    """One step of segment ``g``: a row of tiles."""

    def __init__(self, graph: Graph, layout: StageLayout, g: int, step: int) -> None:
        self._graph, self._layout, self._g, self._step = graph, layout, g, step
        self._walk: SegmentWalk = layout.walks[g]
        self._operators = self._walk.segment.operators
        self._outs = {i: graph.ops[i].output for i in self._operators}
        self._tiles = {
            name: (i, layout.tiles[name]) for i, name in self._outs.items() if name in layout.tiles
        }
        self._last = self._walk.segment.last
        self._flushes: dict[int, list[str]] = {}
        for name, (_, tile) in self._tiles.items():
            readers = [i for i in self._operators if name in graph.ops[i].inputs]
            if tile.cache_rows:
                self._flushes.setdefault(max(readers), []).append(name)

    def run(self) -> Iterator[Event]:
        yield from self._move_up()
        for tile in range(self._walk.cols.steps):
            for i in self._operators:
                yield from self._move_left(i, tile)
                yield from self._compute(i, tile)
                for name in self._flushes.get(i, ()):
                    yield from self._flush(name, tile)

    @property
    def _is_last_step(self) -> bool:
        return self._step == self._walk.rows.steps - 1

    def _rows(self, op: int) -> Interval:
        return self._walk.rows.computed[op][self._step]

    def _move_up(self) -> Iterator[Move]:
        rows = self._walk.rows
        for i, name in self._outs.items():
            if name in self._layout.windows:
                accumulates = i in self._layout.sums
                stop = 0 if self._step == 0 or accumulates else rows.computed[i][self._step - 1].stop
                yield from _move_window(self._graph, self._layout, name, self._step, stop)
        for name, (_, tile) in self._tiles.items():
            if tile.moves_up and self._step:
                before, after = rows.held[name][self._step - 1 : self._step + 1]
                place = Place(Storage.TILE, name, 0, self._walk.cols.held[name][0].start)
                kept = Interval(after.start, max(after.start, before.stop))
                cols = Interval(place.col0, place.col0 + tile.cols)
                yield Move(place._replace(row0=before.start), place._replace(row0=after.start), kept, cols)

    def _move_left(self, op: int, tile: int) -> Iterator[Move]:
        name = self._outs[op]
        if name not in self._tiles or not self._tiles[name][1].moves_left or tile == 0:
            return
        before, after = self._walk.cols.held[name][tile - 1 : tile + 1]
        kept = Interval(after.start, max(after.start, before.stop))
        if before.length and kept.length and self._rows(op).length:
            source = self._tile_place(name, tile - 1)
            yield Move(source, self._tile_place(name, tile), self._rows(op), kept)

    def _compute(self, op: int, tile: int) -> Iterator[Event]:
        rows, cols = self._rows(op), self._walk.cols.computed[op][tile]
        adds = op in self._layout.sums
        if rows.length and cols.length:
            names = self._graph.ops[op].inputs
            sources = tuple(self._source(name, tile) for name in names)
            if op == self._last and not adds and self._folds(op):
                rows, cols = POINT, POINT
            target = None if adds else self._target(op, tile)
            yield Compute(op, self._step, tile, rows, cols, sources, target)
        if adds and self._is_last_step and tile == self._walk.cols.steps - 1:
            yield Finish(op, self._target(op, tile))

    def _folds(self, op: int) -> bool:
        """A reduction that sees its input in one piece."""
        return self._outs[op] not in self._walk.rows.held

    def _flush(self, name: str, tile: int) -> Iterator[Move]:
        """From the tile to the cache, what is read again by later steps, but not in this one."""
        if self._is_last_step:
            return
        op, storage = self._tiles[name]
        now, later = self._walk.rows.held[name][self._step : self._step + 2]
        computed, cols = self._rows(op), storage.flushed[tile]
        before, after = (Place(Storage.CACHE, name, held.start) for held in (now, later))
        yield Move(before, after, Interval(later.start, max(later.start, computed.start)), cols)
        new = min(max(later.start, computed.start), computed.stop)
        yield Move(self._tile_place(name, tile), after, Interval(new, computed.stop), cols)

    def _tile_place(self, name: str, tile: int) -> Place:
        op, storage = self._tiles[name]
        row0 = self._rows(op).start if storage.cache_rows else self._walk.rows.held[name][self._step].start
        return Place(Storage.TILE, name, row0, self._walk.cols.held[name][tile].start)

    def _target(self, op: int, tile: int) -> Place:
        name = self._outs[op]
        if name in self._tiles:
            return self._tile_place(name, tile)
        if name in self._layout.windows:
            return Place(Storage.WINDOW, name, self._layout.windows[name].base[self._step])
        return Place(Storage.WHOLE, name)

    def _source(self, name: str, tile: int) -> Source | None:
        if name in self._graph.constants:
            return None
        if name in self._tiles:
            op, storage = self._tiles[name]
            place = self._tile_place(name, tile)
            if not storage.cache_rows:
                return Source(place)
            held = self._walk.rows.held[name][self._step]
            return Source(place, Place(Storage.CACHE, name, held.start), self._rows(op).start)
        if name in self._layout.windows:
            return Source(
                Place(Storage.WINDOW, name, self._layout.windows[name].base_read[self._g][self._step])
            )
        return Source(Place(Storage.WHOLE, name))
