"""Every patch schedule of a network, with its extra MACs and a bound of its arena, cheaply."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mcupatch.ir.access import macs_per_pixel
from mcupatch.ir.graph import Graph
from mcupatch.schedule.axis_table import AxisTable, Int64Array, build_axis_table
from mcupatch.schedule.bound import step_loads
from mcupatch.schedule.cuts import find_cuts
from mcupatch.schedule.regions import COLS, ROWS
from mcupatch.schedule.stage import Schedule, Stage
from mcupatch.schedule.stage_tensors import stage_inputs
from mcupatch.schedule.trailing import may_trail


@dataclass(frozen=True)
class Candidate:
    """A patch stage from operator 0 on, everything after it whole. No arena is below ``bound_bytes``."""

    stage: Stage
    extra_macs: int
    bound_bytes: int

    @property
    def tiles(self) -> int:
        return self.stage.grid[0] * self.stage.grid[1]


def plan_layer_by_layer(graph: Graph) -> Schedule:
    """Every operator whole, one after the other."""
    return Schedule(
        tuple(Stage(i, i, (1, 1), graph.output_tensor(op).hwc[:2]) for i, op in enumerate(graph.ops))
    )


def schedule_with_stage(graph: Graph, stage: Stage) -> Schedule:
    """``stage`` from operator 0 on, then every operator whole."""
    whole = plan_layer_by_layer(graph).stages
    return Schedule((stage, *whole[stage.last + 1 :]))


def enumerate_candidates(graph: Graph, limit: int | None = None) -> list[Candidate]:
    """All legal last operators with all grids of distinct tile sizes (up to ``limit`` parts a side), 1x1 left out."""
    whole_loads = [load.nbytes for load in step_loads(graph, plan_layer_by_layer(graph))]
    found: list[Candidate] = []
    for last in find_cuts(graph):
        rows = build_axis_table(graph, last, ROWS, limit)
        cols = build_axis_table(graph, last, COLS, limit)
        # after the stage everything is as in layer-by-layer execution
        rest = max(whole_loads[last + 1 :], default=0)
        bound = np.maximum(_stage_bound(graph, last, rows, cols), rest)
        extra = _extra_macs(graph, last, rows, cols)
        for r in range(len(rows.parts)):
            for c in range(len(cols.parts)):
                grid = int(rows.parts[r]), int(cols.parts[c])
                if grid != (1, 1):
                    tile = int(rows.lengths[r]), int(cols.lengths[c])
                    found.append(Candidate(Stage(0, last, grid, tile), int(extra[r, c]), int(bound[r, c])))
    return found


def _extra_macs(graph: Graph, last: int, rows: AxisTable, cols: AxisTable) -> Int64Array:
    """MACs beyond whole execution, int64 ``[row options, column options]``."""
    extra = np.zeros((len(rows.parts), len(cols.parts)), np.int64)
    for op in graph.ops[: last + 1]:
        height, width, channels = graph.output_tensor(op).hwc
        pixels = np.outer(rows.total[op.output], cols.total[op.output])
        extra += (pixels - height * width) * macs_per_pixel(op, channels)
    return extra


def _stage_bound(graph: Graph, last: int, rows: AxisTable, cols: AxisTable) -> Int64Array:
    """Arena bytes that the stage needs at least, int64 ``[row options, column options]``.

    An output that may trail a dying input is taken to overlap it altogether.
    """
    inside = {op.output for op in graph.ops[:last]}
    size = {
        name: np.outer(rows.largest[name], cols.largest[name])
        * (graph.tensors[name].hwc[2] * graph.tensors[name].item_bytes)
        for name in inside
    }
    kept = set(stage_inputs(graph, 0, last)) | {
        name for name in graph.inputs if name in graph.outputs or any(u > last for u in graph.consumers[name])
    }
    always = sum(graph.tensors[name].nbytes for name in kept) + graph.output_tensor(graph.ops[last]).nbytes
    alive = np.zeros((len(rows.parts), len(cols.parts)), np.int64)
    highest: Int64Array = alive.copy()
    for step, op in enumerate(graph.ops[: last + 1]):
        dying = [n for n in graph.activation_inputs(op) if n in inside and graph.consumers[n][-1] == step]
        here = alive
        if op.output in inside:
            trailed = [size[n] for n in dying if may_trail(graph, op, n)]
            covered = sum(trailed, np.zeros_like(alive))
            here = alive + np.maximum(size[op.output] - covered, 0)
            alive = alive + size[op.output]
        np.maximum(highest, here, out=highest)
        for name in dying:
            alive = alive - size[name]
    highest += always
    return highest
