"""How many instructions a schedule takes: a model, fitted to the kernels on the emulated Cortex-M7, not a measurement.

    instructions = sum over operators of the coefficients of ``CallWork`` times what its calls add up to
                 + copies * move + copied bytes * moved_byte

It is additive, so that the search can use the same numbers. Kernels take four columns of a row at once, and the
depthwise ones of 3x3 taps two rows: what is left over costs more. Fitted to 2,600 operators of eight networks, layer
by layer, in patches and streamed (half of them within 3 %; depthwise within 6 %). Windows at a border skip taps, which
it does not know, and layers that no fast kernel takes cost more than it says (groups, dilated depthwise: 4 to 8
instructions a MAC), as do convolutions with float rounding (2 to 3 an output).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass

from mcupatch.ir import ops
from mcupatch.ir.access import is_reduction, macs_per_pixel, tiled_tensor
from mcupatch.ir.graph import Graph
from mcupatch.schedule.holdings import lay_out_schedule
from mcupatch.schedule.moved_bytes import find_moved
from mcupatch.schedule.stage import Schedule
from mcupatch.schedule.stage_layout import StageLayout

HUNDRED = 100  # the unit of every number here is a hundredth of an instruction


GROUP_COLS, GROUP_ROWS = 4, 2
"""Neighbouring positions that kernels compute together; the rows are those of depthwise kernels."""


@dataclass(frozen=True)
class KernelWork:
    """Of one kind of kernel, in hundredths of an instruction.

    For a multiply-accumulate (of pools: a tap), an output element, an input element that a position gathers, a
    position, a row of a call (and each channel of it), and a call: what the kernel prepares anew, and the stage's own
    arithmetic around it. ``narrow_``: more for positions outside whole groups of columns. ``widened``: for each input
    element that a depthwise kernel widens for a row, or a group of rows.
    """

    mac: int = 0
    result: int = 0
    gathered: int = 0
    position: int = 0
    row: int = 0
    row_result: int = 0
    call: int = 27_000
    narrow_mac: int = 0
    narrow_result: int = 0
    widened: int = 0


@dataclass(frozen=True)
class WorkModel:
    """Hundredths of an instruction. ``move`` is for a run of bytes that is copied, ``moved_byte`` for each of them."""

    pointwise: KernelWork = KernelWork(74, 656, 210, 2_500, call=77_000, narrow_mac=33)
    window: KernelWork = KernelWork(87, 500, 25, 8_000, row=43_000, call=29_000, narrow_mac=48)
    depthwise: KernelWork = KernelWork(
        *(87, 400), row=15_000, row_result=2_000, call=4_000, narrow_mac=6, widened=175
    )
    dense: KernelWork = KernelWork(107, 11_700, position=16_000)
    add: KernelWork = KernelWork(0, 1_222, position=830)
    mul: KernelWork = KernelWork(0, 1_130, position=300)
    table: KernelWork = KernelWork(0, 450)
    copy: KernelWork = KernelWork(0, 30, 0, 8_600)
    pool: KernelWork = KernelWork(370, 0, 0, 7_700)
    reduce: KernelWork = KernelWork(0, 170, row=70_000)
    move: int = 7_000
    moved_byte: int = 43


@dataclass(frozen=True)
class CallCounts:
    """What the calls of an operator add up to; of a reduction, rows and positions of its input.

    ``narrow``: positions outside whole groups of columns; ``odd_rows`` and ``odd_positions``: outside groups of rows.
    """

    calls: int
    rows: int
    positions: int
    narrow: int
    odd_rows: int
    odd_positions: int


@dataclass(frozen=True)
class CallWork:
    """Of one operator, in hundredths of an instruction, for each of what ``CallCounts`` counts."""

    call: int
    row: int
    position: int
    narrow: int
    odd_row: int
    odd_position: int

    def of(self, counts: CallCounts) -> int:
        """All calls."""
        return sum(each * count for each, count in zip(astuple(self), astuple(counts)))


def operator_work(graph: Graph, model: WorkModel = WorkModel()) -> tuple[CallWork, ...]:
    """The coefficients of every operator."""
    return tuple(_call_work(graph, op, _kernel(graph, op, model)) for op in graph.ops)


def predicted_instructions(graph: Graph, schedule: Schedule, model: WorkModel = WorkModel()) -> int:
    """Instructions of one run of the network, by the model."""
    work = operator_work(graph, model)
    total = 0
    for stage, layout in zip(schedule.stages, lay_out_schedule(graph, schedule)):
        if layout is None:
            total += work[stage.first].of(count_whole(graph, stage.first))
        else:
            total += _stage_work(graph, layout, work, model)
    return total // HUNDRED


def _stage_work(graph: Graph, layout: StageLayout, work: Sequence[CallWork], model: WorkModel) -> int:
    moved = find_moved(graph, layout)
    total = moved.copies * model.move + moved.nbytes * model.moved_byte
    return total + sum(work[i].of(count_calls(layout, i)) for i in layout.stage.operators)


def count_calls(layout: StageLayout, op: int) -> CallCounts:
    """The calls of operator ``op`` that compute something."""
    segment = layout.stage.segment_of(op)
    walk, steps = layout.walks[segment], layout.executed(segment)
    rows = [interval.length for interval in walk.rows.computed[op][:steps]]
    return _count(rows, [interval.length for interval in walk.cols.computed[op]])


def count_whole(graph: Graph, op: int) -> CallCounts:
    """One call for all of it."""
    operator = graph.ops[op]
    name = tiled_tensor(graph, op) if is_reduction(graph, operator) else operator.output
    height, width, _ = graph.tensors[name].hwc
    return _count([height], [width])


def _count(rows: Sequence[int], cols: Sequence[int]) -> CallCounts:
    """Calls of so many rows each, times so many columns each; none where either is 0."""
    wide = sum(n > 0 for n in cols)
    odd = sum(n % GROUP_ROWS for n in rows)
    return CallCounts(
        calls=sum(n > 0 for n in rows) * wide,
        rows=sum(rows) * wide,
        positions=sum(rows) * sum(cols),
        narrow=sum(rows) * sum(n % GROUP_COLS for n in cols),
        odd_rows=odd * wide,
        odd_positions=odd * sum(cols),
    )


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


def _call_work(graph: Graph, op: ops.Operator, kernel: KernelWork) -> CallWork:
    channels = graph.output_tensor(op).hwc[2]
    count, gathered = macs_per_pixel(op, channels), 0
    if isinstance(op, ops.Conv2D):
        gathered = int(op.weights[0].size) * op.groups
    elif isinstance(op, ops.MaxPool2D | ops.AvgPool2D) and not is_reduction(graph, op):
        count = channels * op.kernel[0] * op.kernel[1]
    position = count * kernel.mac + channels * kernel.result + gathered * kernel.gathered + kernel.position
    row = kernel.row + channels * kernel.row_result
    narrow = count * kernel.narrow_mac + channels * kernel.narrow_result
    if not isinstance(op, ops.DepthwiseConv2D):
        return CallWork(kernel.call, row, position, narrow, 0, 0)
    # for each output row, and as much more for one outside a group: elements widened, by output column and by row
    rows, odd_rows = _rows_widened(op)
    by_position = channels * kernel.widened * op.stride[1]
    by_row = channels * kernel.widened * max(op.kernel[1] - op.stride[1], 0)
    return CallWork(
        kernel.call,
        row + int(by_row * rows),
        position + int(by_position * rows),
        narrow,
        int(by_row * odd_rows),
        int(by_position * odd_rows),
    )


def _rows_widened(op: ops.DepthwiseConv2D) -> tuple[float, float]:
    """Input rows that an output row takes on average in a group, and more outside one."""
    if op.kernel != (3, 3):
        return op.kernel[0], 0
    in_group = min(op.kernel[0], (op.kernel[0] + op.stride[0]) / GROUP_ROWS)
    return in_group, op.kernel[0] - in_group
