"""The arena as owners: every byte knows which byte of which activation, or whose scratch or sums, it holds."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mcupatch.ir import ops
from mcupatch.ir.graph import Graph
from mcupatch.ir.region import Interval
from mcupatch.memory.plan import BufferKind, MemoryPlan
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


class _Room(NamedTuple):
    """One storage of a tensor: bytes [start, end) of the arena, ``cols`` positions a row, ``pixel`` bytes a position.

    Byte 0 of the tensor has the number ``first``; a whole row of it has ``width`` positions.
    """

    start: int
    end: int
    cols: int
    pixel: int
    first: int
    width: int


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
        self._rooms: dict[tuple[Storage, str], _Room] = {}

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

    def _open(self, storage: Storage, name: str, rows: int, cols: int) -> _Room:
        placed = self._placed.get((storage, name))
        if placed is None:
            raise PlanError(f"tensor '{name}' has no buffer for its {storage.value}")
        used = rows * cols * self._pixel[name]
        if used > placed.buffer.nbytes:
            raise PlanError(f"'{name}' takes {used} bytes in a buffer of {placed.buffer.nbytes}")
        width = self._width(name)
        room = _Room(placed.offset, placed.end, cols, self._pixel[name], self._first[name], width)
        self._rooms[storage, name] = room
        return room

    def _room(self, place: Place) -> _Room:
        room = self._rooms.get((place.storage, place.tensor))
        if room is not None:
            return room
        if place.storage is not Storage.WHOLE:
            raise PlanError(f"'{place.tensor}' has no {place.storage.value} in this stage")
        height, width, _ = self._graph.tensors[place.tensor].hwc
        return self._open(Storage.WHOLE, place.tensor, height, width)

    def address(self, place: Place, row: int, col: int) -> int:
        room = self._room(place)
        return room.start + ((row - place.row0) * room.cols + col - place.col0) * room.pixel

    def _row(self, place: Place, row: int, cols: Interval) -> tuple[Owners, Owners]:
        """The bytes where ``row`` and ``cols`` of a tensor should lie, and the owners that they should have."""
        room = self._room(place)
        nbytes = (cols.stop - cols.start) * room.pixel
        start = room.start + ((row - place.row0) * room.cols + cols.start - place.col0) * room.pixel
        if start < room.start or start + nbytes > room.end:
            raise PlanError(f"row {row} of '{place.tensor}' lies outside its {place.storage.value}")
        first = room.first + (row * room.width + cols.start) * room.pixel
        return self._bytes[start : start + nbytes], self._owners[first : first + nbytes]

    def write(self, place: Place, row: int, cols: Interval) -> None:
        held, wanted = self._row(place, row, cols)
        held[...] = wanted

    def is_intact(self, place: Place, row: int, cols: Interval) -> bool:
        held, wanted = self._row(place, row, cols)
        return bool((held == wanted).all())

    def move(self, move: Move) -> None:
        """Row by row, upper rows first. What is copied may be rubbish: that shows when it is read."""
        if move.cols.length:
            for row in range(move.rows.start, move.rows.stop):
                held, _ = self._row(move.source, row, move.cols)
                self._row(move.target, row, move.cols)[0][...] = held.copy()

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

    def _width(self, name: str) -> int:
        return self._graph.tensors[name].hwc[1]
