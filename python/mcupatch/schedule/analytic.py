"""Peak memory as the MCUNetV2 paper defines it: a figure to compare with papers, not the planned arena.

One byte an element, weights and scratch not counted. At each operator: all live activations, where
- a depthwise convolution, an addition, a product and a table run in place: the larger of input and output;
- a convolution that is added to an earlier tensor which dies there accumulates into that tensor's bytes;
- inside the patch stage every activation, the input included, has the size of its largest patch, while the
  stage's output is whole from the start.
Reproduces the per-layer bytes of every network in Table 1 (1372.0 KiB for MobileNetV2 at 224, 171.5 KiB with 4x4
patches over its first five blocks).
"""

from __future__ import annotations

from dataclasses import dataclass

from mcupatch.ir import ops
from mcupatch.ir.graph import Graph
from mcupatch.schedule.candidates import plan_layer_by_layer
from mcupatch.schedule.lifetimes import stage_of_ops
from mcupatch.schedule.regions import COLS, ROWS, largest_lengths, tile_intervals
from mcupatch.schedule.stage import Schedule, Stage
from mcupatch.schedule.stage_tensors import find_roots, stage_inputs

IN_PLACE = (ops.DepthwiseConv2D, ops.Add, ops.Mul, ops.Lut, ops.Quantize, ops.Dequantize)


@dataclass(frozen=True)
class AnalyticMemory:
    """``per_op_bytes`` has one entry per operator; ``peak_bytes`` is the largest of them."""

    per_op_bytes: tuple[int, ...]

    @property
    def peak_bytes(self) -> int:
        return max(self.per_op_bytes, default=0)

    @property
    def peak_op(self) -> int:
        """Index of the first operator at the peak."""
        return self.per_op_bytes.index(self.peak_bytes)


@dataclass
class _Storage:
    """Bytes shared by one or more tensors, in use in steps ``first`` to ``last``."""

    nbytes: int
    first: int
    last: int


def analytic_per_layer_bytes(graph: Graph) -> AnalyticMemory:
    """The paper's definition for layer-by-layer execution."""
    return analytic_schedule_bytes(graph, plan_layer_by_layer(graph))


def analytic_schedule_bytes(graph: Graph, schedule: Schedule) -> AnalyticMemory:
    """The paper's definition for a patched schedule: the patch stage in patches, the rest per layer."""
    stages = stage_of_ops(schedule)
    patch_elements = {s.first: _patch_elements(graph, s) for s in schedule.stages if s.is_patched}
    storages = _find_storages(graph, stages, patch_elements)
    loads = []
    for step, op in enumerate(graph.ops):
        live = {id(s): s for s in storages.values() if s.first <= step <= s.last}
        total = sum(s.nbytes for s in live.values())
        out = storages[op.output]
        if isinstance(op, IN_PLACE) and not _is_patched_end(stages[step], step):
            dying = [storages[n] for n in graph.activation_inputs(op)]
            saved = [min(s.nbytes, out.nbytes) for s in dying if s.last == step and s is not out]
            total -= max(saved, default=0)
        loads.append(total)
    return AnalyticMemory(tuple(loads))


def _is_patched_end(stage: Stage, step: int) -> bool:
    return stage.is_patched and step == stage.last


def _patch_elements(graph: Graph, stage: Stage) -> dict[str, int]:
    rows = largest_lengths(tile_intervals(graph, stage, ROWS))
    cols = largest_lengths(tile_intervals(graph, stage, COLS))
    return {name: rows[name] * cols[name] * graph.tensors[name].hwc[2] for name in rows}


def _find_storages(
    graph: Graph, stages: list[Stage], patch_elements: dict[int, dict[str, int]]
) -> dict[str, _Storage]:
    """The storage of every activation; accumulating and reshaped tensors share one."""
    roots = find_roots(graph)
    end = max(len(graph.ops) - 1, 0)
    last_use = {name: _last_use(graph, name, end) for name in roots}
    storages: dict[str, _Storage] = {}
    for name in graph.inputs:
        storages[name] = _Storage(graph.tensors[name].elements, 0, last_use[name])
        first_user = next(iter(graph.consumers[name]), None)
        if first_user is not None and stages[first_user].is_patched:
            stage = stages[first_user]
            held = stage_inputs(graph, stage.first, stage.last)
            if name in held and last_use[name] <= stage.last:
                storages[name] = _Storage(patch_elements[stage.first][name], stage.first, last_use[name])
    for step, op in enumerate(graph.ops):
        stage, name = stages[step], op.output
        ends_patches = _is_patched_end(stage, step)
        shared = None if ends_patches else _accumulates_into(graph, op, step)
        if shared is None and roots[name] != name:
            shared = roots[name]
        if shared is not None and shared in storages:
            storages[name] = storages[shared]
            storages[name].last = max(storages[name].last, last_use[name])
            continue
        elements = graph.tensors[name].elements
        if stage.is_patched and not ends_patches:
            elements = patch_elements[stage.first][name]
        storages[name] = _Storage(elements, stage.first if ends_patches else step, max(step, last_use[name]))
    return storages


def _last_use(graph: Graph, name: str, end: int) -> int:
    if name in graph.outputs:
        return end
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
