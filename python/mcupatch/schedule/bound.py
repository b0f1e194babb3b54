"""What must lie in the arena at each step at least: a cheap bound for any placement, and the story of a bottleneck.

Scratch is not known here, so the memory planner's own bound may be higher; it is never lower.
"""

from __future__ import annotations

from dataclasses import dataclass

from mcupatch.ir.access import input_access
from mcupatch.ir.graph import Graph
from mcupatch.ir.ops import Operator
from mcupatch.schedule.lifetimes import find_lifetimes, stage_of_ops
from mcupatch.schedule.regions import COLS, ROWS, tile_bytes, tile_intervals
from mcupatch.schedule.stage import Schedule, Stage
from mcupatch.schedule.stage_tensors import find_roots
from mcupatch.schedule.trailing import axis_windows, trailing_distance, union_bytes, whole_distance


@dataclass(frozen=True)
class StepLoad:
    """Bytes needed at least while operator ``step`` runs, and the activations there: (name, bytes), largest first."""

    step: int
    nbytes: int
    tensors: tuple[tuple[str, int], ...]


class StageGeometry:
    """Tile sizes and trailing distances of one patch stage; the intervals of its tiles are inferred once."""

    def __init__(self, graph: Graph, stage: Stage) -> None:
        self._graph = graph
        self._rows = tile_intervals(graph, stage, ROWS)
        self._cols = tile_intervals(graph, stage, COLS)
        #: bytes of the largest tile of every activation that the stage touches
        self.tile_bytes = tile_bytes(graph, self._rows, self._cols)

    def distance(self, op: Operator, name: str) -> int | None:
        """Trailing distance of ``op`` behind its input ``name`` that serves every tile, None if it never may."""
        access = input_access(self._graph, op, op.inputs.index(name))
        if access is None:
            return None
        rows = axis_windows(access.rows, [t[op.output] for t in self._rows], [t[name] for t in self._rows])
        cols = axis_windows(access.cols, [t[op.output] for t in self._cols], [t[name] for t in self._cols])
        return trailing_distance(self._graph, op, name, rows, cols)


def find_trailing(graph: Graph, schedule: Schedule) -> dict[int, tuple[tuple[str, int], ...]]:
    """For each operator index the inputs over which it may write its output: (root tensor, distance in bytes).

    Such an input dies at the operator, belongs to no other end of the model, and is neither input nor output of
    a patch stage (which are there for all its tiles). The output's buffer begins at the operator.
    """
    roots, lifetimes, stages = find_roots(graph), find_lifetimes(graph, schedule), stage_of_ops(schedule)
    leaves = {roots[name] for name in graph.outputs}
    geometry = {s.first: StageGeometry(graph, s) for s in schedule.stages if s.is_patched}
    found: dict[int, tuple[tuple[str, int], ...]] = {}
    for step, op in enumerate(graph.ops):
        stage, out = stages[step], lifetimes[roots[op.output]]
        if roots[op.output] != op.output or out.first != step or (stage.is_patched and out.stage is None):
            continue
        distances: dict[str, list[int | None]] = {}
        for name in graph.activation_inputs(op):
            root = roots[name]
            source = lifetimes[root]
            inside = source.stage is stage if stage.is_patched else source.stage is None
            if source.last == step and root not in leaves and inside:
                here = geometry[stage.first] if stage.is_patched else None
                found_distance = here.distance(op, name) if here else whole_distance(graph, op, name)
                distances.setdefault(root, []).append(found_distance)
        pairs = []
        for root, options in distances.items():  # one buffer read under two shapes must bear both reads
            known = [d for d in options if d is not None]
            if len(known) == len(options):
                pairs.append((root, max(known)))
        if pairs:
            found[step] = tuple(pairs)
    return found


def root_bytes(graph: Graph, schedule: Schedule) -> dict[str, int]:
    """Bytes of every root tensor's buffer: the whole tensor, or its largest tile inside a patch stage."""
    lifetimes = find_lifetimes(graph, schedule)
    tiles = {s.first: StageGeometry(graph, s).tile_bytes for s in schedule.stages if s.is_patched}
    return {
        root: graph.tensors[root].nbytes if life.stage is None else tiles[life.stage.first][root]
        for root, life in lifetimes.items()
    }


def step_loads(graph: Graph, schedule: Schedule) -> list[StepLoad]:
    """The load of every step, an operator's output over its dying inputs where that is legal."""
    sizes, lifetimes = root_bytes(graph, schedule), find_lifetimes(graph, schedule)
    trailing = find_trailing(graph, schedule)
    alive: list[list[tuple[str, int]]] = [[] for _ in graph.ops]
    for root, life in lifetimes.items():
        for step in range(life.first, min(life.last + 1, len(graph.ops))):
            alive[step].append((root, sizes[root]))
    loads = []
    for step, op in enumerate(graph.ops):
        total = sum(nbytes for _, nbytes in alive[step])
        pairs = [(sizes[root], min(d, sizes[op.output])) for root, d in trailing.get(step, ())]
        if pairs:
            total += union_bytes(sizes[op.output], pairs) - sizes[op.output] - sum(n for n, _ in pairs)
        tensors = sorted(alive[step], key=lambda item: -item[1])
        loads.append(StepLoad(step, total, tuple(tensors)))
    return loads


def arena_bound(graph: Graph, schedule: Schedule) -> int:
    """Bytes below which no arena of this schedule can be (scratch left out)."""
    return max((load.nbytes for load in step_loads(graph, schedule)), default=0)
