"""What lies in the arena under a schedule: how many bytes, and from which operator to which they are in use.

A whole tensor that crosses a stage's border stays for all of the stage, on both sides of it. So do row windows, row
caches and sums: they carry something from one step to another. A tile is there

    moved up before a step          for all of its stage
    moved left before a tile        for all of its segment
    else                            from its operator to its last reader in the segment
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from mcupatch.ir.graph import Graph
from mcupatch.schedule.stage import Schedule, Stage
from mcupatch.schedule.stage_layout import StageLayout, Tile, lay_out_stage
from mcupatch.schedule.stage_tensors import find_roots, stage_inputs
from mcupatch.schedule.whole import is_whole

SUM_BYTES = 4  # an int32 or a float32 for each channel of a reduction


class Place(str, Enum):
    """What part of a tensor is held."""

    WHOLE = "whole"
    WINDOW = "window"
    TILE = "tile"
    CACHE = "cache"
    SUMS = "sums"


@dataclass(frozen=True)
class Holding:
    """``nbytes`` in use while operators ``first`` to ``last`` run, both included.

    ``name`` is the root tensor (``find_roots``), for sums the operator. A tensor in a tile may have a cache too.
    """

    name: str
    place: Place
    nbytes: int
    first: int
    last: int


def lay_out_schedule(graph: Graph, schedule: Schedule) -> tuple[StageLayout | None, ...]:
    """The layout of every stage; None for an operator that runs whole on whole tensors.

    Raises ValueError if a stage is not legal for ``graph``.
    """
    return tuple(lay_out(graph, stage, schedule.streamed) for stage in schedule.stages)


def lay_out(graph: Graph, stage: Stage, streamed: tuple[str, ...]) -> StageLayout | None:
    """The same of one stage. ``streamed``: those of the whole schedule."""
    read = stage_inputs(graph, stage.first, stage.last)
    own = tuple(name for name in streamed if name in read)
    return None if is_whole(graph, stage) and not own else _remember_layout(graph, stage, own)


# Schedules of one network that are compared have most of their stages in common, and each is laid out several times.
_remember_layout = lru_cache(maxsize=256)(lay_out_stage)


def find_holdings(
    graph: Graph, schedule: Schedule, layouts: Sequence[StageLayout | None] | None = None
) -> tuple[Holding, ...]:
    """Everything that is held: activations in the order in which they come to be, then caches and sums.

    ``layouts`` are those of ``lay_out_schedule``, where they are known. Model inputs that are not streamed are
    there from operator 0 on, model outputs to the end.
    """
    layouts = lay_out_schedule(graph, schedule) if layouts is None else layouts
    found = _Finder(graph, schedule, layouts)
    return (*found.activations(), *found.caches(), *found.sums())


class _Finder:
    def __init__(self, graph: Graph, schedule: Schedule, layouts: Sequence[StageLayout | None]) -> None:
        self._graph, self._schedule = graph, schedule
        self._layouts = [layout for layout in layouts if layout is not None]
        self._stages = [stage for stage in schedule.stages for _ in stage.operators]

    def activations(self) -> list[Holding]:
        parts = {h.name: h for layout in self._layouts for h in self._parts(layout)}
        roots = find_roots(self._graph)
        spans: dict[str, tuple[int, int]] = {}
        for tensor, root in roots.items():
            if root not in parts:
                first, last = self._whole_span(tensor)
                known = spans.get(root)
                spans[root] = (first, last) if known is None else (known[0], max(known[1], last))
        return [
            parts[root]
            if root in parts
            else Holding(root, Place.WHOLE, self._graph.tensors[root].nbytes, *spans[root])
            for root in dict.fromkeys(roots.values())
        ]

    def _parts(self, layout: StageLayout) -> list[Holding]:
        """The windows and tiles of one stage."""
        graph, stage = self._graph, layout.stage
        found = []
        for name, window in layout.windows.items():
            nbytes = window.rows * _position_bytes(graph, name) * graph.tensors[name].hwc[1]
            found.append(Holding(name, Place.WINDOW, nbytes, stage.first, stage.last))
        for name, tile in layout.tiles.items():
            nbytes = tile.rows * tile.cols * _position_bytes(graph, name)
            found.append(Holding(name, Place.TILE, nbytes, *self._tile_span(layout, name, tile)))
        return found

    def _tile_span(self, layout: StageLayout, name: str, tile: Tile) -> tuple[int, int]:
        segment = layout.stage.segments[tile.segment]
        if tile.moves_up:
            return layout.stage.first, layout.stage.last
        if tile.moves_left:
            return segment.first, segment.last
        return self._graph.producer[name], max(self._graph.consumers[name])

    def _whole_span(self, tensor: str) -> tuple[int, int]:
        producer = self._graph.producer.get(tensor)
        first, last = 0, 0
        if producer is not None:
            first, last = self._stages[producer].first, self._stages[producer].last
        users = [self._stages[user].last for user in self._graph.consumers[tensor]]
        if tensor in self._graph.outputs:
            users.append(max(len(self._graph.ops) - 1, 0))
        return first, max([last, *users])

    def caches(self) -> list[Holding]:
        found = []
        for layout in self._layouts:
            for name, tile in layout.tiles.items():
                if tile.cache_rows:
                    row_bytes = self._graph.tensors[name].hwc[1] * _position_bytes(self._graph, name)
                    nbytes = tile.cache_rows * row_bytes
                    found.append(Holding(name, Place.CACHE, nbytes, layout.stage.first, layout.stage.last))
        return found

    def sums(self) -> list[Holding]:
        found = []
        for layout in self._layouts:
            for i in layout.sums:
                op = self._graph.ops[i]
                nbytes = self._graph.output_tensor(op).hwc[2] * SUM_BYTES
                found.append(Holding(op.name, Place.SUMS, nbytes, layout.stage.first, layout.stage.last))
        return found


def _position_bytes(graph: Graph, name: str) -> int:
    tensor = graph.tensors[name]
    return tensor.hwc[2] * tensor.item_bytes
