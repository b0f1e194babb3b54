"""One stage of a schedule as one TIR function.

    for position in range(27):                      # only if the stage has more than one segment
        segment = order[position]
        if segment == 0:
            step = counters[0]
            conv1_row0 = max(step * 2 - 1, 0) ...   # the numbers of this step
            with sblock("x_move_up"): ...           # rows that are still wanted
            for tile in range(8):
                with sblock("conv1"): ...           # loops over the area
            counters[0] = step + 1
        if segment == 1: ...

The blocks are annotated with the windows that they work on, so that a later pass can replace their loops by kernel calls
(``lower_to_kernels``). Parameters: the stage's input tensors, its constants, then each operator's arrays, then the tables
(the order of the steps, and numbers that follow no rule), then the outputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcupatch.ir.graph import Graph
from mcupatch.program.bodies.reduction import sums_dtype
from mcupatch.program.op_codec import operator_arrays
from mcupatch.program.plan_segment import plan_segment, plan_whole
from mcupatch.program.segment_actions import SegmentPlan
from mcupatch.program.segment_body import StageBuffers, clear_sums, counted_loop, emit_segment
from mcupatch.program.series import identifier, narrowest
from mcupatch.program.tile_affine import Table
from mcupatch.schedule.stage import Stage
from mcupatch.schedule.stage_layout import StageLayout, lay_out_stage
from mcupatch.schedule.stage_tensors import stage_inputs, stage_live_outs
from mcupatch.schedule.whole import is_whole
from mcupatch.tvm_api import IRBuilder, T, tirx

STAGE_ATTRIBUTE = "mcupatch.stage"
STREAMED_ATTRIBUTE = "mcupatch.streamed"
TABLES_ATTRIBUTE = "mcupatch.tables"
COUNTERS = "counters"

Expr = Any


@dataclass(frozen=True)
class StageTensors:
    """The tensors at a stage's border: ``inputs`` and ``constants`` in order of first use, ``outputs`` as computed."""

    inputs: tuple[str, ...]
    constants: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class StageFunction:
    """``prim_func`` is pure TIR: any TVM target can run it. ``tables`` are the arguments before its outputs."""

    prim_func: Any
    tables: tuple[NDArray[np.generic], ...]


def find_stage_tensors(graph: Graph, first: int, last: int) -> StageTensors:
    """The border of operators ``first`` to ``last``."""
    ops = graph.ops[first : last + 1]
    constants = dict.fromkeys(n for op in ops for n in op.inputs if n in graph.constants)
    return StageTensors(
        stage_inputs(graph, first, last), tuple(constants), stage_live_outs(graph, first, last)
    )


def build_stage_function(
    graph: Graph, stage: Stage, name: str, streamed: tuple[str, ...] = ()
) -> StageFunction:
    """The stage as a function. A streamed input is a whole parameter all the same, of which rows are copied.

    Raises ValueError if the stage is not legal for ``graph``.
    """
    return _StageBuilder(graph, stage, streamed).build(name)


