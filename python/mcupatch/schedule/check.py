"""An independent check of a schedule: every stage is replayed on slots that know which position they hold.

Nothing is shared with ``axis_walk.py``, ``step_order.py`` or ``ir/access.py``: the layout of a stage is taken as the
description of what the program does (``execution.py``), and every position that a tap touches is looked up where
the program would look for it. What is proved:

- each operator runs in one stage, and what it reads inside a tensor has been computed and is still there;
- the tiles cover the tiled tensor of each segment exactly once; a reduction adds each position once;
- along an axis where a tensor is kept, no position is computed twice;
- what is read after a stage, or leaves the model, is complete; streamed inputs come once, in order.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mcupatch.ir.graph import Graph
from mcupatch.ir.region import Interval
from mcupatch.schedule.check_slots import ReadError, Slots
from mcupatch.schedule.execution import Compute, Event, Fetch, Move, execute_stage, execute_whole
from mcupatch.schedule.stage import Schedule, Stage
from mcupatch.schedule.stage_layout import SegmentWalk, StageLayout, lay_out_stage
from mcupatch.schedule.touched import folds_map

LayOut = Callable[[Graph, Stage, tuple[str, ...]], StageLayout]


class ScheduleError(Exception):
    """A schedule that would compute something twice into the output, not at all, or read what is not there."""


def check_schedule(graph: Graph, schedule: Schedule, lay_out: LayOut = lay_out_stage) -> None:
    """Prove ``schedule`` legal for ``graph``; ``lay_out`` tells what a stage will do. Raises ScheduleError."""
    covered = sum(len(stage.operators) for stage in schedule.stages)
    if covered != len(graph.ops):
        raise ScheduleError(f"the schedule holds {covered} operators, the model {len(graph.ops)}")
    slots = Slots(graph)
    for name in graph.inputs:
        if name not in schedule.streamed:
            slots.fill(name)
    for stage in schedule.stages:
        slots.close_stage()
        streamed = streamed_into(graph, schedule, stage)
        try:
            if not streamed and runs_whole(graph, stage):
                slots.compute(execute_whole(graph, stage.first))
            else:
                _check_stage(graph, lay_out(graph, stage, streamed), slots)
        except (ReadError, ValueError) as error:
            raise ScheduleError(f"stage {stage.first} to {stage.last}: {error}") from None
    for name in graph.outputs:
        if not slots.is_complete(name):
            raise ScheduleError(f"output '{name}' of the model is not computed completely")


def runs_whole(graph: Graph, stage: Stage) -> bool:
    """Whether the stage is one operator in one tile: then it runs at once on whole tensors."""
    op = graph.ops[stage.last]
    tiled = op.inputs[0] if folds_map(graph, op) else op.output
    sides = graph.tensors[tiled].hwc[:2]
    return stage.first == stage.last and stage.segments[0].tile == sides


def streamed_into(graph: Graph, schedule: Schedule, stage: Stage) -> tuple[str, ...]:
    """The streamed inputs that ``stage`` reads; only the first stage may."""
    read = {name for i in stage.operators for name in graph.ops[i].inputs}
    found = tuple(name for name in schedule.streamed if name in read)
    for name in found:
        if name not in graph.inputs or name in graph.outputs or stage.first > 0:
            raise ScheduleError(f"'{name}' cannot be streamed into stage {stage.first} to {stage.last}")
    return found


def _check_stage(graph: Graph, layout: StageLayout, slots: Slots) -> None:
    executed = [0] * (len(layout.walks) + len(layout.streamed))
    for g in layout.order:
        executed[g] += 1
    for g, walk in enumerate(layout.walks):
        _check_coverage(graph, walk, executed[g], g == len(layout.walks) - 1)
    for k, name in enumerate(layout.streamed):
        if executed[len(layout.walks) + k] != graph.tensors[name].hwc[0]:
            raise ReadError(f"streamed input '{name}' is not taken row by row to its end")
    slots.open_stage(layout)
    for event in execute_stage(graph, layout):
        _replay(graph, event, slots)


def _replay(graph: Graph, event: Event, slots: Slots) -> None:
    if isinstance(event, Move):
        slots.move(event)
    elif isinstance(event, Fetch):
        slots.write(event.target, Interval(event.row, event.row + 1), slots.all_columns(event.target.tensor))
    elif isinstance(event, Compute):
        try:
            slots.compute(event)
        except ReadError as error:
            name = graph.ops[event.op].name
            raise ReadError(f"operator '{name}', step {event.step}, tile {event.tile}: {error}") from None
    else:
        slots.write(event.target, Interval(0, 1), Interval(0, 1))


def _check_coverage(graph: Graph, walk: SegmentWalk, executed: int, is_last: bool) -> None:
    """How often each position is computed: regions are rows x columns, so each axis can be counted alone."""
    segment = walk.segment
    for i in segment.operators:
        op = graph.ops[i]
        folds = folds_map(graph, op)
        if folds and i != segment.last:
            raise ReadError(f"operator '{op.name}' needs its whole input inside segment {segment.first}")
        name = op.inputs[0] if folds else op.output
        for axis, taken in enumerate((walk.rows, walk.cols)):
            intervals = taken.computed[i][:executed] if axis == 0 else taken.computed[i]
            count = _count(intervals, graph.tensors[name].hwc[axis], op.name)
            recomputed = i in (segment.recomputed_rows, segment.recomputed_cols)[axis]
            if count.max() > 1 and not recomputed:
                raise ReadError(f"operator '{op.name}' computes a position of '{name}' twice")
            whole = is_last or folds or axis == 1
            if i == segment.last and whole and count.min() < 1:
                raise ReadError(
                    f"the tiles of segment {segment.first} to {segment.last} do not cover '{name}'"
                )


def _count(
    intervals: tuple[Interval, ...], size: int, name: str
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    count = np.zeros(size, np.int64)
    for interval in intervals:
        if interval.length and not 0 <= interval.start < interval.stop <= size:
            raise ReadError(f"operator '{name}' computes [{interval.start}, {interval.stop}) of {size}")
        count[interval.start : interval.stop] += 1
    return count
