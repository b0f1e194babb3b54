"""What each step of a stage computes and holds, its order and the size of its windows, against brute force on sets."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcupatch.ir.access import is_reduction
from mcupatch.ir.graph import Graph
from mcupatch.ir.region import Interval
from mcupatch.schedule.axis_walk import AxisWalk, walk_axis
from mcupatch.schedule.check import runs_whole, streamed_into
from mcupatch.schedule.execution import Compute, execute_stage
from mcupatch.schedule.largest_calls import CallSize, find_largest_calls
from mcupatch.schedule.stage import Segment
from mcupatch.schedule.stage_layout import StageLayout, lay_out_stage
from mcupatch.schedule.touched import folds_map, touched_positions
from tests.support.random_graphs import tileable_networks
from tests.support.random_schedules import random_schedule

SETTINGS = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])

networks = tileable_networks(tail=True, max_dilation=1)
"""Without dilation: windows touch every position from their first to their last."""


def touched(graph: Graph, op: int, name: str, axis: int, out: Interval) -> set[int]:
    operator = graph.ops[op]
    found = touched_positions(graph, operator, operator.inputs.index(name), axis, out)
    return {p for part in found or () for p in part}


def layouts_of(graph: Graph, seed: int) -> list[StageLayout]:
    """The layouts of all stages of a random schedule but those of whole operators."""
    schedule = random_schedule(graph, seed)
    streams = [(stage, streamed_into(graph, schedule, stage)) for stage in schedule.stages]
    return [lay_out_stage(graph, stage, s) for stage, s in streams if s or not runs_whole(graph, stage)]


@SETTINGS
@given(st.data())
def test_recomputed_regions_are_the_receptive_field(data: st.DataObject) -> None:
    """A segment that keeps nothing computes for each tile the box around what is touched, back from the tile."""
    graph = data.draw(tileable_networks())
    last = data.draw(st.integers(0, len(graph.ops) - 1))
    inner = tuple(range(last))
    tile = data.draw(st.tuples(st.integers(1, 6), st.integers(1, 6)))
    for axis in (0, 1):
        try:
            walk = walk_axis(graph, Segment(0, last, tile, inner, inner), axis)
        except ValueError:
            return
        assert walk.warm_up == 0
        for step in range(walk.steps):
            wanted: dict[str, set[int]] = {}
            for i in reversed(range(last + 1)):
                got = walk.computed[i][step]
                if i < last:
                    box = wanted.get(graph.ops[i].output, set())
                    assert got.length == 0 if not box else (got.start, got.stop) == (min(box), max(box) + 1)
                for name in graph.activation_inputs(graph.ops[i]):
                    wanted.setdefault(name, set()).update(_box_read(graph, i, name, axis, got))


def _box_read(graph: Graph, op: int, name: str, axis: int, out: Interval) -> set[int]:
    """All positions that the windows span, gaps of dilation included, where they are inside."""
    dilation = getattr(graph.ops[op], "dilation", (1, 1))[axis]
    if dilation == 1:
        return touched(graph, op, name, axis, out)
    operator = graph.ops[op]
    before = (operator.padding.top, operator.padding.left)[axis]  # type: ignore[attr-defined]
    stride, kernel = operator.stride[axis], operator.kernel[axis]  # type: ignore[attr-defined]
    spans = (range(o * stride - before, o * stride - before + (kernel - 1) * dilation + 1)
             for o in range(out.start, out.stop))  # fmt: skip
    size = graph.tensors[name].hwc[axis]
    return {p for span in spans for p in span if 0 <= p < size}


@SETTINGS
@given(networks, st.integers(0, 1 << 30))
def test_tiles_and_caches_are_as_small_as_can_be(graph: Graph, seed: int) -> None:
    """As large as the span from the first position that is read again to the last one computed, and no larger."""
    for layout in layouts_of(graph, seed):
        for name, tile in layout.tiles.items():
            walk = layout.walks[tile.segment]
            op = graph.producer[name]
            rows, cols = (_spans(graph, walk.segment, w, op, a) for a, w in enumerate((walk.rows, walk.cols)))
            new_rows = max(i.length for i in walk.rows.computed[op])
            earlier = max(span - i.length for span, i in zip(rows, walk.rows.computed[op]))
            alone = walk.cols.steps == 1
            assert tile.cols == max(cols)
            assert tile.rows == (max(rows) if alone else new_rows)
            assert tile.cache_rows == (0 if alone else earlier)
            assert tile.moves_up == (alone and earlier > 0)


def _spans(graph: Graph, segment: Segment, walk: AxisWalk, op: int, axis: int) -> list[int]:
    """For each step how many positions lie between the first that is needed and the last computed."""
    name, computed = graph.ops[op].output, walk.computed[op]
    recomputed = op in (segment.recomputed_rows, segment.recomputed_cols)[axis]
    readers = [i for i in segment.operators if name in graph.ops[i].inputs]
    reads = [
        {p for i in readers for p in touched(graph, i, name, axis, walk.computed[i][t])}
        for t in range(walk.steps)
    ]
    spans = []
    for t, here in enumerate(computed):
        held = set(range(here.start, here.stop))
        if not recomputed:
            before = {p for earlier in computed[:t] for p in range(earlier.start, earlier.stop)}
            held |= before & {p for later in reads[t:] for p in later}
        spans.append(max(held) - min(held) + 1 if held else 0)
    return spans


@SETTINGS
@given(networks, st.integers(0, 1 << 30))
def test_windows_are_as_small_as_can_be(graph: Graph, seed: int) -> None:
    """In the order of the steps: the span of the rows that are there and read again, and of the new ones."""
    for layout in layouts_of(graph, seed):
        for name, window in layout.windows.items():
            held: set[int] = set()
            largest = 0
            done = [0] * (len(layout.walks) + len(layout.streamed))
            for g in layout.order:
                if g == window.producer:
                    held = {row for row in held if row in _still_read(graph, layout, name, done)}
                    held |= _computed_rows(graph, layout, name, done[g])
                    largest = max(largest, max(held) - min(held) + 1 if held else 0)
                done[g] += 1
            assert window.rows == largest


def _computed_rows(graph: Graph, layout: StageLayout, name: str, step: int) -> set[int]:
    if name in layout.streamed:
        return {step}
    op = graph.producer[name]
    walk = layout.walks[layout.stage.segment_of(op)]
    if folds_map(graph, graph.ops[op]):
        return {0} if step == walk.rows.steps - 1 else set()
    return set(range(walk.rows.computed[op][step].start, walk.rows.computed[op][step].stop))


def _still_read(graph: Graph, layout: StageLayout, name: str, done: list[int]) -> set[int]:
    """Rows of ``name`` that a step still to come reads."""
    return {
        row
        for i in layout.stage.operators
        if name in graph.ops[i].inputs
        for out in _rows_walk(layout, i).computed[i][done[layout.stage.segment_of(i)] :]
        for row in touched(graph, i, name, 0, out)
    }


def _rows_walk(layout: StageLayout, op: int) -> AxisWalk:
    return layout.walks[layout.stage.segment_of(op)].rows


@SETTINGS
@given(networks, st.integers(0, 1 << 30))
def test_no_step_runs_before_it_is_wanted(graph: Graph, seed: int) -> None:
    """The order is that of asking for rows one by one: a step runs when a row that it alone has is asked for."""
    for layout in layouts_of(graph, seed):
        if any(
            rows.stop and not rows.length
            for w in layout.walks
            for read in w.rows.read.values()
            for rows in read
        ):
            continue  # a row of windows that lie in the padding alone reads nothing, but waits for the rows before it
        asking = _Asking(graph, layout)
        last = len(layout.walks) - 1
        whole = [g for g in range(last) if any(name not in layout.windows.keys() | layout.tiles.keys()
                                               for name in _produced(graph, layout, g))]  # fmt: skip
        for g in (last, *whole, *range(len(layout.walks), len(asking.done))):
            while asking.done[g] < layout.executed(g):
                asking.advance(g)
        assert tuple(asking.order) == layout.order


class _Asking:
    """Runs steps, and before each those that compute the rows it touches, rows as sets."""

    def __init__(self, graph: Graph, layout: StageLayout) -> None:
        self._graph, self._layout = graph, layout
        self.done = [0] * (len(layout.walks) + len(layout.streamed))
        self.order: list[int] = []
        self._there = {
            name: set[int]() for g in range(len(self.done)) for name in _produced(graph, layout, g)
        }

    def advance(self, g: int) -> None:
        step = self.done[g]
        own = _produced(self._graph, self._layout, g)
        for name in [name for name in self._there if name not in own]:
            for row in self._touched(g, name, step):
                while row not in self._there[name]:
                    self.advance(_producer(self._graph, self._layout, name))
        self.done[g] += 1
        self.order.append(g)
        for name in own:
            self._there[name] |= _computed_rows(self._graph, self._layout, name, step)

    def _touched(self, g: int, name: str, step: int) -> set[int]:
        """Rows of ``name`` that a step of segment ``g`` reads."""
        operators = self._layout.walks[g].segment.operators if g < len(self._layout.walks) else ()
        readers = [i for i in operators if name in self._graph.ops[i].inputs]
        walk = [_rows_walk(self._layout, i).computed[i][step] for i in readers]
        return {row for i, out in zip(readers, walk) for row in touched(self._graph, i, name, 0, out)}


def _producer(graph: Graph, layout: StageLayout, name: str) -> int:
    if name in layout.streamed:
        return len(layout.walks) + layout.streamed.index(name)
    return layout.stage.segment_of(graph.producer[name])


def _produced(graph: Graph, layout: StageLayout, g: int) -> list[str]:
    if g >= len(layout.walks):
        return [layout.streamed[g - len(layout.walks)]]
    return [graph.ops[i].output for i in layout.walks[g].segment.operators]


@SETTINGS
@given(networks, st.integers(0, 2**32))
def test_largest_calls_are_those_of_the_replayed_stages(graph: Graph, seed: int) -> None:
    schedule = random_schedule(graph, seed)
    called: dict[str, list[tuple[int, int]]] = {}
    for stage in schedule.stages:
        streamed = streamed_into(graph, schedule, stage)
        if streamed or not runs_whole(graph, stage):
            for event in execute_stage(graph, lay_out_stage(graph, stage, streamed)):
                if isinstance(event, Compute):
                    calls = called.setdefault(graph.ops[event.op].name, [])
                    calls.append((event.rows.length, event.cols.length))
        else:
            called[graph.ops[stage.first].name] = [graph.output_tensor(graph.ops[stage.first]).hwc[:2]]
    found = find_largest_calls(graph, schedule)
    assert set(found) == set(called)
    for op in graph.ops:
        if not is_reduction(graph, op):  # these need no work space, however large their calls
            rows, cols = (max(lengths) for lengths in zip(*called[op.name]))
            assert found[op.name] == CallSize(rows, cols)
