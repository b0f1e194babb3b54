"""From the layout of a stage to what each step of one segment does.

The order within a step is that of ``docs/scheduling.md``: row windows and tiles move up; then for each tile, operator by
operator, its tile moves left and it computes, and after the last reader of a tile its columns go to the row cache.
"""

from __future__ import annotations

from collections.abc import Sequence

from mcupatch.ir.access import input_access, is_reduction, slides_window
from mcupatch.ir.graph import Graph
from mcupatch.ir.ops import AvgPool2D, Operator, Padding
from mcupatch.ir.region import Interval
from mcupatch.program.areas import PlacedPart, computed_part, find_pads, make_area, read_part
from mcupatch.program.places import Place, SegmentPlaces, Storage
from mcupatch.program.segment_actions import Action, Area, Fetch, Finish, Move, Run, SegmentPlan, Spot
from mcupatch.program.series import AxisValues, Value, identifier
from mcupatch.schedule.stage_layout import StageLayout


def plan_segment(graph: Graph, layout: StageLayout, g: int) -> SegmentPlan:
    """Segment ``g``, or streamed input ``g - len(segments)``."""
    if g >= len(layout.walks):
        return _plan_stream(graph, layout, layout.streamed[g - len(layout.walks)])
    return _Planner(graph, layout, g).plan()


def plan_whole(graph: Graph, op: Operator) -> SegmentPlan:
    """Operator ``op`` alone and at once, on whole tensors."""
    rows, cols = AxisValues(), AxisValues()

    def area(name: str) -> Area:
        tensor = graph.tensors[name]
        height, width, _ = tensor.hwc
        place = Place(Storage.WHOLE, tensor, (0,), (0,), width)
        parts = (computed_part([Interval(0, side)]) for side in (height, width))
        return make_area(PlacedPart((place,), *parts), rows, cols)

    inputs = tuple(None if name in graph.constants else area(name) for name in op.inputs)
    padding = getattr(op, "padding", Padding())
    run = Run(op, inputs, area(op.output), (padding.top, padding.left), False)
    return SegmentPlan(1, 1, rows, cols, (), (run,), None)


def _plan_stream(graph: Graph, layout: StageLayout, name: str) -> SegmentPlan:
    rows = AxisValues()
    tensor, base = graph.tensors[name], layout.windows[name].base
    at = rows.value([y - first for y, first in enumerate(base)], f"{identifier(name)}_at")
    place = Place(Storage.WINDOW, tensor, base, (0,), tensor.hwc[1])
    moves = _plan_shift(rows, place, [Interval(first, y + 1) for y, first in enumerate(base)])
    fetch = Fetch(tensor, Spot(Storage.WINDOW, tensor, at, 0, place.width))
    return SegmentPlan(len(base), 1, rows, AxisValues(), moves, (fetch,), None)


def _plan_shift(rows: AxisValues, place: Place, held: Sequence[Interval]) -> tuple[Move, ...]:
    """Before each step, the rows of the step before that are still wanted move to the first rows of the storage.

    ``held`` is what is there after each step.
    """
    counts, shifts = [0], [0]
    for before, after in zip(held, held[1:]):
        shifts.append(after.start - before.start)
        counts.append(max(before.stop - after.start, 0) if shifts[-1] else 0)
    if not any(counts):
        return ()
    name = identifier(place.tensor.name)
    count = rows.value(counts, f"{name}_kept")
    shift = rows.value([s if n else None for s, n in zip(shifts, counts)], f"{name}_up")
    source, target = (Spot(place.storage, place.tensor, row, 0, place.width) for row in (shift, 0))
    return (Move(f"{name}_move_up", count, place.width, source, target),)


