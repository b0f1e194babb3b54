"""How many instructions a schedule takes: a model, fitted to the kernels on the emulated Cortex-M7, not a measurement.

    instructions = sum over operators of  calls * per_call + rows * per_row + positions * per_position
                 + copied bytes * moved_byte + copies * move

It is additive, so that the search can use the same numbers; ``benchmarks/work_model.py`` fits and checks it.
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
class WorkModel:
    """Hundredths of an instruction: for a multiply-accumulate, an output element, a call, a copied byte."""

    pointwise_mac: int = 260
    window_mac: int = 480
    depthwise_mac: int = 990
    dense_mac: int = 260
    result: int = 2500  # requantising one output element of any of these
    element: int = 1500  # add, mul: one output element
    table: int = 600  # lut, concat, pad, quantize, dequantize: one output element
    pool_tap: int = 600
    sum: int = 400  # a mean: one input element
    call: int = 20_000
    move: int = 6_000
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
    per_position = tuple(_per_position(graph, op, model) for op in graph.ops)
    return OperatorWork(per_position, (model.call,) * len(graph.ops))


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


def _per_position(graph: Graph, op: ops.Operator, model: WorkModel) -> int:
    channels = graph.output_tensor(op).hwc[2]
    count = macs_per_pixel(op, channels)
    if isinstance(op, ops.Conv2D):
        per_mac = model.pointwise_mac if op.kernel == (1, 1) else model.window_mac
        return count * per_mac + channels * model.result
    if isinstance(op, ops.DepthwiseConv2D):
        return count * model.depthwise_mac + channels * model.result
    if isinstance(op, ops.Dense):
        return count * model.dense_mac + channels * model.result
    if is_reduction(graph, op):
        return channels * model.sum
    if isinstance(op, ops.Add | ops.Mul):
        return channels * model.element
    if isinstance(op, ops.MaxPool2D | ops.AvgPool2D):
        return channels * op.kernel[0] * op.kernel[1] * model.pool_tap
    return channels * model.table
