"""The arena as owners: every byte knows which byte of which activation, or whose scratch or sums, it holds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mcupatch.ir import ops
from mcupatch.ir.graph import Graph
from mcupatch.ir.region import Interval
from mcupatch.memory.plan import BufferKind, MemoryPlan, PlacedBuffer
from mcupatch.schedule.execution import Move, Place, Storage
from mcupatch.schedule.stage_layout import StageLayout

Owners = NDArray[np.int64]

UNKNOWN, SCRATCH = -1, -2
SUM_BYTES = 4

KINDS = {
    BufferKind.INPUT: Storage.WHOLE,
    BufferKind.OUTPUT: Storage.WHOLE,
    BufferKind.TENSOR: Storage.WHOLE,
    BufferKind.WINDOW: Storage.WINDOW,
    BufferKind.TILE: Storage.TILE,
    BufferKind.CACHE: Storage.CACHE,
}


class PlanError(Exception):
    """A plan under which a byte would be overwritten before its last read, or would lie outside its buffer."""


class OwnedArena:
    """Addresses of positions under a plan, and who owns them."""

    def __init__(self, graph: Graph, plan: MemoryPlan) -> None:
        self._graph = graph
        self._placed = {
            (KINDS[p.buffer.kind], name): p
            for p in plan.placed
            if p.buffer.kind in KINDS
            for name in (p.buffer.name, *p.buffer.aliases)
        }
        self._scratch = {p.buffer.name: p for p in plan.placed if p.buffer.kind is BufferKind.SCRATCH}
        self._sums = {p.buffer.name: p for p in plan.placed if p.buffer.kind is BufferKind.SUMS}
        self._pixel = {name: t.hwc[2] * t.item_bytes for name, t in graph.tensors.items()}
        self._first: dict[str, int] = {}
        self._count = 0
        self._number(graph)
        self._owners = np.arange(self._count, dtype=np.int64)
        self._bytes: Owners = np.full(plan.arena_bytes, UNKNOWN, np.int64)
        self._columns: dict[tuple[Storage, str], int] = {}

    def _number(self, graph: Graph) -> None:
        """Give every byte of every tensor a number; a reshape that copies nothing keeps that of its input."""
        for name in graph.inputs:
            self._take(name, graph.tensors[name].nbytes)
        for op in graph.ops:
            if isinstance(op, ops.Reshape) and self.shares_bytes(op.inputs[0], op.output):
                self._first[op.output] = self._first[op.inputs[0]]
            else:
                self._take(op.output, graph.tensors[op.output].nbytes)
            if op.name in self._sums:
                self._take(f"sums of {op.name}", self._sums[op.name].buffer.nbytes)

    def _take(self, name: str, nbytes: int) -> None:
        self._first[name] = self._count
        self._count += nbytes

    def shares_bytes(self, source: str, result: str) -> bool:
        """Whether two whole tensors lie in one place (a reshape and its input)."""
        found = [self._placed.get((Storage.WHOLE, name)) for name in (source, result)]
        return found[0] is not None and found[1] is not None and found[0].offset == found[1].offset

    def open_stage(self, layout: StageLayout) -> None:
        """Check that windows, tiles and caches fit their buffers."""
        for name, window in layout.windows.items():
            self._open(Storage.WINDOW, name, window.rows, self._width(name))
        for name, tile in layout.tiles.items():
            self._open(Storage.TILE, name, tile.rows, tile.cols)
            if tile.cache_rows:
                self._open(Storage.CACHE, name, tile.cache_rows, self._width(name))

    def _open(self, storage: Storage, name: str, rows: int, cols: int) -> None:
        placed = self._place(storage, name)
        used = rows * cols * self._pixel[name]
        if used > placed.buffer.nbytes:
            raise PlanError(f"'{name}' takes {used} bytes in a buffer of {placed.buffer.nbytes}")
        self._columns[storage, name] = cols

    def address(self, place: Place, row: int, col: int) -> int:
        columns = self._columns.get((place.storage, place.tensor))
        if columns is None:
            columns = self._open_whole(place)
        slot = (row - place.row0) * columns + col - place.col0
        return self._place(place.storage, place.tensor).offset + slot * self._pixel[place.tensor]

    def _open_whole(self, place: Place) -> int:
        if place.storage is not Storage.WHOLE:
            raise PlanError(f"'{place.tensor}' has no {place.storage.value} in this stage")
        height, width, _ = self._graph.tensors[place.tensor].hwc
        self._open(Storage.WHOLE, place.tensor, height, width)
        return width

    def held(self, place: Place, row: int, cols: Interval) -> Owners:
        """The bytes where ``row`` and ``cols`` of a tensor should lie."""
        start = self.address(place, row, cols.start)
        stop = start + cols.length * self._pixel[place.tensor]
        placed = self._place(place.storage, place.tensor)
        if start < placed.offset or stop > placed.end:
            raise PlanError(f"row {row} of '{place.tensor}' lies outside its {place.storage.value}")
        return self._bytes[start:stop]

    def wanted(self, tensor: str, row: int, cols: Interval) -> Owners:
        """The owners that these bytes should have."""
        pixel = self._pixel[tensor]
        start = self._first[tensor] + (row * self._width(tensor) + cols.start) * pixel
        return self._owners[start : start + cols.length * pixel]

    def write(self, place: Place, row: int, cols: Interval) -> None:
        self.held(place, row, cols)[...] = self.wanted(place.tensor, row, cols)

    def is_intact(self, place: Place, row: int, cols: Interval) -> bool:
        return bool((self.held(place, row, cols) == self.wanted(place.tensor, row, cols)).all())

    def move(self, move: Move) -> None:
        """Row by row, upper rows first. What is copied may be rubbish: that shows when it is read."""
        if move.cols.length:
            for row in range(move.rows.start, move.rows.stop):
                self.held(move.target, row, move.cols)[...] = self.held(move.source, row, move.cols).copy()

    def fill(self, name: str) -> None:
        height, width, _ = self._graph.tensors[name].hwc
        for row in range(height):
            self.write(Place(Storage.WHOLE, name), row, Interval(0, width))

    def is_complete(self, name: str) -> bool:
        height, width, _ = self._graph.tensors[name].hwc
        place = Place(Storage.WHOLE, name)
        return all(self.is_intact(place, row, Interval(0, width)) for row in range(height))

    def write_sums(self, op: ops.Operator) -> None:
        held, wanted = self._sums_of(op)
        held[...] = wanted

    def check_sums(self, op: ops.Operator) -> None:
        held, wanted = self._sums_of(op)
        if not (held == wanted).all():
            raise PlanError(f"the sums of operator '{op.name}' are overwritten")

    def _sums_of(self, op: ops.Operator) -> tuple[Owners, Owners]:
        placed = self._sums.get(op.name)
        need = self._graph.tensors[op.output].hwc[2] * SUM_BYTES
        if placed is None or placed.buffer.nbytes < need or placed.offset % SUM_BYTES:
            raise PlanError(f"operator '{op.name}' has no {need} bytes for its sums")
        first = self._first[f"sums of {op.name}"]
        return self._bytes[placed.offset : placed.end], self._owners[first : first + placed.buffer.nbytes]

    def clobber_scratch(self, op: ops.Operator) -> None:
        if op.name in self._scratch:
            self._bytes[self._scratch[op.name].offset : self._scratch[op.name].end] = SCRATCH

    def check_scratch(self, op: ops.Operator) -> None:
        placed = self._scratch.get(op.name)
        if placed is not None and not (self._bytes[placed.offset : placed.end] == SCRATCH).all():
            raise PlanError(f"operator '{op.name}' overwrites its own scratch")

    def _place(self, storage: Storage, name: str) -> PlacedBuffer:
        placed = self._placed.get((storage, name))
        if placed is None:
            raise PlanError(f"tensor '{name}' has no buffer for its {storage.value}")
        return placed

    def _width(self, name: str) -> int:
        return self._graph.tensors[name].hwc[1]