class _Planner:
    def __init__(self, graph: Graph, layout: StageLayout, g: int) -> None:
        self._graph, self._layout = graph, layout
        self._walk = layout.walks[g]
        self._places = SegmentPlaces(graph, layout, g)
        self._rows, self._cols = AxisValues(), AxisValues()

    def plan(self) -> SegmentPlan:
        operators = self._walk.segment.operators
        outputs = [self._graph.ops[i].output for i in operators]
        moves = [move for i, name in zip(operators, outputs) for move in self._move_up(i, name)]
        actions: list[Action] = []
        for i, name in zip(operators, outputs):
            actions += [*self._move_left(i, name), *self._run(i)]
            for read in dict.fromkeys(self._graph.ops[i].inputs):
                if read in outputs and i == max(u for u in self._graph.consumers[read] if u in operators):
                    actions += self._flush(read)
        last = self._graph.ops[operators[-1]]
        finish = Finish(last, self._single(last.output)) if operators[-1] in self._layout.sums else None
        steps, tiles = self._places.steps, self._places.tiles
        self._cols.tabulate(tiles)
        return SegmentPlan(steps, tiles, self._rows, self._cols, tuple(moves), tuple(actions), finish)

    def _move_up(self, op: int, name: str) -> tuple[Move, ...]:
        """The row window or the tile of what ``op`` computes."""
        tile, window = self._layout.tiles.get(name), self._layout.windows.get(name)
        place = self._places.target(name)
        if tile is not None and tile.moves_up:
            return _plan_shift(self._rows, place, self._places.rows(self._walk.rows.held[name]))
        if window is not None and window.moves:
            computed = self._places.rows(self._walk.rows.computed[op])
            held = [Interval(first, max(first, c.stop)) for first, c in zip(window.base, computed)]
            return _plan_shift(self._rows, place, held)
        return ()

    def _move_left(self, op: int, name: str) -> tuple[Move, ...]:
        """Before a tile is computed, the columns of the one before that are still wanted."""
        tile = self._layout.tiles.get(name)
        if tile is None or not tile.moves_left:
            return ()
        held = self._walk.cols.held[name]
        counts, shifts = [0], [0]
        for before, after in zip(held, held[1:]):
            shifts.append(after.start - before.start)
            wanted = shifts[-1] and before.length and after.length
            counts.append(max(before.stop - after.start, 0) if wanted else 0)
        if not any(counts):
            return ()
        label = identifier(name)
        cols = self._cols.value(counts, f"{label}_cols_kept")
        shift = self._cols.value([s if n else None for s, n in zip(shifts, counts)], f"{label}_left")
        place = self._places.target(name)
        source, target = (Spot(Storage.TILE, place.tensor, 0, col, place.width) for col in (shift, 0))
        return (Move(f"{label}_move_left", self._computed_rows(op), cols, source, target),)

    def _run(self, op: int) -> tuple[Run, ...]:
        operator = self._graph.ops[op]
        if is_reduction(self._graph, operator) and op not in self._layout.sums:
            return (self._run_at_once(operator),)
        rows, cols = self._places.rows(self._walk.rows.computed[op]), self._walk.cols.computed[op]
        if not any(r.length for r in rows):
            return ()
        may_be_empty = not all(i.length for i in (*rows, *cols))
        parts = [
            None
            if name in self._graph.constants
            else read_part(self._graph, operator, position, self._places.sources(name), rows, cols)
            for position, name in enumerate(operator.inputs)
        ]
        inputs = tuple(None if part is None else self._make(part) for part in parts)
        if op in self._layout.sums:
            return (Run(operator, inputs, None, (0, 0), may_be_empty),)
        written = PlacedPart(
            (self._places.target(operator.output),), computed_part(rows), computed_part(cols)
        )
        pads: tuple[Value, Value] = (0, 0)
        access = input_access(self._graph, operator, 0)
        if slides_window(operator) and parts[0] is not None and access is not None:
            pads = (
                self._rows.value(find_pads(access.rows, rows, parts[0].rows.begin), "pad_top"),
                self._cols.value(find_pads(access.cols, cols, parts[0].cols.begin), "pad_left"),
            )
        return (Run(operator, inputs, self._make(written), pads, may_be_empty),)

    def _run_at_once(self, op: Operator) -> Run:
        """A reduction whose input lies there in one piece."""
        height, width, _ = self._graph.tensors[op.inputs[0]].hwc
        whole = PlacedPart(
            self._places.sources(op.inputs[0]),
            computed_part([Interval(0, height)]),
            computed_part([Interval(0, width)]),
        )
        padding = op.padding if isinstance(op, AvgPool2D) else Padding()
        return Run(op, (self._make(whole),), self._single(op.output), (padding.top, padding.left), False)

    def _single(self, name: str) -> Area:
        """The one position of a reduction's result."""
        point = computed_part([Interval(0, 1)])
        return self._make(PlacedPart((self._places.target(name),), point, point))

    def _flush(self, name: str) -> tuple[Move, ...]:
        """What later steps read of a tile's columns goes to the cache, once no tile to the right reads them any more."""
        tile = self._layout.tiles.get(name)
        if tile is None or not tile.cache_rows:
            return ()
        op = self._graph.producer[name]
        held = self._places.rows(self._walk.rows.held[name])
        computed = self._places.rows(self._walk.rows.computed[op])
        later = _later_starts(held, tile.cache_rows)
        kept = [max(c.start - start, 0) for c, start in zip(computed, later)]
        shifts = [start - h.start for h, start in zip(held, later)]
        kept = [n if shift else 0 for n, shift in zip(kept, shifts)]
        label = identifier(name)
        cols = self._cols.value([f.length for f in tile.flushed], f"{label}_flushed")
        first = [f.start if f.length else None for f in tile.flushed]
        to_col = self._cols.value(first, f"{label}_flushed_col")
        cache, lower = self._places.sources(name)

        def spot(place: Place, row: Value, col: Value) -> Spot:
            return Spot(place.storage, place.tensor, row, col, place.width)

        up = self._rows.value([s if n else None for s, n in zip(shifts, kept)], f"{label}_cache_up")
        moves = []
        if any(kept):
            count = self._rows.value(kept, f"{label}_cache_kept")
            moves.append(
                Move(f"{label}_cache_up", count, cols, spot(cache, up, to_col), spot(cache, 0, to_col))
            )
        new = [c.stop - max(c.start, start) for c, start in zip(computed, later)]
        count = self._rows.value(new, f"{label}_new")
        skipped = [max(start - c.start, 0) if n else None for c, start, n in zip(computed, later, new)]
        above = [max(c.start - start, 0) if n else None for c, start, n in zip(computed, later, new)]
        offsets = [None if f is None or s is None else f - s for f, s in zip(first, lower.col0)]
        source = spot(
            lower,
            self._rows.value(skipped, f"{label}_skipped"),
            self._cols.value(offsets, f"{label}_flushed_at"),
        )
        target = spot(cache, self._rows.value(above, f"{label}_cache_row"), to_col)
        return (*moves, Move(f"{label}_to_cache", count, cols, source, target))

    def _computed_rows(self, op: int) -> Value:
        rows = self._places.rows(self._walk.rows.computed[op])
        return self._rows.value([r.length for r in rows], f"{identifier(self._graph.ops[op].output)}_rows")

    def _make(self, part: PlacedPart) -> Area:
        return make_area(part, self._rows, self._cols)


def _later_starts(held: Sequence[Interval], cache_rows: int) -> list[int]:
    """Where the rows held begin in the step after each; after the last, whatever continues the row and is in range."""
    starts = [h.start for h in held]
    pace = starts[-1] - starts[-2] if len(starts) > 1 else 0
    last = min(max(starts[-1] + pace, held[-1].start, held[-1].stop - cache_rows), held[-1].stop)
    return [*starts[1:], last]
