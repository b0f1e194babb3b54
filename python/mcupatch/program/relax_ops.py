"""The int8 operators as Relax operators: ``mcupatch.conv2d`` and the others, known to TVM like its own.

Each has a type rule and a legalisation, so that ``LegalizeOps`` (in every TVM pipeline) turns what no pass has
fused into TIR. A call carries the operator's attributes, its name, and its output tensor's name, shape, element
type and quantisation; its arguments are the activations and then the constant arrays.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcupatch.ir.graph import Graph
from mcupatch.ir.ops import OPERATOR_TYPES, Operator
from mcupatch.ir.quant import QuantParams
from mcupatch.ir.tensor import Tensor
from mcupatch.program.op_codec import decode_operator, encode_operator, operator_arrays
from mcupatch.program.stage_function import build_stage_function, find_stage_tensors
from mcupatch.schedule.stage import Stage
from mcupatch.schedule.whole import whole_operator
from mcupatch.tvm_api import Call, IRModule, constant_value, make_attrs, register_relax_op, relax

PREFIX = "mcupatch."


def make_call(graph: Graph, op: Operator, activations: list[Any]) -> Any:
    """The Relax call of ``op``; ``activations`` are its distinct inputs (``dict.fromkeys(op.inputs)``) in order."""
    attributes, arrays = encode_operator(op)
    tensor = graph.output_tensor(op)
    attrs = make_attrs(
        **attributes,
        name=op.name,
        inputs=list(op.inputs),
        arrays=list(arrays),
        **encode_tensor(tensor),
    )
    constants = [make_constant(array) for array in arrays.values()]
    return Call(find_relax_op(op.kind), [*activations, *constants], attrs)


def make_constant(array: NDArray[np.generic]) -> Any:
    """A Relax constant of the array's own type (left alone, TVM makes float32 of float64)."""
    return relax.const(np.ascontiguousarray(array), array.dtype.name)


def encode_tensor(tensor: Tensor) -> dict[str, Any]:
    quant = [tensor.quant.scale, float(tensor.quant.zero_point)] if tensor.quant else []
    return {"tensor": tensor.name, "shape": list(tensor.shape), "dtype": tensor.dtype, "quant": quant}


def decode_tensor(attributes: Any) -> Tensor:
    quant = [float(v) for v in attributes["quant"]]
    return Tensor(
        str(attributes["tensor"]),
        tuple(int(n) for n in attributes["shape"]),
        str(attributes["dtype"]),
        QuantParams(quant[0], int(quant[1])) if quant else None,
    )


def decode_call(call: Any) -> tuple[Operator, Tensor]:
    """The operator and the output tensor of a call made by ``make_call``."""
    attributes = {str(k): call.attrs[k] for k in call.attrs.keys()}  # noqa: SIM118 (an FFI map)
    inputs = tuple(str(n) for n in attributes["inputs"])
    keys = [str(k) for k in attributes["arrays"]]
    constants = call.args[len(call.args) - len(keys) :]
    arrays = {key: np.asarray(constant_value(c)) for key, c in zip(keys, constants)}
    tensor = decode_tensor(attributes)
    kind = call.op.name[len(PREFIX) :]
    return decode_operator(kind, str(attributes["name"]), inputs, tensor.name, attributes, arrays), tensor


def is_operator_call(expr: Any) -> bool:
    """Whether ``expr`` is a call of one of the int8 operators."""
    return isinstance(expr, Call) and getattr(expr.op, "name", "").startswith(PREFIX)


def is_stage_call(expr: Any) -> bool:
    """Whether ``expr`` calls a TIR function: a fused stage, or an operator that was legalised."""
    return getattr(getattr(expr, "op", None), "name", "") == "relax.call_tir"


def bound_values(module: IRModule) -> list[Any]:
    """What ``main`` binds to variables, in order."""
    return [binding.value for block in module["main"].body.blocks for binding in block.bindings]


def activation_arguments(call: Any) -> list[Any]:
    """The arguments of a call that are activations or constants of the graph, not arrays of the operator."""
    return list(call.args[: len(call.args) - len(call.attrs["arrays"])])


def find_relax_op(kind: str) -> Any:
    """The registered Relax operator of an operator kind; registers it on first use."""
    rules = {"FInferType": _infer_type, "FPurity": True, "FLegalize": _legalize}
    return register_relax_op(PREFIX + kind, f"mcupatch int8 operator {kind}", rules)


def register_all() -> None:
    """Register every operator, so that a module read from a file can be used."""
    for operator in OPERATOR_TYPES:
        find_relax_op(operator.kind)


def _infer_type(call: Any, _context: Any) -> Any:
    tensor = decode_tensor(call.attrs)
    return relax.TensorType(tensor.shape, tensor.dtype)


def _legalize(builder: Any, call: Any) -> Any:
    """The operator alone, as a stage of one tile over whole tensors."""
    op, output = decode_call(call)
    arguments = activation_arguments(call)
    tensors = {output.name: output}
    for name, argument in zip(dict.fromkeys(op.inputs), arguments):
        shape = tuple(int(n) for n in argument.ty.shape)
        tensors[name] = Tensor(name, shape, str(argument.ty.dtype))
    graph = Graph("operator", tuple(dict.fromkeys(op.inputs)), (op.output,), (op,), tensors)
    stage = whole_operator(graph, 0)
    values = dict(zip(tensors_in_order(graph, stage), arguments))
    return call_stage(builder, graph, stage, op.name, values)


def tensors_in_order(graph: Graph, stage: Stage) -> tuple[str, ...]:
    """The stage's input tensors and graph constants, in the order of its parameters."""
    border = find_stage_tensors(graph, stage.first, stage.last)
    return (*border.inputs, *border.constants)


def call_stage(
    builder: Any,
    graph: Graph,
    stage: Stage,
    name: str,
    values: dict[str, Any],
    streamed: tuple[str, ...] = (),
) -> Any:
    """Add the stage's function to the module and call it on ``values`` (Relax expressions by tensor name).

    The call gives the stage's output, or a tuple of its outputs.
    """
    built = build_stage_function(graph, stage, name, streamed)
    function = builder.add_func(built.prim_func, name)
    ops = graph.ops[stage.first : stage.last + 1]
    arrays = [array for op in ops for array in operator_arrays(op).values()]
    arguments = [values[n] for n in tensors_in_order(graph, stage)]
    outputs = [graph.tensors[n] for n in find_stage_tensors(graph, stage.first, stage.last).outputs]
    types = [relax.TensorType(tensor.shape, tensor.dtype) for tensor in outputs]
    constants = [make_constant(array) for array in (*arrays, *built.tables)]
    return relax.call_tir(function, [*arguments, *constants], types[0] if len(types) == 1 else types)
