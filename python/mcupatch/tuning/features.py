"""What the learned model sees of a stage: for each operator the shape of its calls, and what the stage copies.

Nothing here names a network: the numbers of an operator of one stage say something of every other stage that runs
the same kernel, and most of the operator itself in other tiles.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass

import numpy as np
from numpy.typing import NDArray

from mcupatch.ir.access import macs_per_pixel
from mcupatch.ir.graph import Graph
from mcupatch.schedule.holdings import lay_out
from mcupatch.schedule.moved_bytes import find_moved
from mcupatch.schedule.stage import Stage
from mcupatch.schedule.stage_layout import StageLayout
from mcupatch.schedule.work import HUNDRED, CallCounts, CallWork, count_calls, count_whole

Row = tuple[float, ...]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class StageFeatures:
    """``operators``: one row for each, ``modelled`` its instructions by the fitted model; ``glue``: one row.

    ``glue`` counts runs of bytes that are copied, those bytes, calls, steps, and 1 for a stage in pieces.
    """

    operators: tuple[Row, ...]
    modelled: Floats
    glue: Floats


GLUE_PRIOR = np.array([70.0, 0.43, 10.0, 40.0, 200.0])
"""Instructions for each number of ``StageFeatures.glue`` before anything was measured."""


class FeatureReader:
    """The features of every stage of ``graph``, each made once. ``work``: the fitted model of each operator."""

    def __init__(self, graph: Graph, streamed: tuple[str, ...], work: Sequence[CallWork]) -> None:
        self._graph, self._streamed, self._work = graph, streamed, work
        self._known: dict[Stage, StageFeatures] = {}
        self._kinds = sorted({op.kind for op in graph.ops})

    def read(self, stages: Iterable[Stage]) -> list[StageFeatures]:
        """Of every stage. Raises ValueError if one is not legal."""
        return [self._read(stage) for stage in stages]

    def _read(self, stage: Stage) -> StageFeatures:
        if stage not in self._known:
            self._known[stage] = self._read_stage(stage, lay_out(self._graph, stage, self._streamed))
        return self._known[stage]

    def _read_stage(self, stage: Stage, layout: StageLayout | None) -> StageFeatures:
        rows, modelled = [], []
        calls = 0
        for i in stage.operators:
            counts = count_whole(self._graph, i) if layout is None else count_calls(layout, i)
            modelled.append(max(self._work[i].of(counts) / HUNDRED, 1.0))
            rows.append(self._row(i, counts, modelled[-1], layout))
            calls += counts.calls + counts.narrow_calls
        if layout is None:
            return StageFeatures(tuple(rows), np.array(modelled), np.array([0, 0, calls, 0, 0], float))
        moved = find_moved(self._graph, layout)
        glue = [moved.copies, moved.nbytes, calls, len(layout.order), 1]
        return StageFeatures(tuple(rows), np.array(modelled), np.array(glue, float))

    def _row(self, i: int, counts: CallCounts, modelled: float, layout: StageLayout | None) -> Row:
        graph, op = self._graph, self._graph.ops[i]
        source, out = graph.input_tensors(op)[0].hwc, graph.output_tensor(op).hwc
        kernel, stride = getattr(op, "kernel", (0, 0)), getattr(op, "stride", (0, 0))
        calls = max(counts.calls + counts.narrow_calls, 1)
        rows = max(counts.rows + counts.narrow_rows, 1)
        positions = counts.positions + counts.narrow_positions
        cached = 0 if layout is None else sum(self._is_cached(layout, name) for name in op.inputs)
        return (
            *(float(i), float(self._kinds.index(op.kind)), *map(float, (*kernel, *stride))),
            *(float(source[2]), float(out[2]), float(macs_per_pixel(op, out[2]))),
            *map(float, astuple(counts)),
            *(rows / calls, positions / rows, counts.narrow_positions / max(positions, 1)),
            *(counts.odd_rows / rows, modelled / calls, float(cached), float(layout is None)),
        )

    @staticmethod
    def _is_cached(layout: StageLayout, name: str) -> bool:
        """Whether the operator reads that input from two places."""
        return name in layout.tiles and layout.tiles[name].cache_rows > 0
