"""From the tiled program to C: constants, operator functions, stages, entry, header."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

import mcupatch
from mcupatch.emit.c_text import c_array, c_array_declaration, c_comment, wrap_c
from mcupatch.emit.csources import CSources, Port
from mcupatch.emit.interface import print_entry, print_header
from mcupatch.emit.names import UniqueIdentifiers, c_identifier, unique_identifiers
from mcupatch.emit.object_stages import emit_object_stages
from mcupatch.emit.operator_functions import emit_operator_function
from mcupatch.emit.reduction_functions import emit_reduction_functions
from mcupatch.emit.row_sources import fetch_function, print_fetches, reserved_functions
from mcupatch.emit.stage_functions import print_stages
from mcupatch.emit.workspace import find_own_bytes, find_pools, name_plan_pools
from mcupatch.ir.access import is_reduction
from mcupatch.ir.graph import Graph
from mcupatch.memory.plan import BufferKind, MemoryPlan
from mcupatch.packing.choose import choose_kernels
from mcupatch.packing.kernel_choice import KernelChoice
from mcupatch.program.op_codec import operator_arrays
from mcupatch.program.relax_ops import bound_values, is_stage_call
from mcupatch.program.stage_function import STAGE_ATTRIBUTE, TABLES_ATTRIBUTE
from mcupatch.row_formats import RowSource
from mcupatch.transform.lower_to_kernels import FunctionNames, KernelStage, lower_stage_to_kernels
from mcupatch.tvm_api import IRModule, constant_value, legalize

OperatorArrays = dict[str, dict[str, str]]


def emit_model(
    module: IRModule,
    graph: Graph,
    plan: MemoryPlan,
    name: str,
    provenance: str = "",
    choices: Mapping[str, KernelChoice] | None = None,
    rows: Mapping[str, RowSource] | None = None,
    object_cpu: str | None = None,
) -> CSources:
    """The C of ``module`` (after ``FusePatches``), laid out in the arena of ``plan``, which is of the same schedule.

    ``name`` becomes the prefix ``tvmgen_NAME``; ``provenance`` is written into every file. ``choices``: the kernels by
    operator name (operators without one run on general kernels); None: those of ``choose_kernels``. ``rows``: what the
    streamed inputs come from in a firmware, by name; raw values without it. ``object_cpu``: the core for which TVM's
    LLVM makes an object of the stages; None: they are C.
    """
    name = c_identifier(name, "model")
    prefix = f"tvmgen_{name}"
    provenance = provenance or f"Made by mcupatch {mcupatch.__version__} from {graph.name}."
    choices = choose_kernels(graph) if choices is None else choices
    pools = find_pools(plan)
    pool_names = name_plan_pools(plan, pools)
    inputs = _ports(graph, graph.inputs, plan, pool_names, "input", rows or {})
    outputs = _ports(graph, graph.outputs, plan, pool_names, "output", {})
    identifiers = UniqueIdentifiers(reserved_functions(prefix, inputs))
    function_names = {
        op.name: identifiers.take(f"{prefix}_{c_identifier(op.name, 'op')}") for op in graph.ops
    }
    arrays, constants, definitions = _name_arrays(graph, choices, prefix, function_names, identifiers)
    names = _name_functions(graph, prefix, inputs, function_names, identifiers)
    stages = _lower_stages(module, graph, plan, names, identifiers, pool_names)

    places = {n: _place(plan, n, pool_names) for s in stages for n in s.parameters}
    operators = _emit_operators(graph, choices, plan, stages, names, arrays, constants)
    stage_text, objects = print_fetches(prefix, inputs) + print_stages(stages, names.fetch.values()), {}
    if object_cpu is not None:
        stage_text, code = emit_object_stages(stages, prefix, inputs, object_cpu)
        objects[f"{name}_lib0.o"] = code
    banner = f"/* {c_comment(provenance)} */\n"
    weights_header, operators_header = f"{prefix}_weights.h", f"{prefix}_operators.h"
    return CSources(
        name=name,
        sources={
            f"{prefix}.c": banner
            + f'#include "{prefix}.h"\n#include "{operators_header}"\n#include <stdbool.h>\n\n'
            + wrap_c(stage_text + "\n" + print_entry(prefix, stages, inputs, outputs, pools, places)),
            f"{prefix}_operators.c": banner
            + f'#include "{operators_header}"\n#include "{weights_header}"\n\n'
            + wrap_c("\n".join(definition for _, definition in operators)),
            f"{prefix}_weights.c": banner
            + f'#include "{weights_header}"\n\n'
            + "\n".join(c_array(n, a) for n, a in definitions.items()),
        },
        headers={
            f"{prefix}.h": print_header(prefix, inputs, outputs, pools, provenance),
            operators_header: _guarded(
                operators_header,
                banner,
                '#include "mcupatch/kernels.h"\n\n' + wrap_c("".join(p for p, _ in operators)),
            ),
            weights_header: _guarded(
                weights_header, banner, "".join(c_array_declaration(n, a) for n, a in definitions.items())
            ),
        },
        inputs=inputs,
        outputs=outputs,
        pools=pools,
        weights_bytes=sum(a.nbytes for a in definitions.values()),
        operators={op.name: names.functions_of(op.name) for op in graph.ops},
        objects=objects,
        stages={stage.name: find_own_bytes(plan, *stage.steps) for stage in stages},
    )


def _name_arrays(
    graph: Graph,
    choices: Mapping[str, KernelChoice],
    prefix: str,
    function_names: dict[str, str],
    identifiers: UniqueIdentifiers,
) -> tuple[OperatorArrays, dict[str, str], dict[str, NDArray[np.generic]]]:
    """C names of every operator's arrays, of the graph's constants, and all definitions by C name."""
    definitions: dict[str, NDArray[np.generic]] = {}
    arrays: OperatorArrays = {}
    for op in graph.ops:
        arrays[op.name] = {}
        chosen = choices.get(op.name)
        for key, array in (operator_arrays(op) if chosen is None else chosen.pack()).items():
            c_name = identifiers.take(f"{function_names[op.name]}_{key.replace('.', '_')}")
            arrays[op.name][key] = c_name
            definitions[c_name] = array
    constants = {n: identifiers.take(f"{prefix}_constant_{c_identifier(n, 'c')}") for n in graph.constants}
    definitions |= {c_name: graph.constants[n] for n, c_name in constants.items()}
    return arrays, constants, definitions


def _name_functions(
    graph: Graph,
    prefix: str,
    inputs: tuple[Port, ...],
    run: dict[str, str],
    identifiers: UniqueIdentifiers,
) -> FunctionNames:
    """The C names of what the stages call; ``run`` are those of the operators."""
    reductions = [op.name for op in graph.ops if is_reduction(graph, op)]
    return FunctionNames(
        run,
        {name: identifiers.take(f"{run[name]}_add") for name in reductions},
        {name: identifiers.take(f"{run[name]}_finish") for name in reductions},
        {port.tensor.name: fetch_function(prefix, port) for port in inputs if port.streamed},
    )


def _lower_stages(
    module: IRModule,
    graph: Graph,
    plan: MemoryPlan,
    names: FunctionNames,
    identifiers: UniqueIdentifiers,
    pool_names: tuple[str, ...],
) -> list[KernelStage]:
    """The calls of ``main`` in order, each as a stage of kernel calls."""
    lowered = legalize(module)
    stages = []
    for call in filter(is_stage_call, bound_values(lowered)):
        function = lowered[call.args[0]]
        ops = [str(n) for n in function.attrs[STAGE_ATTRIBUTE]]
        stem = names.run[ops[0]] + (f"_to_{c_identifier(ops[-1])}" if len(ops) > 1 else "")
        arguments = call.args[1].fields
        tables = arguments[len(arguments) - int(function.attrs[TABLES_ATTRIBUTE]) :]
        values = tuple(np.asarray(constant_value(table)) for table in tables)
        name = identifiers.take(f"{stem}_stage")
        stages.append(lower_stage_to_kernels(function, values, graph, plan, name, names, pool_names))
    return stages


def _emit_operators(
    graph: Graph,
    choices: Mapping[str, KernelChoice],
    plan: MemoryPlan,
    stages: list[KernelStage],
    names: FunctionNames,
    arrays: OperatorArrays,
    constants: dict[str, str],
) -> list[tuple[str, str]]:
    """Prototypes and definitions of the functions that the stages call."""
    accumulating = {name for stage in stages for name in stage.accumulating}
    functions = []
    for op in graph.ops:
        if op.name in accumulating:
            add, finish = names.add[op.name], names.finish[op.name]
            functions.append(emit_reduction_functions(graph, op, add, finish, arrays[op.name]))
            continue
        has_scratch = plan.scratch(op.name) is not None
        functions.append(
            emit_operator_function(
                graph, op, names.run[op.name], arrays[op.name], constants, has_scratch, choices.get(op.name)
            )
        )
    return functions


def _place(plan: MemoryPlan, tensor: str, pool_names: tuple[str, ...]) -> tuple[str, int]:
    """The C name of the pool that holds an activation, and the offset there."""
    placed = plan.tensor(tensor)
    return pool_names[placed.pool], placed.offset


def _ports(
    graph: Graph,
    names: tuple[str, ...],
    plan: MemoryPlan,
    pool_names: tuple[str, ...],
    fallback: str,
    rows: Mapping[str, RowSource],
) -> tuple[Port, ...]:
    """An input of which the plan holds a window of rows is streamed: it has no place of its own."""
    c_names = unique_identifiers(names, fallback)
    windows = {p.buffer.name for p in plan.placed if p.buffer.kind is BufferKind.WINDOW}
    ports = []
    for name in names:
        pool, offset = _place(plan, name, pool_names)
        place = None if name in windows else offset
        ports.append(Port(c_names[name], graph.tensors[name], place, pool, rows.get(name, RowSource())))
    return tuple(ports)


def _guarded(file_name: str, banner: str, text: str) -> str:
    guard = c_identifier(file_name.upper().replace(".", "_"))
    return f"{banner}#ifndef {guard}\n#define {guard}\n\n#include <stddef.h>\n#include <stdint.h>\n\n{text}\n#endif\n"
