"""Peak memory as the MCUNetV2 paper defines it: a figure to compare with papers, not the planned arena.

One byte an element, weights and scratch not counted. At each operator: all live activations, where
- a depthwise convolution, an addition, a product and a table run in place: the larger of input and output;
- a convolution that is added to an earlier tensor which dies there accumulates into that tensor's bytes;
- inside a stage in tiles every activation, the model's input included, has the size of its largest patch, while
  what leaves the stage is whole from the start.
Reproduces the per-layer bytes of every network in Table 1 (1372.0 KiB for MobileNetV2 at 224, 171.5 KiB with 4x4
patches over its first five blocks).

The paper knows recomputed halos only. Where they are kept, what is held for them counts as well, for as long as it is:
row caches, row windows and sums for all of their stage, tiles that move for their segment or stage.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mcupatch.ir import ops
from mcupatch.ir.graph import Graph
from mcupatch.schedule.holdings import Place, find_holdings, lay_out_schedule
from mcupatch.schedule.stage import Schedule, Stage
from mcupatch.schedule.stage_layout import StageLayout
from mcupatch.schedule.stage_tensors import find_roots
from mcupatch.schedule.whole import plan_layer_by_layer

IN_PLACE = (ops.DepthwiseConv2D, ops.Add, ops.Mul, ops.Lut, ops.Quantize, ops.Dequantize)


@dataclass(frozen=True)
class AnalyticMemory:
    """``per_op_bytes`` has one entry per operator; ``peak_bytes`` is the largest of them."""

    per_op_bytes: tuple[int, ...]

    @property
    def peak_bytes(self) -> int:
        return max(self.per_op_bytes, default=0)


@dataclass
class _Storage:
    """Elements shared by one or more tensors, in use in steps ``first`` to ``last``."""

    elements: int
    first: int
    last: int


def analytic_per_layer_bytes(graph: Graph) -> AnalyticMemory:
    """The paper's definition for layer-by-layer execution."""
    return analytic_schedule_bytes(graph, plan_layer_by_layer(graph))


def analytic_schedule_bytes(graph: Graph, schedule: Schedule) -> AnalyticMemory:
    """The paper's definition for a schedule: stages in tiles as patches, the rest per layer."""
    layouts = lay_out_schedule(graph, schedule)
    tiled = {i: layout.stage for layout in layouts if layout is not None for i in layout.stage.operators}
    patches, carried = _find_patches(graph, schedule, layouts)
    storages = _find_storages(graph, tiled, patches)
    loads = []
    for step, op in enumerate(graph.ops):
        live = {id(s): s for s in (*storages.values(), *carried) if s.first <= step <= s.last}
        total = sum(s.elements for s in live.values())
        out = storages[op.output]
        if isinstance(op, IN_PLACE) and not (step in tiled and op.output not in patches):
            dying = [storages[n] for n in graph.activation_inputs(op)]
            saved = [min(s.elements, out.elements) for s in dying if s.last == step and s is not out]
            total -= max(saved, default=0)
        loads.append(total)
    return AnalyticMemory(tuple(loads))


def _find_patches(
    graph: Graph, schedule: Schedule, layouts: Sequence[StageLayout | None]
) -> tuple[dict[str, _Storage], list[_Storage]]:
    """What stages hold of the tensors that are not whole there, by tensor; and what they carry beside: caches and sums."""
    patches: dict[str, _Storage] = {}
    carried = []
    for held in find_holdings(graph, schedule, layouts):
        if held.place in (Place.WINDOW, Place.TILE):
            elements = held.nbytes // graph.tensors[held.name].item_bytes
            patches[held.name] = _Storage(elements, held.first, held.last)
        elif held.place is Place.CACHE:
            elements = held.nbytes // graph.tensors[held.name].item_bytes
            carried.append(_Storage(elements, held.first, held.last))
        elif held.place is Place.SUMS:
            carried.append(_Storage(held.nbytes, held.first, held.last))
    for layout in layouts:
        if layout is not None:
            patches |= {n: s for n, s in _input_patches(graph, layout).items() if n not in patches}
    return patches, carried


def _input_patches(graph: Graph, layout: StageLayout) -> dict[str, _Storage]:
    """The largest patch of every model input that nobody reads after the stage."""
    stage = layout.stage
    found = {}
    for name in graph.inputs:
        reading = [walk for walk in layout.walks if name in walk.rows.read]
        last = _last_use(graph, name)
        if reading and last <= stage.last:
            rows = max(r.length for walk in reading for r in walk.rows.read[name])
            cols = max(r.length for walk in reading for r in walk.cols.read[name])
            found[name] = _Storage(rows * cols * graph.tensors[name].hwc[2], stage.first, last)
    return found


def _find_storages(
    graph: Graph, tiled: Mapping[int, Stage], patches: Mapping[str, _Storage]
) -> dict[str, _Storage]:
    """The storage of every activation; accumulating and reshaped tensors share one."""
    roots = find_roots(graph)
    storages: dict[str, _Storage] = {}
    for name in graph.inputs:
        whole = _Storage(graph.tensors[name].elements, 0, _last_use(graph, name))
        storages[name] = patches.get(name, whole)
    for step, op in enumerate(graph.ops):
        name = op.output
        leaves_tiles = step in tiled and name not in patches
        shared = None if leaves_tiles else _accumulates_into(graph, op, step)
        if shared is None and roots[name] != name:
            shared = roots[name]
        if shared is not None and shared in storages:
            storages[name] = storages[shared]
            storages[name].last = max(storages[name].last, _last_use(graph, name))
            continue
        first = tiled[step].first if leaves_tiles else step
        whole = _Storage(graph.tensors[name].elements, first, max(step, _last_use(graph, name)))
        storages[name] = patches.get(name, whole)
    return storages


def _last_use(graph: Graph, name: str) -> int:
    if name in graph.outputs:
        return max(len(graph.ops) - 1, 0)
    return max(graph.consumers[name], default=0)


def _accumulates_into(graph: Graph, op: ops.Operator, step: int) -> str | None:
    """The earlier tensor to which the result of convolution ``op`` is added, if that addition is its last use."""
    users = graph.consumers[op.output]
    if not isinstance(op, ops.Conv2D) or len(users) != 1 or op.output in graph.outputs:
        return None
    user = graph.ops[users[0]]
    if not isinstance(user, ops.Add):
        return None
    others = [n for n in user.inputs if n != op.output]
    if len(others) != 1 or others[0] in graph.constants or others[0] in graph.outputs:
        return None
    other = others[0]
    same_size = graph.tensors[other].elements == graph.tensors[op.output].elements
    earlier = graph.producer.get(other, -1) < step
    return other if same_size and earlier and graph.consumers[other][-1] == users[0] else None
