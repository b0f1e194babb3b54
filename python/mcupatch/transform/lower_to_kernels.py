"""For a microcontroller: a stage's operator bodies become calls of operator functions on windows.

    with sblock("conv1"):                      tvmgen_net_conv1(mcup_window(x + r0 * 57 + ..., r1 - r0, c1 - c0, 57),
        reads(x[0, r0:r1, c0:c1, :])     -->                    mcup_out_window(arena + 128, rows, cols, cols * 8),
        writes(a_tile[...])                                     pad_top, pad_left, arena + 64)
        loops

Tile buffers become offsets into the arena; parameters become plain pointers; the constants disappear, because each
operator function has its own bound in. An operator function takes, for each input that is an activation and then
for its output, a window, then ``pad_top, pad_left`` if it slides a window, then its scratch if it has one;
operators that work on whole tensors take pointers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mcupatch.ir.access import slides_window
from mcupatch.ir.graph import Graph
from mcupatch.ir.ops import Operator
from mcupatch.memory.plan import MemoryPlan
from mcupatch.program.bodies import is_windowed
from mcupatch.program.stage_function import (
    OP_ATTRIBUTE,
    PADS_ATTRIBUTE,
    STAGE_ATTRIBUTE,
    find_stage_tensors,
)
from mcupatch.tvm_api import PointerType, PrimType, free_variables, tirx


@dataclass(frozen=True)
class KernelStage:
    """A stage for the C printer. ``parameters`` are the tensors behind its pointer parameters, in order.

    If ``uses_arena``, one more parameter follows: the arena.
    """

    name: str
    function: Any
    parameters: tuple[str, ...]
    uses_arena: bool


@dataclass(frozen=True)
class _Place:
    """Where a tensor lies: a base pointer, and the bytes from one row to the next."""

    base: Any
    row_stride: Any


def lower_stage_to_kernels(
    function: Any, graph: Graph, plan: MemoryPlan, name: str, function_names: dict[str, str]
) -> KernelStage:
    """Rewrite a stage function (``build_stage_function``) into calls of ``function_names[operator]``."""
    return _Lowering(function, graph, plan, function_names).lower(name)


class _Lowering:
    def __init__(self, function: Any, graph: Graph, plan: MemoryPlan, function_names: dict[str, str]) -> None:
        self._function, self._graph, self._plan, self._names = function, graph, plan, function_names
        names = [str(n) for n in function.attrs[STAGE_ATTRIBUTE]]
        first = next(i for i, op in enumerate(graph.ops) if op.name == names[0])
        self._ops = graph.ops[first : first + len(names)]
        self._border = find_stage_tensors(graph, first, first + len(names) - 1)
        self._arena = tirx.Var("arena", PointerType(PrimType("uint8")))
        self._uses_arena = False
        self._places: dict[str, _Place] = {}

    def lower(self, name: str) -> KernelStage:
        parameters = (*self._border.inputs, self._border.output)
        pointers = []
        for tensor_name in parameters:
            tensor = self._graph.tensors[tensor_name]
            pointer = tirx.Var(self._buffer_name(tensor_name), PointerType(PrimType(tensor.dtype)))
            pointers.append(pointer)
            stride = tensor.hwc[1] * tensor.hwc[2] * tensor.item_bytes
            self._places[tensor_name] = _Place(pointer, stride)
        body = self._lower_statement(self._function.body)
        if self._uses_arena:
            pointers.append(self._arena)
        function = tirx.PrimFunc(pointers, body, None, None).with_attr("global_symbol", name)
        return KernelStage(name, function, parameters, self._uses_arena)

    def _buffer_name(self, tensor: str) -> str:
        """From the name that the stage function gave to a parameter; with its tail it is no macro of C."""
        order = [*self._border.inputs, *self._border.constants]
        index = order.index(tensor) if tensor in order else -1
        return f"{self._function.params[index].name}_data"

    def _lower_statement(self, statement: Any) -> Any:
        if isinstance(statement, tirx.SeqStmt):
            parts = [self._lower_statement(s) for s in statement.seq]
            return _sequence(_drop_unused_lets([p for p in parts if p is not None]))
        if isinstance(statement, tirx.For):
            body = self._lower_statement(statement.body)
            return tirx.For(statement.loop_var, statement.min, statement.extent, statement.kind, body)
        if type(statement).__name__ == "SBlockRealize":
            return self._lower_block(statement.block)
        if isinstance(statement, tirx.AllocBuffer):
            return None
        return statement

    def _lower_block(self, block: Any) -> Any:
        op = next((o for o in self._ops if o.name == str(block.annotations.get(OP_ATTRIBUTE, ""))), None)
        if op is None:  # the root block around a whole function
            return self._lower_statement(block.body)
        output = self._graph.output_tensor(op)
        windowed = is_windowed(op, len(output.shape))
        arguments: list[Any] = []
        (written,) = block.writes
        if op.output not in self._places:
            width = written.region[2].extent if len(output.shape) == 4 else output.hwc[1]
            self._places[op.output] = self._tile_place(op, width)
        for tensor_name, region in zip(op.inputs, block.reads[: len(op.inputs)]):
            if tensor_name not in self._graph.constants:
                arguments.append(self._window("mcup_window", tensor_name, region, windowed))
        arguments.append(self._window("mcup_out_window", op.output, written, windowed))
        if slides_window(op):
            arguments += list(block.annotations[PADS_ATTRIBUTE])
        scratch = self._plan.scratch_offset(op.name)
        if scratch is not None:
            arguments.append(self._in_arena(scratch))
        return tirx.Evaluate(tirx.call_extern("void", self._names[op.name], *map(_as_argument, arguments)))

    def _tile_place(self, op: Operator, width: Any) -> _Place:
        tensor = self._graph.output_tensor(op)
        base = self._in_arena(self._plan.tensor_offset(op.output))
        return _Place(base, width * (tensor.hwc[2] * tensor.item_bytes))

    def _in_arena(self, offset: int) -> Any:
        self._uses_arena = True
        return tirx.handle_add_byte_offset(self._arena, offset) if offset else self._arena

    def _window(self, constructor: str, tensor_name: str, region: Any, windowed: bool) -> Any:
        """What the operator function takes: a window by ``constructor`` of kernels.h, or the whole tensor's pointer."""
        tensor, place = self._graph.tensors[tensor_name], self._places[tensor_name]
        height, width, channels = tensor.hwc
        if not windowed:
            return place.base
        if len(tensor.shape) != 4:
            return _call(constructor, place.base, height, width, place.row_stride)
        rows, cols = region.region[1], region.region[2]
        offset = rows.min * place.row_stride + cols.min * (channels * tensor.item_bytes)
        pointer = place.base if _is_zero(offset) else tirx.handle_add_byte_offset(place.base, offset)
        return _call(constructor, pointer, rows.extent, cols.extent, place.row_stride)


def _call(function: str, *arguments: Any) -> Any:
    """A call whose value is an argument; of TVM's types none is a struct, and the C printer does not ask."""
    return tirx.call_extern("void", function, *map(_as_argument, arguments))


def _is_zero(value: Any) -> bool:
    return (isinstance(value, int) and value == 0) or (isinstance(value, tirx.IntImm) and int(value) == 0)


def _as_argument(value: Any) -> Any:
    return tirx.const(value, "int32") if isinstance(value, int) else value


def _sequence(parts: list[Any]) -> Any:
    return parts[0] if len(parts) == 1 else tirx.SeqStmt(parts)


def _drop_unused_lets(statements: list[Any]) -> list[Any]:
    """Leave out the lets that no later statement reads: C compilers warn about them."""
    kept: list[Any] = []
    used: set[Any] = set()
    for statement in reversed(statements):
        if isinstance(statement, tirx.Bind):
            if statement.var not in used:
                continue
            used |= free_variables(tirx.Evaluate(statement.value))
        else:
            used |= free_variables(statement)
        kept.append(statement)
    return kept[::-1]
