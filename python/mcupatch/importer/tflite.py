"""From a quantised .tflite file to a ``Graph``: read, check, convert operator by operator, fold, verify."""

from __future__ import annotations

import numpy as np

from mcupatch.errors import UnsupportedModel
from mcupatch.importer.fold_padding import fold_padding
from mcupatch.importer.tflite_converters.conversion import Conversion, Malformed, NotSupported
from mcupatch.importer.tflite_converters.registry import CONVERTERS
from mcupatch.importer.tflite_reader import TfliteModel, TfliteOperator, TfliteTensor, bad_file, read_tflite
from mcupatch.ir import ops
from mcupatch.ir.graph import Graph
from mcupatch.ir.quant import Rounding
from mcupatch.ir.verify import GraphError, verify_graph

SHAPE_OPERANDS = {"RESHAPE": (1,), "EXPAND_DIMS": (1,)}  # not read: the output's shape is in the file
LAYERS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")


def import_tflite(data: bytes, name: str, rounding: Rounding = Rounding.FIXED) -> Graph:
    """The graph of a quantised model; ``name`` is for messages and names the graph.

    Raises BadInput for a damaged file, UnsupportedModel for a model that mcupatch does not compile.
    """
    model = read_tflite(data, name)
    live = find_live_operators(model, name)
    check_ends(model, live, name)
    check_quantized(model, live, name)
    check_static_shapes(model, live, name)
    conversion = Conversion(model, rounding)
    try:
        inputs = convert_inputs(conversion)
        outputs = [conversion.external(model.tensors[n]) for n in model.outputs]
        convert_operators(conversion, live, name)
        convert_outputs(conversion, outputs)
        graph = fold_padding(conversion.graph(name.removesuffix(".tflite"), inputs, outputs))
        verify_graph(graph)
    except NotSupported as problem:
        raise UnsupportedModel(f"{name} has a model input or output that {problem}.") from problem
    except (GraphError, Malformed, ValueError) as problem:
        raise bad_file(name, str(problem)) from problem
    return graph


def find_live_operators(model: TfliteModel, name: str) -> list[TfliteOperator]:
    """The operators that some output depends on, in the file's order; a shape that is computed is not followed."""
    needed = set(model.outputs)
    live: list[TfliteOperator] = []
    for op in reversed(model.operators):
        if needed.isdisjoint(op.outputs):
            continue
        unread = SHAPE_OPERANDS.get(op.kind, ())
        needed.update(n for i, n in enumerate(op.inputs) if n >= 0 and i not in unread)
        live.append(op)
    return live[::-1]


def check_ends(model: TfliteModel, live: list[TfliteOperator], name: str) -> None:
    """Inputs and outputs are there, distinct, computed and read. Raises BadInput or UnsupportedModel."""
    for what, numbers in (("inputs", model.inputs), ("outputs", model.outputs)):
        if not numbers:
            raise bad_file(name, f"it has no {what}")
        if len(set(numbers)) != len(numbers):
            raise UnsupportedModel(f"{name} lists a tensor twice among its {what}: export it once.")
    written = {n for op in model.operators for n in op.outputs}
    for number in model.outputs:
        if number not in written:
            tensor = model.tensors[number]
            raise UnsupportedModel(
                f"{name} has the output {describe(tensor)} that no operator computes: remove it from the outputs."
            )
    read = {n for op in live for n in op.inputs}
    for number in model.inputs:
        tensor = model.tensors[number]
        if number not in read:
            raise UnsupportedModel(f"{name} has the input {describe(tensor)} that nothing reads: remove it.")
        if number in written or tensor.data is not None:
            raise bad_file(name, f"its input {describe(tensor)} is also computed or constant")


