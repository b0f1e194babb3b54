"""A ``SegmentPlan`` as TIR: each move, operator and fetch an annotated block of plain loops, so that any target runs it.

    with sblock("conv1"):
        sblock_attr(mcupatch.op="conv1", mcupatch.inputs=[...], mcupatch.output=[...], mcupatch.pads=[top, left])
        loops over the area

The annotations say in numbers what a kernel of a microcontroller is given (``lower_to_kernels``): a number is an
integer or [name, expression], a spot [storage, tensor, row, col, width], an area [rows, cols, upper_rows, spot or two].
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from mcupatch.ir.graph import Graph
from mcupatch.ir.ops import Operator
from mcupatch.program.bodies import emit_body
from mcupatch.program.bodies.reduction import emit_add_to_sums, emit_clear_sums, emit_finish_sums
from mcupatch.program.places import Storage
from mcupatch.program.segment_actions import Area, Fetch, Finish, Move, Run, SegmentPlan, Spot
from mcupatch.program.series import expression, identifier, named
from mcupatch.program.tile_affine import Table
from mcupatch.program.window import Stored, Window, whole_region, whole_window
from mcupatch.tvm_api import IRBuilder, T, tirx

OP_ATTRIBUTE = "mcupatch.op"
INPUTS_ATTRIBUTE = "mcupatch.inputs"
OUTPUT_ATTRIBUTE = "mcupatch.output"
PADS_ATTRIBUTE = "mcupatch.pads"
GUARDS_ATTRIBUTE = "mcupatch.guards"  # what must not be 0, if the block is conditional
MOVE_ATTRIBUTE = "mcupatch.move"  # [rows, cols, from spot, to spot]
FETCH_ATTRIBUTE = "mcupatch.stream"  # [row, to spot]
CLEAR_ATTRIBUTE = "mcupatch.clear"  # the operators' names

Expr = Any


@dataclass(frozen=True)
class StageBuffers:
    """``whole`` tensors by name; ``inner`` flat ones: of a row window, or of a cache and then its tile.

    ``tile_start`` is where the tile begins, in positions. ``sums`` and ``arrays`` (constants) are by operator.
    """

    whole: Mapping[str, Any]
    inner: Mapping[str, Any]
    tile_start: Mapping[str, int]
    sums: Mapping[str, Any]
    arrays: Mapping[str, Mapping[str, Any]]
    tables: Mapping[Table, Any]

    def start(self, storage: Storage, tensor: str) -> int:
        return self.tile_start[tensor] if storage is Storage.TILE else 0


def emit_segment(graph: Graph, plan: SegmentPlan, buffers: StageBuffers, step: Expr) -> None:
    """Write step ``step`` of a segment at the builder's current place."""
    _SegmentWriter(graph, buffers).write(plan, step)


def clear_sums(ops: list[Operator], buffers: StageBuffers) -> None:
    """Write what comes before a stage with reductions."""
    for op in ops:
        sums = buffers.sums[op.name]
        with T.sblock(f"{op.name}_clear"):
            T.reads([])
            T.writes(whole_region(sums))
            T.sblock_attr({CLEAR_ATTRIBUTE: op.name})
            emit_clear_sums(sums)


