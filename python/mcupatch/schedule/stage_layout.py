"""Where every tensor of a stage lies while its segments run, and in which order their steps do.

    crosses the stage's border      the whole tensor
    crosses between segments        a row window: a few rows, full width, moved up as rows die
    inside a segment                a tile: what is computed now and what is still read of the tiles to the left;
                                    and a row cache: rows of earlier steps that are read again, full width

A tile's input is then read from two places, the cache for its upper rows and the tile for its lower ones. A segment
of one tile a step needs no cache: its tile is full width and holds the earlier rows itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from mcupatch.ir.access import is_reduction
from mcupatch.ir.graph import Graph
from mcupatch.ir.ops import AvgPool2D
from mcupatch.ir.region import Interval
from mcupatch.schedule.axis_walk import COLS, ROWS, AxisWalk, walk_axis
from mcupatch.schedule.stage import Segment, Stage
from mcupatch.schedule.stage_tensors import stage_live_outs
from mcupatch.schedule.step_order import StepOrder, WindowRows, WindowTrace, order_steps


@dataclass(frozen=True)
class SegmentWalk:
    """Both axes of one segment. ``rows`` has an entry a step, ``cols`` an entry a tile of each step."""

    segment: Segment
    rows: AxisWalk
    cols: AxisWalk


@dataclass(frozen=True)
class RowWindow:
    """``rows`` rows of a tensor at full width. Step s of its producer first moves it, so that it begins at ``base[s]``.

    ``producer`` is a segment, or ``len(segments) + k`` for streamed input k. ``base_read[g]`` is where the window
    begins at each executed step of segment g, which reads it.
    """

    producer: int
    rows: int
    base: tuple[int, ...]
    base_read: dict[int, tuple[int, ...]]

    @property
    def moves(self) -> bool:
        return len(set(self.base)) > 1


@dataclass(frozen=True)
class Tile:
    """A tensor inside one segment: ``rows`` x ``cols`` of tile, and ``cache_rows`` earlier rows at full width (or 0).

    Without a cache the tile's first row is ``held.start`` of the step, and the tile is moved up before a step if
    ``moves_up``. With one, the tile holds the rows that the step computes, and the cache those from ``held.start`` to
    there; after the last reader, the columns ``flushed[c]`` of tile c go from tile to cache, whose rows move up.
    The tile's first column is ``held.start`` of the columns; it is moved left before a tile if ``moves_left``.
    """

    segment: int
    rows: int
    cols: int
    cache_rows: int
    moves_up: bool
    moves_left: bool
    flushed: tuple[Interval, ...]


@dataclass(frozen=True)
class StageLayout:
    """``order`` names the segment of each executed step, or ``len(segments) + k`` for a row of streamed input k.

    ``windows`` and ``tiles`` by tensor; every other tensor that the stage touches is whole. ``sums`` are the
    reductions (operator indices) that accumulate over several tiles.
    """

    stage: Stage
    walks: tuple[SegmentWalk, ...]
    streamed: tuple[str, ...]
    order: tuple[int, ...]
    windows: dict[str, RowWindow]
    tiles: dict[str, Tile]
    sums: tuple[int, ...]

    def executed(self, segment: int) -> int:
        """How many steps of a segment (or rows of a streamed input) run: the last ones may not be needed."""
        return self.order.count(segment)


def lay_out_stage(graph: Graph, stage: Stage, streamed: tuple[str, ...] = ()) -> StageLayout:
    """Everything that follows from a stage: regions, order, places.

    ``streamed`` are the model inputs, read by this stage alone, that come row by row. Raises ValueError if the stage
    is not legal for ``graph``.
    """
    live_outs = frozenset(stage_live_outs(graph, stage.first, stage.last))
    walks = tuple(
        SegmentWalk(s, walk_axis(graph, s, ROWS, live_outs), walk_axis(graph, s, COLS, live_outs))
        for s in stage.segments
    )
    between = _find_window_rows(graph, stage, walks, live_outs, streamed)
    order = _order(graph, stage, walks, between, live_outs, streamed)
    windows = {
        name: _row_window(between[name].producer, trace)
        for name, trace in order.windows.items()
        if name not in live_outs
    }
    tiles = {
        graph.ops[i].output: _tile(walk, g, i, graph.ops[i].output, graph)
        for g, walk in enumerate(walks)
        for i in walk.segment.operators
        if graph.ops[i].output not in live_outs | windows.keys()
    }
    sums = tuple(w.segment.last for w in walks if accumulates(graph, w))
    for walk in walks:
        _refuse_unordered_sums(graph, walk)
    return StageLayout(stage, walks, streamed, order.sequence, windows, tiles, sums)


def accumulates(graph: Graph, walk: SegmentWalk) -> bool:
    """Whether the segment ends in a reduction that sees its input in more than one tile, or in a tile at all."""
    alone = walk.rows.steps * walk.cols.steps * len(walk.segment.operators) == 1
    return is_reduction(graph, graph.ops[walk.segment.last]) and not alone


def _refuse_unordered_sums(graph: Graph, walk: SegmentWalk) -> None:
    """Float sums depend on their order, which is row by row: only tiles of full width add in it."""
    op = graph.ops[walk.segment.last]
    in_float = isinstance(op, AvgPool2D) and op.requant is not None
    if in_float and walk.cols.steps > 1 and is_reduction(graph, op):
        raise ValueError(
            f"operator '{op.name}' adds float32 numbers row by row: its tiles must be of full width"
        )


def _find_window_rows(
    graph: Graph,
    stage: Stage,
    walks: tuple[SegmentWalk, ...],
    live_outs: frozenset[str],
    streamed: tuple[str, ...],
) -> dict[str, WindowRows]:
    """The tensors between segments, whole ones too, and the streamed inputs, which come a row a step."""
    found = {}
    for g, walk in enumerate(walks):
        for i in walk.segment.operators:
            name = graph.ops[i].output
            crosses = any(walk.segment.last < user <= stage.last for user in graph.consumers[name])
            recomputed = i in (*walk.segment.recomputed_rows, *walk.segment.recomputed_cols)
            if recomputed and (crosses or name in live_outs):
                raise ValueError(f"'{name}' leaves its segment and cannot be recomputed")
            if not crosses:
                continue
            computed = walk.rows.computed[i]
            if is_reduction(graph, graph.ops[i]):  # there when the last step has run
                computed = (*(Interval(0, 0),) * (len(computed) - 1), Interval(0, 1))
            found[name] = WindowRows(g, computed, _reads(walks, name))
    for k, name in enumerate(streamed):
        rows = [Interval(y, y + 1) for y in range(graph.tensors[name].hwc[0])]
        found[name] = WindowRows(len(walks) + k, rows, _reads(walks, name))
    return found


def _reads(walks: tuple[SegmentWalk, ...], name: str) -> dict[int, tuple[Interval, ...]]:
    return {g: walk.rows.read[name] for g, walk in enumerate(walks) if name in walk.rows.read}


def _order(
    graph: Graph,
    stage: Stage,
    walks: tuple[SegmentWalk, ...],
    between: dict[str, WindowRows],
    live_outs: frozenset[str],
    streamed: tuple[str, ...],
) -> StepOrder:
    steps = [w.rows.steps for w in walks] + [graph.tensors[name].hwc[0] for name in streamed]
    wanted_whole = [
        g
        for g, segment in enumerate(stage.segments)
        if any(graph.ops[i].output in live_outs for i in segment.operators)
    ]
    last = len(walks) - 1
    complete = [last, *(g for g in wanted_whole if g != last)]
    return order_steps(steps, between, [*complete, *range(len(walks), len(steps))])


def _row_window(producer: int, trace: WindowTrace) -> RowWindow:
    rows = max((stop - base for base, stop in zip(trace.base, trace.stop)), default=0)
    return RowWindow(producer, rows, trace.base, trace.base_read)


def _tile(walk: SegmentWalk, segment: int, op: int, name: str, graph: Graph) -> Tile:
    if not any(user in walk.segment.operators for user in graph.consumers[name]):
        raise ValueError(f"the result of operator {op} '{graph.ops[op].name}' is never read")
    rows, cols = walk.rows, walk.cols
    earlier = max(h.length - c.length for h, c in zip(rows.held[name], rows.computed[op]))
    one_wide = cols.steps == 1
    in_tile = rows.held[name] if one_wide else rows.computed[op]
    return Tile(
        segment=segment,
        rows=max(r.length for r in in_tile),
        cols=max(c.length for c in cols.held[name]),
        cache_rows=0 if one_wide else earlier,
        moves_up=one_wide and earlier > 0,
        moves_left=any(h.length > c.length for h, c in zip(cols.held[name], cols.computed[op])),
        flushed=_flushed(cols.held[name]) if earlier and not one_wide else (),
    )


def _flushed(held: tuple[Interval, ...]) -> tuple[Interval, ...]:
    """The columns of each tile that no tile to the right of it reads in this step."""
    flushed = []
    next_start = max(h.stop for h in held)
    for h in reversed(held):
        start = h.start if h.length else next_start
        flushed.append(Interval(start, max(start, min(h.stop, next_start))))
        next_start = min(next_start, start)
    return tuple(reversed(flushed))
