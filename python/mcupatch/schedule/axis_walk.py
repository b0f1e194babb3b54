"""One axis of a segment: what every operator computes at each step, what is read, and what has to be held.

Backwards from the tile, each operator asks its inputs for what its windows touch. Where a tensor is *kept*, only the
part that no earlier step computed is computed; where it is *recomputed*, all that is read is.

    conv 3x3 pad 1 -> t -> conv 3x3 stride 2 pad 1 -> out        tiles of 1 row, 4 rows of out, 8 of t
    step                         0        1        2        3
    out computed               [0, 1)   [1, 2)   [2, 3)   [3, 4)
    t   computed, kept         [0, 2)   [2, 4)   [4, 6)   [6, 8)
    t   held                   [0, 2)   [1, 4)   [3, 6)   [5, 8)       row 1 is kept for step 1, row 3 for step 2
    t   computed, recomputed   [0, 2)   [1, 4)   [3, 6)   [5, 8)

Steps before the first tile (*warm-up*) compute what lies above its first rows, so that no step computes more than
any other: a window of 7 rows with padding 3 would otherwise want 4 rows of its input at once.
Rows and columns are independent of each other; everything is clipped to the tensor.
"""

from __future__ import annotations

from dataclasses import dataclass

from mcupatch.ir.access import input_access, is_reduction, is_tileable, tiled_tensor
from mcupatch.ir.graph import Graph
from mcupatch.ir.region import AxisAccess, Interval
from mcupatch.schedule.stage import Segment

ROWS, COLS = 0, 1
EMPTY = Interval(0, 0)
NOT_WANTED = -(1 << 40)  # how far a tensor is computed that no tile needs: beyond any halo


@dataclass(frozen=True)
class AxisWalk:
    """One axis of a segment, an entry for each step (rows) or tile (columns), the warm-up first.

    ``computed``: by operator index, what it computes of its output; for a reduction, what it adds of its input.
    ``read``: by tensor, the hull of what the operators read of it; empty where they read nothing.
    ``held``: by tensor computed inside, what must be there once the step has computed it: from the first position
    that this or a later step reads to the last one computed. Kept starts and stops never decrease.
    """

    warm_up: int
    computed: dict[int, tuple[Interval, ...]]
    read: dict[str, tuple[Interval, ...]]
    held: dict[str, tuple[Interval, ...]]

    @property
    def steps(self) -> int:
        return len(next(iter(self.computed.values())))


def walk_axis(graph: Graph, segment: Segment, axis: int, live_outs: frozenset[str] = frozenset()) -> AxisWalk:
    """Walk ``segment`` along rows (``axis`` 0) or columns (1).

    ``live_outs`` are tensors that are wanted whole outside; what is computed of the others may end before the
    tensor does. Raises ValueError if an operator of the segment cannot be cut into tiles.
    """
    return _Walker(graph, segment, axis, live_outs).walk()


Reads = tuple[tuple[str, AxisAccess], ...]


