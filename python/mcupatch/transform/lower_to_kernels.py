"""For a microcontroller: a stage's blocks become calls of operator functions on windows.

    with sblock("conv1"):                      tvmgen_net_conv1(mcup_window(x + row * 57, rows, cols, 57),
        sblock_attr(mcupatch.inputs=[...]) -->                  mcup_out_window(arena + 128, rows, cols, 64),
        loops                                                   pad_top, pad_left, arena + 64)

Row windows, tiles, caches and sums become places of the arena; parameters become plain pointers; the constants
disappear, because each operator function has its own bound in, and the tables become functions of their index. An
operator function takes, for each input that is an activation and then for its output, a window, then
``pad_top, pad_left`` if it slides a window, then its scratch if it has one; operators that work on whole tensors take
pointers. A reduction that accumulates has two functions: ``add(window, sums)`` and ``finish(sums, output)``.
What they get of a window is a pointer: where it is kept is the business of what prints the stage.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcupatch.ir.access import slides_window
from mcupatch.ir.graph import Graph
from mcupatch.ir.ops import Operator
from mcupatch.memory.plan import MemoryPlan, PlacedBuffer
from mcupatch.program.bodies import is_windowed
from mcupatch.program.places import Storage
from mcupatch.program.segment_body import (
    CLEAR_ATTRIBUTE,
    FETCH_ATTRIBUTE,
    GUARDS_ATTRIBUTE,
    INPUTS_ATTRIBUTE,
    MOVE_ATTRIBUTE,
    OP_ATTRIBUTE,
    OUTPUT_ATTRIBUTE,
    PADS_ATTRIBUTE,
)
from mcupatch.program.stage_function import COUNTERS, STAGE_ATTRIBUTE, TABLES_ATTRIBUTE, find_stage_tensors
from mcupatch.transform.scoped_lets import ScopedLets, sequence
from mcupatch.tvm_api import PointerType, PrimType, TensorLoad, tirx


@dataclass(frozen=True)
class FunctionNames:
    """The C functions that stages call: by operator, and ``fetch`` by streamed input."""

    run: Mapping[str, str]
    add: Mapping[str, str]
    finish: Mapping[str, str]
    fetch: Mapping[str, str]

    def functions_of(self, op: str) -> tuple[str, ...]:
        """All that may run the operator: whole, or a reduction in parts."""
        return tuple(names[op] for names in (self.run, self.add, self.finish) if op in names)


@dataclass(frozen=True, eq=False)
class KernelStage:
    """A stage for the C printer. ``parameters`` are the tensors behind its pointer parameters, in order.

    More follow: pointers to those ``pools`` of the arena that it uses, by their C names. ``tables`` are the functions
    ``int32_t name(int32_t)`` that it calls for numbers that follow no rule, with what they return. ``accumulating``
    are its reductions that use sums. ``steps`` are its operators [first, last].
    """

    name: str
    function: Any
    parameters: tuple[str, ...]
    pools: tuple[str, ...]
    tables: Mapping[str, NDArray[np.generic]]
    accumulating: tuple[str, ...]
    steps: tuple[int, int]


def lower_stage_to_kernels(
    function: Any,
    tables: tuple[NDArray[np.generic], ...],
    graph: Graph,
    plan: MemoryPlan,
    name: str,
    names: FunctionNames,
    pools: Sequence[str] = ("arena",),
) -> KernelStage:
    """Rewrite a stage function (``build_stage_function``) and its tables into calls of the functions in ``names``.

    ``pools`` are the C names of the plan's pools, in order.
    """
    return _Lowering(function, tables, graph, plan, name, names, pools).lower()


class _Lowering:
    def __init__(
        self,
        function: Any,
        tables: tuple[NDArray[np.generic], ...],
        graph: Graph,
        plan: MemoryPlan,
        name: str,
        names: FunctionNames,
        pools: Sequence[str],
    ) -> None:
        self._function, self._graph, self._plan = function, graph, plan
        self._name, self._names = name, names
        ops = [str(n) for n in function.attrs[STAGE_ATTRIBUTE]]
        first = next(i for i, op in enumerate(graph.ops) if op.name == ops[0])
        self._ops = {op.name: op for op in graph.ops[first : first + len(ops)]}
        self._steps = first, first + len(ops) - 1
        self._border = find_stage_tensors(graph, *self._steps)
        self._pointers: dict[str, Any] = {}
        self._pool_names = tuple(pools)
        self._pools = {pool: tirx.Var(pool, PointerType(PrimType("uint8"))) for pool in pools}
        self._used_pools: set[str] = set()
        self._accumulating: list[str] = []
        self._lets = ScopedLets()
        outputs = len(self._border.outputs)
        count = int(function.attrs[TABLES_ATTRIBUTE])
        last = len(function.params) - outputs
        buffers = function.params[last - count : last]
        self._table_names = {buffer: f"{name}_{buffer.name}" for buffer in buffers}
        self._tables = dict(zip(self._table_names.values(), tables, strict=True))

    def lower(self) -> KernelStage:
        parameters = (*self._border.inputs, *self._border.outputs)
        for tensor in parameters:
            dtype = self._graph.tensors[tensor].dtype
            self._pointers[tensor] = tirx.Var(self._parameter_name(tensor), PointerType(PrimType(dtype)))
        body = self._lower_statement(self._function.body)
        pools = {name: pool for name, pool in self._pools.items() if name in self._used_pools}
        function = tirx.PrimFunc([*self._pointers.values(), *pools.values()], body, None, None)
        return KernelStage(
            self._name,
            function.with_attr("global_symbol", self._name),
            parameters,
            tuple(pools),
            self._tables,
            tuple(self._accumulating),
            self._steps,
        )

    def _parameter_name(self, tensor: str) -> str:
        """From the name that the stage function gave to a parameter; with its tail it is no macro of C."""
        border, params = self._border, self._function.params
        first = [*border.inputs, *border.constants]
        if tensor in first:
            return f"{params[first.index(tensor)].name}_data"
        return f"{params[len(params) - len(border.outputs) + border.outputs.index(tensor)].name}_data"

    def _lower_statement(self, statement: Any) -> Any:
        """The statement in C's terms, None if nothing is left of it."""
        if isinstance(statement, tirx.SeqStmt):
            return self._lower_sequence(list(statement.seq))
        if isinstance(statement, tirx.For):
            with self._lets.scope(statement.loop_var) as lets:
                body = self._lower_statement(statement.body)
            body = sequence([*lets, body])
            return tirx.For(statement.loop_var, statement.min, statement.extent, statement.kind, body)
        if isinstance(statement, tirx.IfThenElse):
            with self._lets.scope() as lets:
                condition = self._lower_condition(statement)
                then_case = self._lower_statement(statement.then_case)
            return sequence([*lets, tirx.IfThenElse(condition, then_case, None)])
        if type(statement).__name__ == "SBlockRealize":
            with self._lets.scope() as lets:
                block = self._lower_block(statement.block)
            return sequence([*lets, block])
        if isinstance(statement, tirx.AllocBuffer) and statement.buffer.name != COUNTERS:
            return None
        return statement

    def _lower_sequence(self, statements: list[Any]) -> Any:
        """What follows a let may need lets of its own right behind it."""
        parts: list[Any] = []
        for i, statement in enumerate(statements):
            if isinstance(statement, tirx.Bind):
                let = tirx.Bind(statement.var, self._lower_table(statement.value))
                with self._lets.scope(let.var) as lets:
                    rest = self._lower_sequence(statements[i + 1 :])
                return sequence([*parts, let, *lets, rest])
            parts.append(self._lower_statement(statement))
        return sequence(parts)

    def _lower_condition(self, statement: Any) -> Any:
        """Around a block that may have nothing to do, in the names of its numbers."""
        block = getattr(statement.then_case, "block", None)
        if block is None or GUARDS_ATTRIBUTE not in block.annotations:
            return statement.condition
        return tirx.all(*(self._number(guard) > 0 for guard in block.annotations[GUARDS_ATTRIBUTE]))

    def _number(self, value: Any) -> Any:
        """A number of an annotation: a constant, or a variable that is set where its step or tile begins."""
        if isinstance(value, int):
            return value
        if isinstance(value, tirx.IntImm):
            return int(value)
        name, number = value
        value = self._lower_table(number)
        # An entry of a table is loaded where it is used: from the top of the loop it would wait on the stack.
        return self._lets.variable(str(name), value, late=value is not number)

    def _lower_table(self, value: Any) -> Any:
        """An entry of a table, cast to int32 where it is narrower, becomes a call."""
        load = value.value if isinstance(value, tirx.Cast) else value
        if isinstance(load, TensorLoad) and load.source in self._table_names:
            return tirx.call_extern("int32", self._table_names[load.source], load.indices[0])
        return value

    def _lower_block(self, block: Any) -> Any:
        found = block.annotations
        if OP_ATTRIBUTE in found:
            return self._lower_operator(self._ops[str(found[OP_ATTRIBUTE])], found)
        if MOVE_ATTRIBUTE in found:
            rows, cols = map(self._number, found[MOVE_ATTRIBUTE][:2])
            source, target = found[MOVE_ATTRIBUTE][2:]
            places = (v for spot in (source, target) for v in (self._pointer(spot), self._row_stride(spot)))
            return _statement("mcup_move", rows, cols * self._pixel_bytes(source), *places)
        if FETCH_ATTRIBUTE in found:
            row, target = found[FETCH_ATTRIBUTE]
            tensor = str(target[1])
            fetch = self._names.fetch[tensor]
            return _statement(fetch, self._pointers[tensor], row, self._pointer(target), dtype="int32")
        if CLEAR_ATTRIBUTE in found:
            op = self._ops[str(found[CLEAR_ATTRIBUTE])]
            self._accumulating.append(op.name)
            channels = self._graph.tensors[op.inputs[0]].hwc[2]
            return _statement("mcup_clear_sums", channels, self._sums(op))
        return self._lower_statement(block.body)  # the root block around the whole function

    def _lower_operator(self, op: Operator, found: Any) -> Any:
        if OUTPUT_ATTRIBUTE not in found:
            (area,) = found[INPUTS_ATTRIBUTE]
            return _statement(self._names.add[op.name], self._input(area), self._sums(op))
        output = found[OUTPUT_ATTRIBUTE]
        if INPUTS_ATTRIBUTE not in found:
            return _statement(self._names.finish[op.name], self._sums(op), self._pointer(output[3]))
        if is_windowed(op, len(self._graph.output_tensor(op).shape)):
            arguments = [self._input(area) for area in found[INPUTS_ATTRIBUTE]]
            rows, cols, spot = self._number(output[0]), self._number(output[1]), output[3]
            place = (self._pointer(spot), rows, cols, self._row_stride(spot))
            arguments.append(_value("mcup_out_window", *place))
        else:
            arguments = [self._pointer(area[3]) for area in (*found[INPUTS_ATTRIBUTE], output)]
        if slides_window(op):
            arguments += map(self._number, found[PADS_ATTRIBUTE])
        scratch = self._plan.scratch(op.name)
        if scratch is not None:
            arguments.append(self._in_arena(scratch))
        return _statement(self._names.run[op.name], *arguments)

    def _input(self, area: Any) -> Any:
        """An area of one or two places as ``mcup_input``."""
        places = [(self._pointer(spot), self._row_stride(spot)) for spot in area[3:]]
        rows, cols = map(self._number, area[:2])
        if len(places) == 1:
            ((pointer, stride),) = places
            return _value("mcup_window", pointer, rows, cols, stride)
        (upper, upper_stride), (lower, lower_stride) = places
        upper_rows = self._number(area[2])
        return _value("mcup_split_window", upper, upper_rows, upper_stride, lower, lower_stride, rows, cols)

    def _pointer(self, spot: Any) -> Any:
        storage, tensor = Storage(str(spot[0])), str(spot[1])
        row, col = map(self._number, spot[2:4])
        offset = row * self._row_stride(spot) + col * self._pixel_bytes(spot)
        if storage is Storage.WHOLE:
            return _add_bytes(self._pointers[tensor], offset)
        placed = self._plan.cache(tensor) if storage is Storage.CACHE else self._plan.tensor(tensor)
        return self._in_arena(placed, offset)

    def _row_stride(self, spot: Any) -> int:
        return int(spot[4]) * self._pixel_bytes(spot)

    def _pixel_bytes(self, spot: Any) -> int:
        tensor = self._graph.tensors[str(spot[1])]
        return tensor.hwc[2] * tensor.item_bytes

    def _sums(self, op: Operator) -> Any:
        return self._in_arena(self._plan.sums(op.name))

    def _in_arena(self, placed: PlacedBuffer, offset: Any = 0) -> Any:
        pool = self._pool_names[placed.pool]
        self._used_pools.add(pool)
        return _add_bytes(self._pools[pool], placed.offset + offset)


def _statement(function: str, *arguments: Any, dtype: str = "void") -> Any:
    return tirx.Evaluate(tirx.call_extern(dtype, function, *map(_as_argument, arguments)))


def _value(function: str, *arguments: Any) -> Any:
    """A call whose value is an argument; of TVM's types none is a struct, and the C printer does not ask."""
    return tirx.call_extern("void", function, *map(_as_argument, arguments))


def _add_bytes(pointer: Any, offset: Any) -> Any:
    return pointer if _is_zero(offset) else tirx.handle_add_byte_offset(pointer, offset)


def _is_zero(value: Any) -> bool:
    return (isinstance(value, int) and value == 0) or (isinstance(value, tirx.IntImm) and int(value) == 0)


def _as_argument(value: Any) -> Any:
    return tirx.const(value, "int32") if isinstance(value, int) else value
