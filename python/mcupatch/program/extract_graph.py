"""The frozen view of the program: from the Relax function back to a ``Graph``."""

from __future__ import annotations

from typing import Any

import numpy as np

from mcupatch.errors import UnsupportedModel
from mcupatch.ir.graph import Graph
from mcupatch.ir.ops import Operator
from mcupatch.ir.tensor import Tensor
from mcupatch.program.build_module import MODEL_ATTRIBUTE
from mcupatch.program.relax_ops import (
    activation_arguments,
    bound_values,
    decode_call,
    decode_tensor,
    is_operator_call,
    is_stage_call,
)
from mcupatch.tvm_api import IRModule, constant_value


def extract_graph(module: IRModule) -> Graph:
    """The graph of a module made by ``build_module``, whatever passes have renamed since.

    Raises UnsupportedModel if ``main`` holds anything but the int8 operators (a module that was lowered already).
    """
    description = module.attrs[MODEL_ATTRIBUTE] if module.attrs and MODEL_ATTRIBUTE in module.attrs else None
    if description is None:
        raise UnsupportedModel(
            "This IRModule was not made by mcupatch.import_model; import the model file with it."
        )
    inputs = [decode_tensor(t) for t in description["inputs"]]
    tensors: dict[str, Tensor] = {t.name: t for t in inputs}
    constants: dict[str, Any] = {}
    constant_tensors = {t.name: t for t in (decode_tensor(t) for t in description["constants"])}
    ops: list[Operator] = []
    for value in bound_values(module):
        if is_operator_call(value):
            op, tensor = decode_call(value)
            for name, argument in zip(dict.fromkeys(op.inputs), activation_arguments(value)):
                constant = constant_value(argument)
                if constant is not None and name not in constants:
                    constants[name] = np.asarray(constant)
                    tensors[name] = constant_tensors[name]
            ops.append(op)
            tensors[tensor.name] = tensor
        elif is_stage_call(value):
            raise UnsupportedModel(
                "This IRModule was lowered or fused already: apply the pass to the imported one."
            )
    outputs = tuple(str(n) for n in description["outputs"])
    return Graph(
        str(description["name"]), tuple(t.name for t in inputs), outputs, tuple(ops), tensors, constants
    )