class _StageBuilder:
    def __init__(self, graph: Graph, stage: Stage, streamed: tuple[str, ...]) -> None:
        self._graph, self._streamed = graph, streamed
        self._ops = graph.ops[stage.first : stage.last + 1]
        self._border = find_stage_tensors(graph, stage.first, stage.last)
        self._layout: StageLayout | None = None
        if is_whole(graph, stage) and not streamed:
            self._order: tuple[int, ...] = (0,)
            self._plans = {0: plan_whole(graph, self._ops[0])}
        else:
            self._layout = lay_out_stage(graph, stage, streamed)
            self._order = self._layout.order
            self._plans = {g: plan_segment(graph, self._layout, g) for g in sorted(set(self._order))}
        plans = self._plans.values()
        self._takes_turns = len(plans) > 1 and any(plan.steps > 1 for plan in plans)
        found = (table for plan in plans for axis in (plan.rows, plan.cols) for table in axis.tables)
        self._tables = list(dict.fromkeys(found))

    def build(self, name: str) -> StageFunction:
        order = [narrowest(self._order)] if self._takes_turns else []
        tables = (*order, *(narrowest(t.values) for t in self._tables))
        with IRBuilder() as builder:
            with T.prim_func(is_private=False):
                T.func_name(name)
                T.func_attr(
                    {
                        "tirx.noalias": True,
                        "op_pattern": 8,
                        STAGE_ATTRIBUTE: [op.name for op in self._ops],
                        STREAMED_ATTRIBUTE: list(self._streamed),
                        TABLES_ATTRIBUTE: len(tables),
                    }
                )
                whole, arrays, parameters = self._declare_parameters(tables, len(order))
                with T.sblock("root"):  # TVM's analyses of block functions start from it
                    T.reads([])
                    T.writes([])
                    fits = dict(zip(self._tables, parameters[len(order) :]))
                    buffers = self._allocate(whole, arrays, fits)
                    self._emit_steps(buffers, parameters[0] if order else None)
        return StageFunction(builder.get(), tables)

    def _declare_parameters(
        self, tables: Sequence[NDArray[np.generic]], orders: int
    ) -> tuple[dict[str, Any], dict[str, dict[str, Any]], list[Any]]:
        """The buffers of whole tensors, of the operators' arrays, and of the tables, the first ``orders`` named so."""
        border = self._border
        whole = {name: self._parameter(name) for name in (*border.inputs, *border.constants)}
        arrays = {
            op.name: {
                key: T.arg(f"{op.name}_{key.replace('.', '_')}", T.buffer(array.shape, array.dtype.name))
                for key, array in operator_arrays(op).items()
            }
            for op in self._ops
        }
        parameters = [
            T.arg("order" if i < orders else f"table_{i}", T.buffer(t.shape, t.dtype.name))
            for i, t in enumerate(tables)
        ]
        whole |= {name: self._parameter(name) for name in border.outputs}
        return whole, arrays, parameters

    def _parameter(self, tensor_name: str) -> Any:
        tensor = self._graph.tensors[tensor_name]
        return T.arg(identifier(tensor_name), T.buffer(tensor.shape, tensor.dtype))

    def _allocate(
        self, whole: dict[str, Any], arrays: dict[str, dict[str, Any]], tables: dict[Table, Any]
    ) -> StageBuffers:
        """The buffers inside the stage: row windows, tiles with their caches, sums."""
        inner: dict[str, Any] = {}
        tile_start: dict[str, int] = {}
        sums: dict[str, Any] = {}
        if self._layout is not None:
            for name, window in self._layout.windows.items():
                inner[name] = self._flat(name, "window", window.rows * self._graph.tensors[name].hwc[1])
            for name, tile in self._layout.tiles.items():
                tile_start[name] = tile.cache_rows * self._graph.tensors[name].hwc[1]
                inner[name] = self._flat(name, "tile", tile_start[name] + tile.rows * tile.cols)
            for i in self._layout.sums:
                op = self._graph.ops[i]
                buffer = T.alloc_buffer((self._graph.tensors[op.inputs[0]].hwc[2],), sums_dtype(op))
                sums[op.name] = _named(buffer, f"{identifier(op.name)}_sums")
        return StageBuffers(whole, inner, tile_start, sums, arrays, tables)

    def _flat(self, name: str, suffix: str, positions: int) -> Any:
        tensor = self._graph.tensors[name]
        buffer = T.alloc_buffer((max(positions, 1) * tensor.hwc[2],), tensor.dtype)
        return _named(buffer, f"{identifier(name)}_{suffix}")

    def _emit_steps(self, buffers: StageBuffers, order: Any) -> None:
        if self._layout is not None:
            clear_sums([self._graph.ops[i] for i in self._layout.sums], buffers)
        if order is None:  # one segment, or all of one step
            for g in dict.fromkeys(self._order):
                with counted_loop("step", self._plans[g].steps) as step:
                    emit_segment(self._graph, self._plans[g], buffers, step)
            return
        count = max(self._order) + 1
        counters = _named(T.alloc_buffer((count,), "int32"), COUNTERS)
        with T.serial(0, count) as i:
            T.buffer_store(counters, tirx.const(0, "int32"), [i])
        with T.serial(0, len(self._order)) as position:
            IRBuilder.name("position", position)
            segment = _named(T.bind(T.Cast("int32", order[position])), "segment")
            for g, plan in self._plans.items():
                with T.If(segment == g), T.Then():
                    self._emit_counted(plan, g, counters, buffers)

    def _emit_counted(self, plan: SegmentPlan, g: int, counters: Any, buffers: StageBuffers) -> None:
        """The counter goes up after the last use of the step, whose variable TVM may replace by what it holds."""
        if plan.steps == 1:
            emit_segment(self._graph, plan, buffers, 0)
            return
        step = _named(T.bind(counters[g]), "step")
        emit_segment(self._graph, plan, buffers, step)
        T.buffer_store(counters, step + 1, [g])


def _named(value: Any, name: str) -> Any:
    IRBuilder.name(name, value)
    return value
