"""Which outputs may be written over an input that dies, and how far below it they must lie.

of an operator      its output begins and its input ends there: whole tensors both, or tiles of one segment
                    that neither move nor go to a cache
of a stage          a whole tensor that the stage writes, and a whole tensor that it alone still reads
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mcupatch.ir.access import input_access
from mcupatch.ir.graph import Graph
from mcupatch.schedule.holdings import Holding, Place
from mcupatch.schedule.stage import Schedule
from mcupatch.schedule.stage_layout import StageLayout
from mcupatch.schedule.stage_tensors import find_roots
from mcupatch.schedule.stage_trailing import StageTrailing
from mcupatch.schedule.trailing import axis_windows, trailing_distance, whole_distance


@dataclass(frozen=True)
class Trail:
    """``output``, which operator ``op`` writes, lies ``distance`` bytes or more below ``input`` (both root tensors).

    They share the steps ``[first, last]``: the operator's own, or those of its stage (``by_stage``).
    """

    op: int
    output: str
    input: str
    distance: int
    first: int
    last: int
    by_stage: bool


def find_trails(
    graph: Graph,
    schedule: Schedule,
    layouts: Sequence[StageLayout | None],
    holdings: Sequence[Holding],
) -> tuple[Trail, ...]:
    """Every pair of an output and a dying input that may share bytes, in the order of the operators.

    Model outputs are never overwritten; a reshape's output shares its input's bytes anyway.
    """
    return tuple(_Finder(graph, holdings).find(schedule, layouts))


class _Finder:
    def __init__(self, graph: Graph, holdings: Sequence[Holding]) -> None:
        self._graph = graph
        self._roots = find_roots(graph)
        self._held = {h.name: h for h in holdings if h.place in (Place.WHOLE, Place.WINDOW, Place.TILE)}
        self._outputs = {self._roots[name] for name in graph.outputs}

    def find(self, schedule: Schedule, layouts: Sequence[StageLayout | None]) -> Iterator[Trail]:
        for stage, layout in zip(schedule.stages, layouts):
            if layout is None:
                yield from self._of_whole_operator(stage.first)
                continue
            for i in stage.operators:
                yield from self._of_tiles(layout, i)
            yield from self._of_stage(layout)

    def _of_whole_operator(self, step: int) -> Iterator[Trail]:
        op = self._graph.ops[step]
        if self._roots[op.output] != op.output:
            return
        distances: dict[str, list[int | None]] = {}
        for name in self._graph.activation_inputs(op):
            root = self._roots[name]
            if self._dies(root, step):
                distances.setdefault(root, []).append(whole_distance(self._graph, op, name))
        for root, options in distances.items():  # one buffer read under two shapes must bear both reads
            known = [d for d in options if d is not None]
            if len(known) == len(options):
                yield Trail(step, op.output, root, max(known), step, step, False)

    def _of_tiles(self, layout: StageLayout, step: int) -> Iterator[Trail]:
        op = self._graph.ops[step]
        walk = layout.walks[layout.stage.segment_of(step)]
        out = layout.tiles.get(op.output)
        if out is None or out.moves_up or out.moves_left:
            return
        for name in self._graph.activation_inputs(op):
            tile = layout.tiles.get(name)
            if tile is None or tile.moves_up or tile.moves_left or tile.cache_rows:
                continue
            access = input_access(self._graph, op, op.inputs.index(name))
            if access is None or max(self._graph.consumers[name]) != step:
                continue
            rows = axis_windows(access.rows, walk.rows.computed[step], walk.rows.held[name])
            cols = axis_windows(access.cols, walk.cols.computed[step], walk.cols.held[name])
            distance = trailing_distance(self._graph, op, name, rows, cols, (out.cols, tile.cols))
            if distance is not None:
                yield Trail(step, op.output, name, distance, step, step, False)

    def _of_stage(self, layout: StageLayout) -> Iterator[Trail]:
        stage, graph = layout.stage, self._graph
        read: dict[str, list[str]] = {}
        for i in stage.operators:
            for name in graph.activation_inputs(graph.ops[i]):
                names = read.setdefault(self._roots[name], [])
                if name not in names:
                    names.append(name)
        inputs = {
            root: names
            for root, names in read.items()
            if graph.producer.get(root, -1) < stage.first and self._dies(root, stage.last)
        }
        if not inputs:
            return
        trailing = StageTrailing(graph, layout)
        for i in stage.operators:
            out = graph.ops[i].output
            if self._held[out].place is Place.WHOLE:
                for root, names in inputs.items():
                    distance = trailing.distance(out, names)
                    yield Trail(i, out, root, distance, stage.first, stage.last, True)

    def _dies(self, root: str, step: int) -> bool:
        held = self._held[root]
        return held.place is Place.WHOLE and held.last == step and root not in self._outputs
