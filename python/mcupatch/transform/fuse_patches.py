"""The central pass: operators of a network fused into functions that run tile by tile, a function for each stage.

    conv1 = mcupatch.conv2d(x, ...)                       patches = R.call_tir(patches_fn, (x, ...))
    dw1 = mcupatch.depthwise_conv2d(conv1, ...)     -->   conv4 = mcupatch.conv2d(patches, ...)
    conv3 = mcupatch.conv2d(dw1, ...)
    conv4 = mcupatch.conv2d(conv3, ...)

``patches_fn`` is one TIR ``PrimFunc`` (``program/stage_function.py``): steps of its segments in turn, inside them loops
over tiles, inside those every operator on its own area, with halos kept or recomputed as the schedule says. Works
inside ``tvm.transform.Sequential``; what stays unfused is legalised by TVM's ``LegalizeOps``.
"""

from __future__ import annotations

from typing import Any

from mcupatch.ir.graph import Graph
from mcupatch.program.build_module import emit_main, emit_operator
from mcupatch.program.extract_graph import extract_graph
from mcupatch.program.relax_ops import bound_values, call_stage, is_stage_call, tensors_in_order
from mcupatch.schedule.stage import Schedule, Stage
from mcupatch.schedule.stage_tensors import stage_inputs, stage_live_outs
from mcupatch.schedule.whole import is_whole
from mcupatch.tvm_api import IRModule, relax, tvm


@tvm.transform.module_pass(opt_level=0, name="mcupatch.FusePatches")
class FusePatches:
    """Fuse the stages of a schedule that run in pieces; whole operators stay as they are.

    Give ``schedule`` itself; or ``grid=(rows, columns)`` with ``ops``, the number of leading operators; or ``board``
    and/or ``sram`` (bytes): the least extra work that fits; or nothing: the schedule with the smallest arena.
    A module whose patches are fused already is returned as it is. Raises ``Infeasible`` when no schedule fits.
    """

    def __init__(
        self,
        *,
        schedule: Schedule | None = None,
        board: str | None = None,
        sram: int | None = None,
        grid: tuple[int, int] | None = None,
        ops: int | None = None,
    ) -> None:
        self._schedule, self._board, self._sram, self._grid, self._ops = schedule, board, sram, grid, ops

    def transform_module(self, module: IRModule, _context: Any) -> IRModule:
        if is_fused(module):
            return module
        graph = extract_graph(module)
        schedule = self._schedule or self._decide(graph)
        return apply_schedule(module, graph, schedule)

    def _decide(self, graph: Graph) -> Schedule:
        from mcupatch.decide import Request, decide_schedule

        request = Request.from_options(board=self._board, sram=self._sram, grid=self._grid, ops=self._ops)
        return decide_schedule(graph, request).schedule


def is_fused(module: IRModule) -> bool:
    """Whether ``main`` already calls TIR functions, so that there is nothing left to decide."""
    return any(is_stage_call(value) for value in bound_values(module))


def apply_schedule(module: IRModule, graph: Graph, schedule: Schedule) -> IRModule:
    """``module`` with every stage that runs in pieces as one function; whole operators stay as they are."""
    if not any(_runs_in_pieces(graph, schedule, stage) for stage in schedule.stages):
        return module
    others = {gv: f for gv, f in module.functions_items() if gv.name_hint != "main"}
    builder = relax.BlockBuilder(IRModule(others))

    def emit_stages(values: dict[str, Any]) -> None:
        for stage in schedule.stages:
            if _runs_in_pieces(graph, schedule, stage):
                _emit_stage(builder, graph, schedule, stage, values)
            else:
                op = graph.ops[stage.first]
                values[op.output] = emit_operator(builder, graph, op, values)

    emit_main(builder, graph, emit_stages)
    return builder.get().with_attrs(dict(module.attrs.items()))


def _runs_in_pieces(graph: Graph, schedule: Schedule, stage: Stage) -> bool:
    return not is_whole(graph, stage) or bool(_streamed_inputs(graph, schedule, stage))


def _streamed_inputs(graph: Graph, schedule: Schedule, stage: Stage) -> tuple[str, ...]:
    """The streamed inputs that the stage reads, in the order of the schedule."""
    read = stage_inputs(graph, stage.first, stage.last)
    return tuple(name for name in schedule.streamed if name in read)


def _emit_stage(builder: Any, graph: Graph, schedule: Schedule, stage: Stage, values: dict[str, Any]) -> None:
    first, last = graph.ops[stage.first], graph.ops[stage.last]
    inputs = {n: values[n] for n in tensors_in_order(graph, stage)}
    name = f"patches_{first.name}_to_{last.name}"
    call = call_stage(builder, graph, stage, name, inputs, _streamed_inputs(graph, schedule, stage))
    result = builder.emit(call, last.name)
    outputs = stage_live_outs(graph, stage.first, stage.last)
    if len(outputs) == 1:
        values[outputs[0]] = result
        return
    for i, output in enumerate(outputs):
        values[output] = builder.emit(relax.TupleGetItem(result, i), graph.ops[graph.producer[output]].name)
