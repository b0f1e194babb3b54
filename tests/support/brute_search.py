"""Every schedule of a tiny network in the search's space, one by one, with what it needs: the search's yardstick.

Bytes and work come from the stage layouts; only the overlap of a stage's output with its dying inputs is written
down anew here, in the words of ``schedule/search.py``: a row at a time, for stages of one segment.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple, dataclass, fields
from functools import cache
from itertools import chain, combinations

from mcupatch.ir.access import input_access, is_reduction, is_tileable, macs, tiled_tensor
from mcupatch.ir.graph import Graph
from mcupatch.ir.ops import Operator
from mcupatch.schedule.cost import stage_macs
from mcupatch.schedule.holdings import find_holdings
from mcupatch.schedule.moved_bytes import find_moved
from mcupatch.schedule.search_problem import SearchSpace, find_early
from mcupatch.schedule.stage import Schedule, Segment, Stage
from mcupatch.schedule.stage_layout import StageLayout, lay_out_stage
from mcupatch.schedule.stage_tensors import stage_inputs, stage_live_outs
from mcupatch.schedule.trailing import ELEMENT_OPS, union_bytes, whole_distance
from mcupatch.schedule.whole import is_whole, plan_layer_by_layer, whole_operator
from mcupatch.schedule.work import HUNDRED, KernelWork, WorkModel, count_calls, count_whole, operator_work


def whole_instructions() -> WorkModel:
    """The model with every number rounded to whole instructions, so that sums of stages are exact."""
    model, rounded = WorkModel(), {}
    for field in fields(WorkModel):
        value = getattr(model, field.name)
        if isinstance(value, KernelWork):
            rounded[field.name] = KernelWork(*(_round_up(n, HUNDRED) for n in astuple(value)))
        else:
            rounded[field.name] = _round_up(value, HUNDRED)
    return WorkModel(**rounded)


@dataclass(frozen=True)
class Cost:
    """``extra_macs`` and ``instructions`` against layer by layer."""

    bytes: int
    extra_macs: int
    instructions: int


class BruteSearch:
    """``streamed``: model inputs that come row by row. No operator needs scratch; no reshape is in the network."""

    def __init__(self, graph: Graph, space: SearchSpace, streamed: tuple[str, ...] = ()) -> None:
        self._graph, self._space, self._streamed = graph, space, streamed
        self._model = whole_instructions()
        self._costs_from = cache(self._find_costs_from)
        self._segments = cache(self._find_segments)
        self._cost = cache(self._find_cost)

    def costs(self) -> set[Cost]:
        """Of all schedules: those that no other one beats in bytes, extra MACs and instructions."""
        return self._costs_from(0)

    def _find_costs_from(self, first: int) -> set[Cost]:
        count = len(self._graph.ops)
        if first == count:
            return {Cost(0, 0, 0)}
        found: set[Cost] = set()
        for last in range(first, count):
            rest = self._costs_from(last + 1)
            if not rest:
                continue
            for here in self._stage_costs(first, last):
                for after in rest:
                    found.add(
                        Cost(
                            max(here.bytes, after.bytes),
                            here.extra_macs + after.extra_macs,
                            here.instructions + after.instructions,
                        )
                    )
        return keep_best(found)

    def _stage_costs(self, first: int, last: int) -> set[Cost]:
        readers = [i for name in self._streamed for i in self._graph.consumers[name]]
        if any(first <= i <= last for i in readers) and (first > 0 or last < max(readers)):
            return set()
        stages = list(self._chains(first, first, last))
        if first == last:
            stages.append((whole_operator(self._graph, first).segments[0],))
        return keep_best({self._cost(Stage(segments)) for segments in stages})

    def _chains(self, start: int, first: int, last: int) -> Iterator[tuple[Segment, ...]]:
        """Chains of segments over operators ``first`` to ``last`` of a stage that starts at ``start``."""
        if first > last:
            yield ()
            return
        for end in range(first, last + 1):
            if end < last and not self._lone(start, end + 1):
                continue
            for segment in self._segments(first, end):
                for rest in self._chains(start, end + 1, last):
                    yield (segment, *rest)

    def _lone(self, start: int, cut: int) -> bool:
        """Whether the output of the operator before ``cut`` alone goes on from operators ``start`` on."""
        ops, consumers = self._graph.ops, self._graph.consumers
        made = {op.output for op in ops[start:cut]} | (set(self._streamed) if start == 0 else set())
        alive = {n for n in made if n in self._graph.outputs or max(consumers[n]) >= cut}
        return alive == {ops[cut - 1].output} and not is_reduction(self._graph, ops[cut - 1])

    def _find_segments(self, first: int, last: int) -> list[Segment]:
        graph, space = self._graph, self._space
        ops = graph.ops[first : last + 1]
        if not all(is_tileable(graph, op) for op in ops):
            return []
        tiled = tiled_tensor(graph, last)
        if is_reduction(graph, ops[-1]) and first < last and graph.producer.get(tiled, -1) < first:
            return []
        height, width, _ = graph.tensors[tiled].hwc
        rows = {r for r in space.tile_rows if 0 < r < height} | ({height} if 0 in space.tile_rows else set())
        cols = {min(c, width) or width for c in space.tile_cols} | {-(-width // p) for p in space.col_parts}
        inner = [
            i
            for i in range(first, last)
            if graph.ops[i].output not in graph.outputs and max(graph.consumers[graph.ops[i].output]) <= last
        ]
        subsets = chain.from_iterable(
            combinations(inner, n) for n in range(min(space.most_recomputed, len(inner)) + 1)
        )
        row_policies = {*subsets, *([tuple(inner)] if space.recompute_all else [])}
        col_policies = {(), *([tuple(inner)] if space.recompute_all else [])}
        early = find_early(graph, first, last)
        found = []
        for h in rows:
            for w in cols:
                if first == last and (h, w) == (height, width):
                    continue  # a whole operator
                policies = [(r, c, ()) for r in row_policies for c in col_policies]
                for recomputed_rows, recomputed_cols, at_once in policies + [((), (), early)]:
                    segment = Segment(first, last, (h, w), recomputed_rows, recomputed_cols, at_once)
                    if self._is_legal(segment):
                        found.append(segment)
        return list(dict.fromkeys(found))

    def _is_legal(self, segment: Segment) -> bool:
        if len(segment.operators) == 1:
            return True
        try:
            lay_out_stage(self._graph, Stage((segment,)))
        except ValueError:
            return False
        return True

    def _find_cost(self, stage: Stage) -> Cost:
        graph = self._graph
        whole = plan_layer_by_layer(graph).stages
        before, after = whole[: stage.first], whole[stage.last + 1 :]
        schedule = Schedule((*before, stage, *after), self._streamed)
        read = stage_inputs(graph, stage.first, stage.last)
        streamed = tuple(name for name in self._streamed if name in read)
        layout = None
        if streamed or not is_whole(graph, stage):
            layout = lay_out_stage(graph, stage, streamed)
        layouts = (*(None for _ in before), layout, *(None for _ in after))
        loads = [0] * len(graph.ops)
        for h in find_holdings(graph, schedule, layouts):
            for i in range(h.first, min(h.last + 1, len(loads))):
                loads[i] += _round_up(h.nbytes)
        nbytes = max(loads[stage.first : stage.last + 1]) - self._shared_bytes(stage, layout)
        if layout is None:
            return Cost(nbytes, 0, 0)
        extra = stage_macs(graph, layout) - sum(macs(graph, graph.ops[i]) for i in stage.operators)
        return Cost(nbytes, extra, self._extra_work(layout) // HUNDRED)

    def _extra_work(self, layout: StageLayout) -> int:
        """Beyond that of the stage's operators when they run whole, in hundredths of an instruction."""
        graph, work = self._graph, operator_work(self._graph, self._model)
        moved = find_moved(graph, layout)
        total = moved.copies * self._model.move + moved.nbytes * self._model.moved_byte
        for i in layout.stage.operators:
            height, width, _ = graph.tensors[tiled_tensor(graph, i)].hwc
            total += work[i].of(count_calls(layout, i)) - work[i].of(count_whole(graph, i))
        return total

    def _shared_bytes(self, stage: Stage, layout: StageLayout | None) -> int:
        """What the output of a stage of one segment shares with the whole inputs that die in it."""
        graph = self._graph
        out = graph.ops[stage.last].output
        if len(stage.segments) > 1 or out not in stage_live_outs(graph, stage.first, stage.last):
            return 0
        sizes = {name: _round_up(tensor.nbytes) for name, tensor in graph.tensors.items()}
        trailed = []
        for name in stage_inputs(graph, stage.first, stage.last):
            if name in graph.outputs or name in self._streamed or max(graph.consumers[name]) > stage.last:
                continue
            if layout is None:
                distance = whole_distance(graph, graph.ops[stage.last], name)
            else:
                distance = self._distance(layout, name)
            if distance is not None:
                trailed.append((sizes[name], _round_up(min(distance, sizes[out]))))
        if not trailed:
            return 0
        return sizes[out] + sum(nbytes for nbytes, _ in trailed) - union_bytes(sizes[out], trailed)

    def _distance(self, layout: StageLayout, name: str) -> int:
        """The most that the rows of the output reach beyond the first row of ``name`` that is still to be read."""
        graph, walk, stage = self._graph, layout.walks[0], layout.stage
        op = graph.ops[stage.last]
        if is_reduction(graph, op):
            return 0  # it is written when everything has been read
        source, out = graph.tensors[name], graph.output_tensor(op)
        one_tile, height = walk.cols.steps == 1, stage.segments[0].tile[0]
        same = source.hwc == out.hwc and source.item_bytes == out.item_bytes
        in_place = isinstance(op, ELEMENT_OPS) and same and (one_tile or height == 1)
        distance = 0
        for step, written in enumerate(walk.rows.computed[stage.last]):
            if not written.length:
                continue
            lowest = source.hwc[0]
            for i in stage.operators:
                for position, read in enumerate(graph.ops[i].inputs):
                    if read != name or (i == stage.last and in_place):
                        continue
                    # within a step of one tile all but the last operator have read before that one writes
                    done = (
                        step + 1
                        if one_tile and (i != stage.last) and not self._reads(op, name, in_place)
                        else step
                    )
                    access = input_access(graph, graph.ops[i], position)
                    assert access is not None
                    for computed in walk.rows.computed[i][done:]:
                        part = access.rows.needed(computed, source.hwc[0])
                        if part.length:
                            lowest = min(lowest, part.start)
            row_bytes = [t.hwc[1] * t.hwc[2] * t.item_bytes for t in (out, source)]
            distance = max(distance, written.stop * row_bytes[0] - lowest * row_bytes[1])
        return distance

    @staticmethod
    def _reads(op: Operator, name: str, in_place: bool) -> bool:
        return name in op.inputs and not in_place


def keep_best(costs: set[Cost]) -> set[Cost]:
    """Those that no other one beats in everything."""
    ordered = sorted(costs, key=lambda c: (c.bytes, c.extra_macs, c.instructions))
    best: list[Cost] = []
    for cost in ordered:
        if not any(b.extra_macs <= cost.extra_macs and b.instructions <= cost.instructions for b in best):
            best.append(cost)
    return set(best)


def _round_up(number: int, unit: int = 4) -> int:
    return -(-number // unit) * unit