class _SegmentWriter:
    def __init__(self, graph: Graph, buffers: StageBuffers) -> None:
        self._graph, self._buffers = graph, buffers

    def write(self, plan: SegmentPlan, step: Expr) -> None:
        plan.rows.set_index(step, self._buffers.tables)
        for move in plan.moves:
            self._move(move)
        with counted_loop("tile", plan.tiles) as tile:
            plan.cols.set_index(tile, self._buffers.tables)
            for action in plan.actions:
                if isinstance(action, Move):
                    self._move(action)
                elif isinstance(action, Fetch):
                    self._fetch(action, step)
                else:
                    self._run(action)
        if plan.finish is not None:
            with _where([] if plan.steps == 1 else [step == plan.steps - 1]):
                self._finish(plan.finish)

    def _run(self, run: Run) -> None:
        area = run.output or run.inputs[0]
        assert area is not None
        sides = [area.rows, area.cols] if run.may_be_empty else []
        guards = [side for side in sides if not isinstance(side, int)]
        inputs = [
            whole_window(self._graph.tensors[name], self._buffers.whole[name])
            if a is None
            else self._window(a)
            for name, a in zip(run.op.inputs, run.inputs)
        ]
        arrays = dict(self._buffers.arrays[run.op.name])
        attributes: dict[str, Any] = {
            OP_ATTRIBUTE: run.op.name,
            INPUTS_ATTRIBUTE: [_area(a) for a in run.inputs if a is not None],
            PADS_ATTRIBUTE: [named(pad) for pad in run.pads],
        }
        if guards:
            attributes[GUARDS_ATTRIBUTE] = [named(guard) for guard in guards]
        with _where([expression(guard) > 0 for guard in guards]):
            if run.output is None:
                sums = self._buffers.sums[run.op.name]
                with _block(run.op.name, attributes, [w.buffer for w in inputs], sums):
                    emit_add_to_sums(run.op, inputs[0], sums, arrays)
                return
            output = self._window(run.output)
            attributes[OUTPUT_ATTRIBUTE] = _area(run.output)
            with _block(
                run.op.name, attributes, [*(w.buffer for w in inputs), *arrays.values()], output.buffer
            ):
                emit_body(run.op, inputs, output, arrays)

    def _finish(self, finish: Finish) -> None:
        op, output = finish.op, self._window(finish.output)
        sums, arrays = self._buffers.sums[op.name], dict(self._buffers.arrays[op.name])
        attributes = {OP_ATTRIBUTE: op.name, OUTPUT_ATTRIBUTE: _area(finish.output)}
        with _block(f"{op.name}_finish", attributes, [sums, *arrays.values()], output.buffer):
            emit_finish_sums(self._graph, op, sums, output, arrays)

    def _move(self, move: Move) -> None:
        attributes = {
            MOVE_ATTRIBUTE: [
                *map(named, (move.rows, move.cols)),
                *map(_spot, (move.source, move.target)),
            ]
        }
        buffer = self._buffers.inner[move.source.tensor.name]
        channels = move.source.tensor.hwc[2]
        source, target = (self._element(spot) for spot in (move.source, move.target))
        with _block(move.name, attributes, [buffer], buffer):
            with T.grid(expression(move.rows), expression(move.cols) * channels) as (y, i):
                value = buffer[source + y * (move.source.width * channels) + i]
                T.buffer_store(buffer, value, [target + y * (move.target.width * channels) + i])

    def _fetch(self, fetch: Fetch, step: Expr) -> None:
        name = fetch.tensor.name
        whole, rows = self._buffers.whole[name], self._buffers.inner[name]
        _, width, channels = fetch.tensor.hwc
        source = whole_window(fetch.tensor, whole)
        with _block(f"{name}_row", {FETCH_ATTRIBUTE: [step, _spot(fetch.target)]}, [whole], rows):
            with T.grid(width, channels) as (x, c):
                at = self._element(fetch.target) + x * channels + c
                T.buffer_store(rows, source.load(step, x, c), [at])

    def _element(self, spot: Spot) -> Expr:
        start = self._buffers.start(spot.storage, spot.tensor.name)
        position = expression(spot.row) * spot.width + expression(spot.col) + start
        return position * spot.tensor.hwc[2]

    def _window(self, area: Area) -> Window:
        tensor = area.origins[0].tensor
        bounds = map(expression, (area.row0, area.rows, area.col0, area.cols))
        if area.origins[0].storage is Storage.WHOLE:
            return Window(tensor, self._buffers.whole[tensor.name], *bounds)
        stored = tuple(
            Stored(
                self._buffers.start(origin.storage, tensor.name),
                expression(origin.row0),
                expression(origin.col0),
                origin.width,
            )
            for origin in area.origins
        )
        return Window(tensor, self._buffers.inner[tensor.name], *bounds, stored, expression(area.boundary))


def _spot(spot: Spot) -> list[Any]:
    return [spot.storage.value, spot.tensor.name, named(spot.row), named(spot.col), spot.width]


def _area(area: Area) -> list[Any]:
    return [*map(named, (area.rows, area.cols, area.upper_rows)), *map(_spot, area.spots)]


@contextmanager
def _block(name: str, attributes: dict[str, Any], reads: list[Any], written: Any) -> Iterator[None]:
    """Reads and writes are whole buffers: TVM then keeps each of them as it was made."""
    with T.sblock(identifier(name)):
        T.reads(*[whole_region(b) for b in dict.fromkeys(reads)])
        T.writes(whole_region(written))
        T.sblock_attr(attributes)
        yield


@contextmanager
def _where(conditions: list[Expr]) -> Iterator[None]:
    """If all ``conditions`` hold; no ``if`` at all without any."""
    if not conditions:
        yield
        return
    with T.If(tirx.all(*conditions)), T.Then():
        yield


@contextmanager
def counted_loop(name: str, count: int) -> Iterator[Expr]:
    """A loop of ``count`` rounds; no loop at all for a single one."""
    if count == 1:
        yield 0
        return
    with T.serial(0, count) as index:
        IRBuilder.name(name, index)
        yield index
