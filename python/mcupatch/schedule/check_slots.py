"""The storage of a stage as slots, each with the number of the position that it holds: ``row * width + col``."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mcupatch.ir.graph import Graph
from mcupatch.ir.region import Interval
from mcupatch.schedule.execution import Compute, Move, Place, Source, Storage
from mcupatch.schedule.stage_layout import StageLayout
from mcupatch.schedule.touched import folds_map, touched_positions

Ids = NDArray[np.int32]
Ranges = tuple[range, ...]

NOTHING = -1


class ReadError(Exception):
    """A slot that lies outside its storage, or that does not hold the position that is looked for there."""


class Slots:
    """Whole tensors live as long as the model runs; windows, tiles and caches as long as their stage."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._held: dict[tuple[Storage, str], Ids] = {}
        self._ids: dict[str, Ids] = {}
        self._touched: dict[tuple[int, int, int, Interval], Ranges] = {}

    def open_stage(self, layout: StageLayout) -> None:
        for name, window in layout.windows.items():
            self._make(Storage.WINDOW, name, window.rows, self._width(name))
        for name, tile in layout.tiles.items():
            self._make(Storage.TILE, name, tile.rows, tile.cols)
            if tile.cache_rows:
                self._make(Storage.CACHE, name, tile.cache_rows, self._width(name))
        private = layout.windows.keys() | layout.tiles.keys()
        for walk in layout.walks:
            for i in walk.segment.operators:
                if self._graph.ops[i].output not in private:
                    self._make_whole(self._graph.ops[i].output)

    def close_stage(self) -> None:
        self._held = {key: ids for key, ids in self._held.items() if key[0] is Storage.WHOLE}

    def fill(self, name: str) -> None:
        self._held[Storage.WHOLE, name] = self._identity(name).copy()

    def is_complete(self, name: str) -> bool:
        held = self._held.get((Storage.WHOLE, name))
        return held is not None and bool((held == self._identity(name)).all())

    def all_columns(self, name: str) -> Interval:
        return Interval(0, self._width(name))

    def move(self, move: Move) -> None:
        """What is copied may be rubbish: that shows when it is read."""
        if move.rows.length and move.cols.length:
            ranges = range(move.rows.start, move.rows.stop), range(move.cols.start, move.cols.stop)
            held = self._slots(move.source, *ranges).copy()
            self._slots(move.target, *ranges)[...] = held

    def write(self, target: Place, rows: Interval, cols: Interval) -> None:
        ids = self._identity(target.tensor)[rows.start : rows.stop, cols.start : cols.stop]
        self._slots(target, range(rows.start, rows.stop), range(cols.start, cols.stop))[...] = ids

    def compute(self, event: Compute) -> None:
        """Look up all that the operator reads, then write what it computes."""
        for position, source in enumerate(event.sources):
            if source is None:
                self._check_constant(event, position)
            else:
                self._read(event, position, source)
        if event.target is not None:
            if (event.target.storage, event.target.tensor) not in self._held:
                self._make_whole(event.target.tensor)
            self.write(event.target, event.rows, event.cols)

    def _read(self, event: Compute, position: int, source: Source) -> None:
        name = source.place.tensor
        height, width, _ = self._graph.tensors[name].hwc
        everything = event.target is not None and folds_map(self._graph, self._graph.ops[event.op])
        if everything:
            wanted: tuple[Ranges, Ranges] = (range(height),), (range(width),)
        else:
            rows = self._positions(event.op, position, 0, event.rows)
            cols = self._positions(event.op, position, 1, event.cols)
            wanted = rows, cols
        for row_range in wanted[0]:
            upper, lower = _split(row_range, source.split if source.upper is not None else 0)
            for col_range in wanted[1]:
                if upper and source.upper is not None:
                    self._look_up(source.upper, upper, col_range)
                if lower:
                    self._look_up(source.place, lower, col_range)

    def _look_up(self, place: Place, rows: range, cols: range) -> None:
        held = self._slots(place, rows, cols)
        wanted = self._identity(place.tensor)[
            rows.start : rows.stop : rows.step, cols.start : cols.stop : cols.step
        ]
        wrong = held != wanted
        if wrong.any():
            at = int(np.flatnonzero(wrong.any(axis=1))[0]), int(np.flatnonzero(wrong.any(axis=0))[0])
            raise ReadError(
                f"position ({rows[at[0]]}, {cols[at[1]]}) of '{place.tensor}' is not in its {place.storage.value}"
            )

    def _slots(self, place: Place, rows: range, cols: range) -> Ids:
        held = self._held.get((place.storage, place.tensor))
        if held is None:
            raise ReadError(f"'{place.tensor}' has no {place.storage.value}")
        for positions, first, size in ((rows, place.row0, held.shape[0]), (cols, place.col0, held.shape[1])):
            if positions[0] < first or positions[-1] - first >= size:
                raise ReadError(
                    f"positions {positions[0]} to {positions[-1]} of '{place.tensor}' do not fit the {size} of its "
                    f"{place.storage.value}, which begins at {first}"
                )
        return held[
            rows.start - place.row0 : rows.stop - place.row0 : rows.step,
            cols.start - place.col0 : cols.stop - place.col0 : cols.step,
        ]

    def _positions(self, op: int, position: int, axis: int, out: Interval) -> Ranges:
        key = op, position, axis, out
        if key not in self._touched:
            operator = self._graph.ops[op]
            found = touched_positions(self._graph, operator, position, axis, out)
            if found is None:
                size = self._graph.output_tensor(operator).hwc[axis]
                if out != Interval(0, size):
                    raise ReadError(f"'{operator.kind}' cannot run tile by tile")
                found = (range(self._graph.tensors[operator.inputs[position]].hwc[axis]),)
            self._touched[key] = found
        return self._touched[key]

    def _check_constant(self, event: Compute, position: int) -> None:
        """One that does not repeat along H and W serves the whole output only."""
        operator = self._graph.ops[event.op]
        sides = self._graph.tensors[operator.inputs[position]].hwc[:2]
        height, width, _ = self._graph.output_tensor(operator).hwc
        if sides != (1, 1) and (event.rows, event.cols) != (Interval(0, height), Interval(0, width)):
            raise ReadError(f"constant '{operator.inputs[position]}' is not the same for every tile")

    def _make(self, storage: Storage, name: str, rows: int, cols: int) -> None:
        self._held[storage, name] = np.full((rows, cols), NOTHING, np.int32)

    def _make_whole(self, name: str) -> None:
        height, width, _ = self._graph.tensors[name].hwc
        self._make(Storage.WHOLE, name, height, width)

    def _width(self, name: str) -> int:
        return self._graph.tensors[name].hwc[1]

    def _identity(self, name: str) -> Ids:
        if name not in self._ids:
            height, width, _ = self._graph.tensors[name].hwc
            self._ids[name] = np.arange(height * width, dtype=np.int32).reshape(height, width)
        return self._ids[name]


def _split(positions: range, split: int) -> tuple[range, range]:
    """Those below ``split`` and those from it on."""
    upper = range(positions.start, min(positions.stop, split), positions.step)
    return upper, positions[len(upper) :]