class _Walker:
    def __init__(self, graph: Graph, segment: Segment, axis: int, live_outs: frozenset[str]) -> None:
        self._segment = segment
        self._outs = {i: graph.ops[i].output for i in segment.operators}
        self._sizes = {name: tensor.hwc[axis] for name, tensor in graph.tensors.items()}
        self._recomputed = (segment.recomputed_rows, segment.recomputed_cols)[axis]
        self._live_outs = live_outs & set(self._outs.values())
        self._tiled = tiled_tensor(graph, segment.last)
        self._folds = is_reduction(graph, graph.ops[segment.last])
        self._length = segment.tile[axis]
        self._tiles = -(-self._sizes[self._tiled] // self._length)
        self._reads = {i: _axis_reads(graph, i, axis) for i in segment.operators}
        self._refuse_wholes(graph)

    def _refuse_wholes(self, graph: Graph) -> None:
        """Inside a segment nothing is ever there whole, so nothing can be folded, or serve every tile.

        A tensor that the last operator folds comes in that operator's tiles, which nobody else's wants can widen.
        """
        for i in self._segment.operators:
            op = graph.ops[i]
            if i != self._segment.last and is_reduction(graph, op):
                raise ValueError(f"operator {i} '{op.name}' folds its input and can only end a segment")
            if any(access.stride == 0 and name in self._outs.values() for name, access in self._reads[i]):
                raise ValueError(f"operator {i} '{op.name}' repeats a tensor of its own segment")
            if self._folds and i != self._segment.last and self._tiled in self._inner_reads(i):
                raise ValueError(f"operator {i} '{op.name}' reads what the last of its segment folds")

    def _inner_reads(self, op: int) -> list[str]:
        return [name for name, _ in self._reads[op] if name in self._outs.values()]

    def walk(self) -> AxisWalk:
        warm_up = self._count_warm_up() if self._tiles > 1 else 0
        computed: dict[int, list[Interval]] = {i: [] for i in self._segment.operators}
        names = dict.fromkeys(name for i in self._segment.operators for name, _ in self._reads[i])
        read: dict[str, list[Interval]] = {name: [] for name in names}
        done = dict.fromkeys(self._outs.values(), 0)
        for tile in range(-warm_up, self._tiles):
            here = self._compute(tile, done)
            wanted = self._read(here)
            for i, interval in here.items():
                computed[i].append(interval)
            for name in names:
                read[name].append(wanted.get(name, EMPTY))
        held = {}
        for i, name in self._outs.items():
            if not (self._folds and i == self._segment.last):
                kept = i not in self._recomputed
                held[name] = _hold(computed[i], read.get(name), kept)
        return AxisWalk(
            warm_up,
            {i: tuple(c) for i, c in computed.items()},
            {name: tuple(r) for name, r in read.items()},
            held,
        )

    def _compute(self, tile: int, done: dict[str, int]) -> dict[int, Interval]:
        """What each operator computes for ``tile``; ``done`` is how far each output was computed before."""
        stops = self._virtual_stops((tile + 1) * self._length, tile == self._tiles - 1)
        size = self._sizes[self._tiled]
        out = Interval(
            *(min(max(edge, 0), size) for edge in (tile * self._length, (tile + 1) * self._length))
        )
        here: dict[int, Interval] = {}
        wanted: dict[str, Interval] = {}
        for i in reversed(self._segment.operators):
            name = self._outs[i]
            if name == self._tiled or (self._folds and i == self._segment.last):
                interval = out
            elif i in self._recomputed:
                interval = wanted.get(name, EMPTY)
            else:
                stop = min(max(stops[name], 0), self._sizes[name])
                interval = Interval(done[name], max(done[name], stop))
            here[i] = interval
            done[name] = max(done[name], interval.stop)
            for source, part in self._needed(i, interval):
                wanted[source] = wanted[source].hull(part) if source in wanted else part
        return {i: here[i] for i in self._segment.operators}

    def _read(self, computed: dict[int, Interval]) -> dict[str, Interval]:
        wanted: dict[str, Interval] = {}
        for i, interval in computed.items():
            for source, part in self._needed(i, interval):
                wanted[source] = wanted[source].hull(part) if source in wanted else part
        return wanted

    def _needed(self, op: int, computed: Interval) -> list[tuple[str, Interval]]:
        return [(name, access.needed(computed, self._sizes[name])) for name, access in self._reads[op]]

    def _virtual_stops(self, tile_stop: int, is_last: bool = False) -> dict[str, int]:
        """How far each tensor has to be computed for tiles up to ``tile_stop``, as if tensors had no ends."""
        stops = {self._tiled: tile_stop}
        if is_last:  # nothing is wanted beyond the end; what is wanted outside is computed to its end
            stops |= {name: self._sizes[name] for name in (self._tiled, *self._live_outs)}
        for i in reversed(self._segment.operators):
            if self._folds and i == self._segment.last:
                continue
            stop = stops.setdefault(self._outs[i], NOT_WANTED)
            for name, access in self._reads[i]:
                if access.stride:
                    want = (stop - 1) * access.stride - access.pad + access.extent
                    stops[name] = max(stops.get(name, want), want)
        for i in self._segment.early:
            there = [(stops[n] + a.pad - a.extent) // a.stride + 1 for n, a in self._reads[i] if a.stride]
            stops[self._outs[i]] = max(stops[self._outs[i]], min(there))
        return stops

    def _count_warm_up(self) -> int:
        """How many tiles before the first one anything has to be computed at."""
        count = 0
        inner = [n for i, n in self._outs.items() if n != self._tiled and i not in self._recomputed]
        while True:
            stops = self._virtual_stops(-count * self._length)
            if all(stops.get(name, 0) <= 0 for name in inner):
                return count
            count += 1


def _axis_reads(graph: Graph, op: int, axis: int) -> Reads:
    operator = graph.ops[op]
    if not is_tileable(graph, operator):
        raise ValueError(f"operator {op} '{operator.name}' ({operator.kind}) cannot be cut into tiles")
    found = []
    for position, name in enumerate(operator.inputs):
        access = None if name in graph.constants else input_access(graph, operator, position)
        if access is not None:
            found.append((name, (access.rows, access.cols)[axis]))
    return tuple(found)


def _hold(computed: list[Interval], read: list[Interval] | None, kept: bool) -> tuple[Interval, ...]:
    """From the first position that is read now or later to the last one computed."""
    if not kept:
        return tuple(computed)
    held = []
    low = computed[-1].stop
    for t in reversed(range(len(computed))):
        if read is not None and read[t].length:
            low = min(low, read[t].start)
        held.append(Interval(min(low, computed[t].start), computed[t].stop))
    return tuple(reversed(held))
