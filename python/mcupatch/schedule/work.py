"""How many instructions a schedule takes: a model, fitted to the kernels on the emulated Cortex-M7, not a measurement.

    instructions = sum over operators of the coefficients of ``CallWork`` times what its calls add up to
                 + copies * move + copied bytes * moved_byte

It is additive, so that the search can use the same numbers. Kernels take four columns of a row at once, then two and
one (depthwise ones two in place of one), and the depthwise ones of 3x3 taps two rows: what is left over costs more.
Calls of few columns have numbers of their own: depthwise ones are another kernel's. Fitted by ``python -m
benchmarks.fit_work`` to seven networks, layer by layer, in patches and streamed (convolutions in tiles: half of them
within 0.5 %, nine in ten within 2 %; depthwise 0.8 % and 2.3 %, with strides 1.2 % and 3.8 %), with int16 weights and
with int8 ones. Windows at a border skip taps, which it does not know, and layers that no fast kernel takes cost more
than it says (groups, dilated depthwise: 4 to 8 instructions a MAC), as do convolutions with float rounding (2 to 3 an
output).
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


GROUP_COLS, GROUP_ROWS, NARROW_COLS = 4, 2, 2
"""Neighbouring positions that kernels compute together; the rows are those of depthwise kernels. The most columns of
a narrow call."""


@dataclass(frozen=True)
class KernelWork:
    """Of one kind of kernel, in hundredths of an instruction.

    For a multiply-accumulate (of pools: a tap), an output element, an input element that a position gathers, a
    position, a row of a call (and each channel of it), and a call: what the kernel prepares anew, and the stage's own
    arithmetic around it. ``group``: for a group of columns, its multiply-accumulates and output elements at a position.
    ``odd``: the same for a column outside pairs, in calls that are not narrow. ``widened``: for each input element that
    a depthwise kernel widens for a row, or a group of rows.
    """

    mac: int = 0
    result: int = 0
    gathered: int = 0
    position: int = 0
    row: int = 0
    row_result: int = 0
    call: int = 27_000
    group: int = 0
    group_mac: int = 0
    group_result: int = 0
    odd: int = 0
    odd_mac: int = 0
    odd_result: int = 0
    widened: int = 0


@dataclass(frozen=True)
class WorkModel:
    """Hundredths of an instruction. ``move`` is for a run of bytes that is copied, ``moved_byte`` for each of them.

    ``narrow_``: in calls of ``NARROW_COLS`` columns at most.
    """

    pointwise: KernelWork = KernelWork(*(69, 580, 126), row_result=174, call=15_219, group=9_744, odd=4_186)
    narrow_pointwise: KernelWork = KernelWork(
        *(59, 546, 155, 640), row_result=596, call=6_338, group=12_004, group_mac=9
    )
    window: KernelWork = KernelWork(*(69, 607, 146, 4_243), row_result=1_692, call=1_527, odd=13_725)
    narrow_window: KernelWork = KernelWork(
        *(60, 718, 167), call=21_737, group=22_043, group_mac=10, group_result=47
    )
    depthwise: KernelWork = KernelWork(
        *(63, 567),
        row_result=1_476,
        call=35_199,
        group_mac=20,
        odd=22_381,
        odd_mac=57,
        odd_result=221,
        widened=126,
    )
    narrow_depthwise: KernelWork = KernelWork(
        *(23, 917), position=4_698, call=13_140, group_mac=138, widened=72
    )
    strided_depthwise: KernelWork = KernelWork(
        *(65, 344), row_result=420, call=27_301, odd=49_848, odd_result=1_104, widened=205
    )
    narrow_strided_depthwise: KernelWork = KernelWork(
        *(37, 725), row_result=356, call=0, group=22_791, group_mac=19, widened=152
    )
    dense: KernelWork = KernelWork(107, 11_700, position=16_000)
    add: KernelWork = KernelWork(result=1_241, position=266, row=6_673, call=5_227, odd=1_020)
    mul: KernelWork = KernelWork(0, 1_130, position=300)
    table: KernelWork = KernelWork(0, 450)
    copy: KernelWork = KernelWork(0, 30, 0, 8_600)
    pool: KernelWork = KernelWork(370, 0, 0, 7_700)
    reduce: KernelWork = KernelWork(0, 170, row=7_000)
    move: int = 5_319
    moved_byte: int = 23


INT16_WEIGHTS = WorkModel()
INT8_WEIGHTS = WorkModel(
    pointwise=KernelWork(
        *(70, 522, 148, 123), row_result=188, call=16_901, group=8_255, group_mac=34, group_result=319
    ),
    narrow_pointwise=KernelWork(*(60, 563, 146, 925), row_result=569, call=8_397, group=10_259, group_mac=59),
    window=KernelWork(
        *(78, 527, 148, 1_091),
        row_result=1_978,
        call=0,
        group=12_153,
        group_mac=16,
        group_result=335,
        odd=5_134,
        odd_mac=3,
    ),
    narrow_window=KernelWork(*(60, 436, 166), row_result=766, call=4_298, group=29_128, group_mac=59),
)
"""With the weights of convolutions int16, as ``compile --flash`` may make them, and int8."""


@dataclass(frozen=True)
class CallCounts:
    """What the calls of an operator add up to; of a reduction, rows and positions of its input.

    ``groups``: of columns, in all rows; ``odd_cols``: columns outside pairs, in all rows; ``odd_rows`` and
    ``odd_positions``: outside groups of rows. Narrow calls are counted by themselves.
    """

    calls: int
    rows: int
    positions: int
    groups: int
    odd_cols: int
    odd_rows: int
    odd_positions: int
    narrow_calls: int = 0
    narrow_rows: int = 0
    narrow_positions: int = 0


@dataclass(frozen=True)
class CallWork:
    """Of one operator, in hundredths of an instruction, for each of what ``CallCounts`` counts."""

    call: int
    row: int
    position: int
    group: int
    odd_col: int
    odd_row: int
    odd_position: int
    narrow_call: int
    narrow_row: int
    narrow_position: int

    def of(self, counts: CallCounts) -> int:
        """All calls."""
        return sum(each * count for each, count in zip(astuple(self), astuple(counts)))


def operator_work(graph: Graph, model: WorkModel = INT8_WEIGHTS) -> tuple[CallWork, ...]:
    """The coefficients of every operator."""
    return tuple(_call_work(graph, op, model) for op in graph.ops)


def predicted_instructions(graph: Graph, schedule: Schedule, model: WorkModel = INT8_WEIGHTS) -> int:
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
    calls, odd = sum(n > 0 for n in rows), sum(n % GROUP_ROWS for n in rows)
    wide = [n for n in cols if n > NARROW_COLS]
    narrow = [n for n in cols if 0 < n <= NARROW_COLS]
    return CallCounts(
        calls=calls * len(wide),
        rows=sum(rows) * len(wide),
        positions=sum(rows) * sum(wide),
        groups=sum(rows) * sum(map(_count_groups, wide)),
        odd_cols=sum(rows) * sum(n % 2 for n in wide),
        odd_rows=odd * len(wide),
        odd_positions=odd * sum(wide),
        narrow_calls=calls * len(narrow),
        narrow_rows=sum(rows) * len(narrow),
        narrow_positions=sum(rows) * sum(narrow),
    )


def _count_groups(cols: int) -> int:
    """Fours, and of what is left two and one."""
    left = cols % GROUP_COLS
    return cols // GROUP_COLS + left // 2 + left % 2


def _kernels(graph: Graph, op: ops.Operator, model: WorkModel) -> tuple[KernelWork, KernelWork]:
    """For wide calls and for narrow ones."""
    if is_reduction(graph, op):
        kernel = model.reduce
    elif isinstance(op, ops.Conv2D):
        if op.kernel == (1, 1):
            return model.pointwise, model.narrow_pointwise
        return model.window, model.narrow_window
    elif isinstance(op, ops.DepthwiseConv2D):
        if op.stride[1] > 1:
            return model.strided_depthwise, model.narrow_strided_depthwise
        return model.depthwise, model.narrow_depthwise
    elif isinstance(op, ops.Dense):
        kernel = model.dense
    elif isinstance(op, ops.Add):
        kernel = model.add
    elif isinstance(op, ops.Mul):
        kernel = model.mul
    elif isinstance(op, ops.MaxPool2D | ops.AvgPool2D):
        kernel = model.pool
    else:
        kernel = model.copy if isinstance(op, ops.Concat | ops.Pad | ops.Reshape) else model.table
    return kernel, kernel


@dataclass(frozen=True)
class _OneKernel:
    """``CallWork`` without its split into wide calls and narrow ones."""

    call: int
    row: int
    position: int
    group: int
    odd_col: int
    odd_row: int = 0
    odd_position: int = 0


def _call_work(graph: Graph, op: ops.Operator, model: WorkModel) -> CallWork:
    wide, narrow = (_work_of_kernel(graph, op, kernel) for kernel in _kernels(graph, op, model))
    return CallWork(
        wide.call,
        wide.row,
        wide.position,
        wide.group,
        wide.odd_col,
        wide.odd_row,
        wide.odd_position,
        narrow_call=narrow.call,
        narrow_row=narrow.row + narrow.group,  # one group
        narrow_position=narrow.position,
    )


def _work_of_kernel(graph: Graph, op: ops.Operator, kernel: KernelWork) -> _OneKernel:
    channels = graph.output_tensor(op).hwc[2]
    count, gathered = macs_per_pixel(op, channels), 0
    if isinstance(op, ops.Conv2D):
        gathered = int(op.weights[0].size) * op.groups
    elif isinstance(op, ops.MaxPool2D | ops.AvgPool2D) and not is_reduction(graph, op):
        count = channels * op.kernel[0] * op.kernel[1]
    position = count * kernel.mac + channels * kernel.result + gathered * kernel.gathered + kernel.position
    row = kernel.row + channels * kernel.row_result
    group = kernel.group + count * kernel.group_mac + channels * kernel.group_result
    odd_col = kernel.odd + count * kernel.odd_mac + channels * kernel.odd_result
    if not isinstance(op, ops.DepthwiseConv2D):
        return _OneKernel(kernel.call, row, position, group, odd_col)
    # for each output row, and as much more for one outside a group: elements widened, by output column and by row
    rows, odd_rows = _rows_widened(op)
    by_position = channels * kernel.widened * op.stride[1]
    by_row = channels * kernel.widened * max(op.kernel[1] - op.stride[1], 0)
    return _OneKernel(
        kernel.call,
        row + int(by_row * rows),
        position + int(by_position * rows),
        group,
        odd_col,
        int(by_row * odd_rows),
        int(by_position * odd_rows),
    )


def _rows_widened(op: ops.DepthwiseConv2D) -> tuple[float, float]:
    """Input rows that an output row takes on average in a group, and more outside one."""
    if op.kernel != (3, 3):
        return op.kernel[0], 0
    in_group = min(op.kernel[0], (op.kernel[0] + op.stride[0]) / GROUP_ROWS)
    return in_group, op.kernel[0] - in_group