def check_quantized(model: TfliteModel, live: list[TfliteOperator], name: str) -> None:
    """Raises UnsupportedModel if the weights, or the activations of layers with weights, are floating point."""
    layers = [op for op in live if op.kind in LAYERS and len(op.inputs) >= 2 and min(op.inputs[:2]) >= 0]
    for position, what in ((1, "weights"), (0, "activations")):
        if layers and all(model.tensors[op.inputs[position]].dtype.startswith("float") for op in layers):
            raise UnsupportedModel(
                f"{name} is a float model: its {what} are floating point. Quantise it to int8 first "
                "(full integer quantisation after training, with a representative data set)."
            )


def check_static_shapes(model: TfliteModel, live: list[TfliteOperator], name: str) -> None:
    """Raises UnsupportedModel for a side known only at run time, or a batch other than 1."""
    numbers = [*model.inputs, *(n for op in live for n in op.outputs)]
    for tensor in (model.tensors[n] for n in numbers):
        if -1 in tensor.signature[1:]:
            raise UnsupportedModel(
                f"{name} has a dynamic shape: {describe(tensor)} is {list(tensor.signature)}. "
                "Export it with a fixed input size."
            )
    for tensor in (model.tensors[n] for n in model.inputs):
        if len(tensor.shape) >= 3 and tensor.shape[0] != 1:
            raise UnsupportedModel(
                f"{name} takes a batch of {tensor.shape[0]} ({describe(tensor)}). Export it with a batch of 1."
            )


def convert_inputs(conversion: Conversion) -> list[str]:
    """Declare the model inputs; a uint8 one gets the operator that makes it int8."""
    names = []
    for i, number in enumerate(conversion.model.inputs):
        tensor = conversion.model.tensors[number]
        outside, inside = conversion.external(tensor), conversion.declare(tensor)
        if outside != inside:
            conversion.add(flip_sign_bit(conversion.end_name(f"lut_input_{i}"), outside, inside))
        names.append(outside)
    return names


def convert_outputs(conversion: Conversion, names: list[str]) -> None:
    """Add the operator that makes a uint8 output of the int8 tensor inside."""
    for i, (number, outside) in enumerate(zip(conversion.model.outputs, names)):
        inside = conversion.declare(conversion.model.tensors[number])
        if outside != inside:
            conversion.add(flip_sign_bit(conversion.end_name(f"lut_output_{i}"), inside, outside))


def flip_sign_bit(name: str, source: str, target: str) -> ops.Lut:
    """uint8 to int8 or back: the same number less or more 128."""
    table = (np.arange(256) ^ 0x80).astype(np.uint8).view(np.int8)
    return ops.Lut(name=name, inputs=(source,), output=target, table=table)


def convert_operators(conversion: Conversion, live: list[TfliteOperator], name: str) -> None:
    """Convert all; what cannot be converted is collected into one UnsupportedModel."""
    problems: list[str] = []
    for op in live:
        try:
            if op.kind not in CONVERTERS:
                raise NotSupported("is not known to mcupatch")
            CONVERTERS[op.kind](conversion, op)
        except NotSupported as problem:
            problems.append(f"{place(conversion.model, op)} {problem}")
        except (Malformed, ValueError, ArithmeticError, LookupError) as problem:
            raise bad_file(name, f"{place(conversion.model, op)} is wrong: {problem}") from problem
    if problems:
        count = "an operator" if len(problems) == 1 else f"{len(problems)} operators"
        raise UnsupportedModel(
            f"{name} holds {count} that mcupatch does not compile:\n"
            + "\n".join(f"  {problem}" for problem in problems)
            + f"\nReplace them, or cut the model before them. Known are: {', '.join(sorted(CONVERTERS))}."
        )


def place(model: TfliteModel, op: TfliteOperator) -> str:
    outputs = ", ".join(describe(model.tensors[n]) for n in op.outputs)
    return f"operator {op.index}, {op.kind} (output {outputs or 'none'}),"


def describe(tensor: TfliteTensor) -> str:
    return repr(tensor.name) if tensor.name else f"tensor {tensor.number}"
