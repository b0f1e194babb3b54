"""How many instructions a schedule takes: a model, fitted to the kernels on the emulated Cortex-M7, not a measurement.

    instructions = sum over operators of  calls * per_call + positions computed * per_position
                 + copies * move + copied bytes * moved_byte

It is additive, so that the search can use the same numbers. Fitted to operators measured alone (within 3 %) and to
networks of the zoo, layer by layer and in tiles (within 5 %). Windows at a border skip taps, which it does not know.
"""

from __future__ import annotations

from dataclasses import dataclass

from mcupatch.ir import ops
from mcupatch.ir.access import is_reduction, macs_per_pixel, tiled_tensor
from mcupatch.ir.graph import Graph
from mcupatch.schedule.cost import computed_positions
from mcupatch.schedule.holdings import lay_out_schedule
from mcupatch.schedule.moved_bytes import find_moved
from mcupatch.schedule.stage import Schedule
from mcupatch.schedule.stage_layout import StageLayout

HUNDRED = 100  # the unit of every number here is a hundredth of an instruction


@dataclass(frozen=True)
class KernelWork:
    """Of one kind of kernel, in hundredths of an instruction.

    For a multiply-accumulate (of pools: a tap), an output element, an input element that a position gathers, a
    position, and a call: what the kernel prepares anew, and the stage's own arithmetic around it.
    """

    mac: int = 0
    result: int = 0
    gathered: int = 0
    position: int = 0
    call: int = 25_000


@dataclass(frozen=True)
class WorkModel:
    """Hundredths of an instruction. ``move`` is for a run of bytes that is copied, ``moved_byte`` for each of them."""

    pointwise: KernelWork = KernelWork(133, 4_216, 246, 19_000)
    window: KernelWork = KernelWork(150, 4_734, 416, 57_600)
    depthwise: KernelWork = KernelWork(270, 4_485, 0, 18_300)
    dense: KernelWork = KernelWork(225, 6_550)
    add: KernelWork = KernelWork(0, 6_400, 0, 6_100)
    mul: KernelWork = KernelWork(0, 4_900, 0, 2_400)
    table: KernelWork = KernelWork(0, 450)
    copy: KernelWork = KernelWork(0, 30, 0, 8_600)
    pool: KernelWork = KernelWork(500, 5_900, 0, 87_000)
    reduce: KernelWork = KernelWork(0, 330)
    move: int = 10_000
    moved_byte: int = 40


@dataclass(frozen=True)
class OperatorWork:
    """By operator: hundredths of an instruction for each position that it computes and each call.

    A position is one of its output; of its input for a reduction.
    """

    per_position: tuple[int, ...]
    per_call: tuple[int, ...]


def operator_work(graph: Graph, model: WorkModel = WorkModel()) -> OperatorWork:
    """The coefficients of every operator."""
    kernels = [_kernel(graph, op, model) for op in graph.ops]
    per_position = tuple(_per_position(graph, op, kernel) for op, kernel in zip(graph.ops, kernels))
    return OperatorWork(per_position, tuple(kernel.call for kernel in kernels))


def predicted_instructions(graph: Graph, schedule: Schedule, model: WorkModel = WorkModel()) -> int:
    """Instructions of one run of the network, by the model."""
    work = operator_work(graph, model)
    total = 0
    for stage, layout in zip(schedule.stages, lay_out_schedule(graph, schedule)):
        if layout is not None:
            total += _stage_work(graph, layout, work, model)
            continue
        i = stage.first
        op = graph.ops[i]
        name = tiled_tensor(graph, i) if is_reduction(graph, op) else op.output
        height, width, _ = graph.tensors[name].hwc
        total += work.per_call[i] + height * width * work.per_position[i]
    return total // HUNDRED


def _stage_work(graph: Graph, layout: StageLayout, work: OperatorWork, model: WorkModel) -> int:
    moved = find_moved(graph, layout)
    total = moved.copies * model.move + moved.nbytes * model.moved_byte
    for i in layout.stage.operators:
        total += count_calls(layout, i) * work.per_call[i]
        total += computed_positions(layout, i) * work.per_position[i]
    return total


def count_calls(layout: StageLayout, op: int) -> int:
    """How often operator ``op`` computes something."""
    segment = layout.stage.segment_of(op)
    walk, steps = layout.walks[segment], layout.executed(segment)
    rows = sum(interval.length > 0 for interval in walk.rows.computed[op][:steps])
    return rows * sum(interval.length > 0 for interval in walk.cols.computed[op])


def _kernel(graph: Graph, op: ops.Operator, model: WorkModel) -> KernelWork:
    if is_reduction(graph, op):
        return model.reduce
    if isinstance(op, ops.Conv2D):
        return model.pointwise if op.kernel == (1, 1) else model.window
    if isinstance(op, ops.DepthwiseConv2D):
        return model.depthwise
    if isinstance(op, ops.Dense):
        return model.dense
    if isinstance(op, ops.Add):
        return model.add
    if isinstance(op, ops.Mul):
        return model.mul
    if isinstance(op, ops.MaxPool2D | ops.AvgPool2D):
        return model.pool
    return model.copy if isinstance(op, ops.Concat | ops.Pad | ops.Reshape) else model.table


def _per_position(graph: Graph, op: ops.Operator, kernel: KernelWork) -> int:
    channels = graph.output_tensor(op).hwc[2]
    count, gathered = macs_per_pixel(op, channels), 0
    if isinstance(op, ops.Conv2D):
        gathered = int(op.weights[0].size) * op.groups
    elif isinstance(op, ops.MaxPool2D | ops.AvgPool2D) and not is_reduction(graph, op):
        count = channels * op.kernel[0] * op.kernel[1]
    return count * kernel.mac + channels * kernel.result + gathered * kernel.gathered + kernel.position
