"""An independent check of a memory plan: the whole execution, byte by byte, on an arena of owners.

Each byte of the arena remembers which byte of which activation was written to it last. Operators then write and
read as their kernels may (``kernels.h``), at the worst moment that the order contract allows, and a read that finds
another owner is an error. Liveness, overlaps and placement are not consulted: only offsets and sizes are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mcupatch.ir import ops
from mcupatch.ir.graph import Graph
from mcupatch.ir.region import Interval, Region
from mcupatch.memory.plan import BufferKind, MemoryPlan
from mcupatch.schedule.regions import infer_regions
from mcupatch.schedule.stage import Schedule

Owners = NDArray[np.int64]

ELEMENT = (ops.Lut, ops.Add, ops.Mul, ops.Quantize, ops.Dequantize)


class PlanError(Exception):
    """A plan under which a byte would be overwritten before its last read, or would lie outside its buffer."""


def check_plan(
    graph: Graph, schedule: Schedule, plan: MemoryPlan, scratch_bytes: Mapping[str, int] | None = None
) -> None:
    """Prove that every read finds what was written for it. Raises PlanError that names operator and tensor.

    With ``scratch_bytes`` each operator's scratch is also checked to be there and large enough.
    """
    _check_bounds(graph, plan)
    _check_scratch(plan, scratch_bytes or {})
    _Simulation(graph, _join_pools(plan)).run(schedule)


def _join_pools(plan: MemoryPlan) -> MemoryPlan:
    """The plan with its pools one after the other in one address space."""
    if not plan.pools:
        return plan
    starts = np.cumsum([0, *(pool.nbytes for pool in plan.pools)]).tolist()
    placed = tuple(replace(p, offset=starts[p.pool] + p.offset, pool=0) for p in plan.placed)
    return replace(plan, placed=placed, pools=())


def _check_scratch(plan: MemoryPlan, scratch_bytes: Mapping[str, int]) -> None:
    held = {p.buffer.name: p.buffer.nbytes for p in plan.placed if p.buffer.kind is BufferKind.SCRATCH}
    for op, need in scratch_bytes.items():
        if held.get(op, 0) < need:
            raise PlanError(f"operator '{op}' needs {need} bytes of scratch and has {held.get(op, 0)}")


def _check_bounds(graph: Graph, plan: MemoryPlan) -> None:
    rooms = [pool.nbytes for pool in plan.pools] or [plan.arena_bytes]
    if sum(rooms) != plan.arena_bytes or min(rooms) < 0:
        raise PlanError(f"pools of {rooms} bytes are no arena of {plan.arena_bytes} bytes")
    for p in plan.placed:
        if not 0 <= p.pool < len(rooms):
            raise PlanError(f"buffer '{p.buffer.name}' lies in pool {p.pool} of {len(rooms)}")
        if p.offset < 0 or p.end > rooms[p.pool]:
            raise PlanError(
                f"buffer '{p.buffer.name}' lies at [{p.offset}, {p.end}) of {rooms[p.pool]} bytes"
            )
        if p.offset % p.buffer.align:
            raise PlanError(
                f"buffer '{p.buffer.name}' at {p.offset} is not aligned to {p.buffer.align} bytes"
            )
        if p.buffer.kind is not BufferKind.SCRATCH and p.offset % graph.tensors[p.buffer.name].item_bytes:
            raise PlanError(f"buffer '{p.buffer.name}' at {p.offset} is not aligned to its elements")
    if plan.lower_bound_bytes > plan.arena_bytes:
        raise PlanError(
            f"the arena of {plan.arena_bytes} bytes is below its bound of {plan.lower_bound_bytes}"
        )


class _View:
    """A window of one activation as it lies in the arena, and the owners it should have.

    ``row(y)`` and ``expected(y)`` are the arena slice and the owners of window row y, all columns.
    """

    def __init__(self, arena: Owners, start: int, stride: int, rows: Interval, cols: Interval, first_owner: int,
                 width_bytes: int, pixel_bytes: int) -> None:  # fmt: skip
        self.arena, self.start, self.stride = arena, start, stride
        self.rows, self.cols = rows, cols
        self.row_bytes = cols.length * pixel_bytes
        self._owner = first_owner + rows.start * width_bytes + cols.start * pixel_bytes
        self._width_bytes = width_bytes
        self._run = np.arange(self.row_bytes, dtype=np.int64)

    def row(self, y: int) -> Owners:
        at = self.start + y * self.stride
        return self.arena[at : at + self.row_bytes]

    def expected(self, y: int) -> Owners:
        return self._run + (self._owner + y * self._width_bytes)

    def write(self, y: int) -> None:
        self.row(y)[:] = self.expected(y)

    def is_intact(self, y: int) -> bool:
        return bool(np.array_equal(self.row(y), self.expected(y)))


class _Simulation:
    def __init__(self, graph: Graph, plan: MemoryPlan) -> None:
        self.graph = graph
        self.arena: Owners = np.full(plan.arena_bytes, -1, np.int64)
        self.place = {t: p for p in plan.placed if p.buffer.kind is not BufferKind.SCRATCH
                      for t in (p.buffer.name, *p.buffer.aliases)}  # fmt: skip
        self.scratch = {p.buffer.name: p for p in plan.placed if p.buffer.kind is BufferKind.SCRATCH}
        self.owner: dict[str, int] = {}
        self._next_owner = 0
        for name in graph.inputs:
            self._own(name)
        for op in graph.ops:
            source = op.inputs[0] if op.inputs else None
            same = isinstance(op, ops.Reshape) and source in self.place and op.output in self.place
            if same and source is not None and self.place[source].offset == self.place[op.output].offset:
                self.owner[op.output] = self.owner[source]  # the very same bytes: nothing is copied
            else:
                self._own(op.output)

    def _own(self, name: str) -> None:
        if name not in self.place:
            raise PlanError(f"tensor '{name}' has no buffer")
        self.owner[name] = self._next_owner
        self._next_owner += self.graph.tensors[name].nbytes

    def run(self, schedule: Schedule) -> None:
        for name in self.graph.inputs:
            view = self._whole(name)
            for y in range(view.rows.length):
                view.write(y)
        for stage in schedule.stages:
            body = self.graph.ops[stage.first : stage.last + 1]
            if not stage.is_patched:
                for op in body:
                    self._execute(
                        op, [self._whole(n) for n in op.inputs if n in self.owner], self._whole(op.output)
                    )
                continue
            height, width, _ = self.graph.tensors[body[-1].output].hwc
            inner = {op.output for op in body[:-1]}
            for tile in stage.tiles(height, width):
                regions = infer_regions(self.graph, stage, tile)
                for op in body:
                    sources = [self._window(n, regions[n], n in inner) for n in op.inputs if n in self.owner]
                    self._execute(
                        op, sources, self._window(op.output, regions[op.output], op.output in inner)
                    )
        for name in self.graph.outputs:
            view = self._whole(name)
            if not all(view.is_intact(y) for y in range(view.rows.length)):
                raise PlanError(f"output '{name}' of the model is damaged at the end")

    def _whole(self, name: str) -> _View:
        height, width, _ = self.graph.tensors[name].hwc if name in self.owner else (0, 0, 0)
        return self._window(name, Region(Interval(0, height), Interval(0, width)), False)

    def _window(self, name: str, region: Region, is_tile: bool) -> _View:
        tensor, placed = self.graph.tensors[name], self.place[name]
        pixel = tensor.hwc[2] * tensor.item_bytes
        width_bytes = tensor.hwc[1] * pixel
        stride = region.cols.length * pixel if is_tile else width_bytes
        start = 0 if is_tile else region.rows.start * stride + region.cols.start * pixel
        used = region.rows.length * stride if is_tile else tensor.nbytes
        if used > placed.buffer.nbytes:
            raise PlanError(f"'{name}' takes {used} bytes in a buffer of {placed.buffer.nbytes}")
        return _View(self.arena, placed.offset + start, stride, region.rows, region.cols, self.owner[name],
                     width_bytes, pixel)  # fmt: skip

    def _execute(self, op: ops.Operator, sources: list[_View], out: _View) -> None:
        """Run one operator on windows; ``sources`` leaves out constants."""
        if isinstance(op, ops.Reshape) and self.owner[op.output] == self.owner.get(op.inputs[0], -1):
            return
        scratch = self.scratch.get(op.name)
        if scratch is not None:
            self.arena[scratch.offset : scratch.end] = -2
        names = [n for n in op.inputs if n in self.owner]
        if out.rows.length and out.row_bytes:
            if isinstance(op, ELEMENT):
                self._by_elements(op, names, sources, out)
            else:
                self._by_rows(op, names, sources, out)
        if scratch is not None and not (self.arena[scratch.offset : scratch.end] == -2).all():
            raise PlanError(f"operator '{op.name}' overwrites its own scratch")

    def _damaged(self, op: ops.Operator, name: str, row: int) -> PlanError:
        return PlanError(
            f"operator '{op.name}' reads row {row} of '{name}', which was overwritten or never written"
        )

    def _by_rows(self, op: ops.Operator, names: list[str], sources: list[_View], out: _View) -> None:
        """Each output row is written in full before anything that it still may read is read."""
        reads = _row_reads(op, out.rows)
        if reads is None:  # no order is promised: all is written, then all is read
            for y in range(out.rows.length):
                out.write(y)
            for name, view in zip(names, sources):
                for y in range(view.rows.length):
                    if not view.is_intact(y):
                        raise self._damaged(op, name, view.rows.start + y)
            return
        for y in range(out.rows.length):
            out.write(y)
            for name, view in zip(names, sources):
                height = self.graph.tensors[name].hwc[0]
                for position in reads[y]:
                    if 0 <= position < height:
                        local = position - view.rows.start
                        if not 0 <= local < view.rows.length or not view.is_intact(local):
                            raise self._damaged(op, name, position)

    def _by_elements(self, op: ops.Operator, names: list[str], sources: list[_View], out: _View) -> None:
        """Element i of every input is read when the elements before i have been written."""
        target = self.graph.tensors[op.output]
        channels, size_out = target.hwc[2], target.item_bytes
        count = out.cols.length * channels
        index = np.arange(count)
        for y in range(out.rows.length):
            row_start = out.start + y * out.stride
            written = row_start + size_out * index  # end of what this row has written before element i
            for name, view in zip(names, sources):
                tensor = self.graph.tensors[name]
                rows, cols, depth = tensor.hwc
                row = (0 if rows == 1 else out.rows.start + y) - view.rows.start
                col = (
                    np.zeros_like(index) if cols == 1 else out.cols.start + index // channels
                ) - view.cols.start
                channel = np.zeros_like(index) if depth == 1 else index % channels
                if not 0 <= row < view.rows.length or (col < 0).any() or (col >= view.cols.length).any():
                    raise PlanError(f"operator '{op.name}' reads '{name}' outside its window")
                at = (col * depth + channel) * tensor.item_bytes
                held, wanted = view.row(row), view.expected(row)
                for byte in range(tensor.item_bytes):
                    if not np.array_equal(held[at + byte], wanted[at + byte]):
                        raise self._damaged(op, name, view.rows.start + row)
                address = view.start + row * view.stride + at
                if ((address < written) & (address + tensor.item_bytes > row_start)).any():
                    raise self._damaged(op, name, view.rows.start + row)
            out.write(y)


def _row_reads(op: ops.Operator, rows: Interval) -> list[list[int]] | None:
    """For each output row the input rows that it reads (some may lie outside); None if no order is promised."""
    if isinstance(op, (ops.Conv2D, ops.DepthwiseConv2D, ops.MaxPool2D)):
        taps, stride, dilation, before = op.kernel[0], op.stride[0], op.dilation[0], op.padding.top
    elif isinstance(op, ops.AvgPool2D):
        taps, stride, dilation, before = op.kernel[0], op.stride[0], 1, op.padding.top
    elif isinstance(op, ops.Pad):
        taps, stride, dilation, before = 1, 1, 1, op.padding.top
    elif isinstance(op, (ops.ResizeNearest, ops.ResizeBilinear)):
        return [sorted({int(r) for r in np.ravel(op.row_index[y])}) for y in range(rows.start, rows.stop)]
    else:
        return None
    return [[y * stride - before + k * dilation for k in range(taps)] for y in range(rows.start, rows.stop)]
