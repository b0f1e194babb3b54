"""
Add an operator
===============

ABS is not known to mcupatch. It is a function of one byte, so it needs a table of 256 entries and one converter: here the
converter is written, and the result is compared with LiteRT's own kernel. An operator with loops of its own
takes more; docs/adding-an-operator.md lists the steps.

    .venv/bin/python tutorials/06_add_an_operator.py
"""

from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

import numpy as np
from tflite import BuiltinOperator

import mcupatch
from mcupatch.errors import UnsupportedModel
from mcupatch.importer.tflite_converters import registry
from mcupatch.importer.tflite_converters.conversion import Conversion
from mcupatch.importer.tflite_converters.table_arithmetic import real_function_table
from mcupatch.importer.tflite_converters.tables import convert_with_table
from mcupatch.importer.tflite_reader import TfliteOperator
from mcupatch.zoo.tflite_builder import TfliteBuilder
from mcupatch.zoo.tflite_options import empty_options

SHAPE = (1, 8, 8, 4)


def convert_abs(c: Conversion, op: TfliteOperator) -> None:
    """What a converter is: it reads the operator and adds one of the graph, here a table."""
    convert_with_table(c, op, lambda x, y: real_function_table(x, y, abs))


def write_model(path: Path) -> None:
    """A .tflite file of the one operator."""
    builder = TfliteBuilder("absolute")
    source = builder.tensor("x", SHAPE, "int8", 0.05, 3)
    target = builder.tensor("y", SHAPE, "int8", 0.04, -128)
    builder.operator(BuiltinOperator.ABS, [source], [target], empty_options("AbsOptions"), version=1)
    path.write_bytes(builder.finish([source], [target]))


def main() -> None:
    model = Path("absolute.tflite")
    write_model(model)

    # 1. Unknown, it is refused by name.
    try:
        mcupatch.compile(model)
    except UnsupportedModel as error:
        print(f"before: {error}")

    # 2. With the converter in the registry it compiles and runs, whole or in tiles. In the package this is one line of
    #    importer/tflite_converters/registry.py; here it lasts for this block.
    with patch.dict(registry.CONVERTERS, {"ABS": convert_abs}):
        compiled = mcupatch.compile(model, "generic")
    run = mcupatch.run(compiled)
    print(f"after: runs on the emulated chip, equal to the NumPy reference: {run.matches_reference}")

    # 3. The reference itself has to be right: compare with the runtime that the promise names, over all 256 bytes.
    values = np.arange(-128, 128, dtype=np.int16).astype(np.int8).reshape(SHAPE)
    (name,), (output,) = compiled.graph.inputs, compiled.graph.outputs
    found = mcupatch.run(compiled, {name: values}, on="host").outputs[output]
    try:
        from ai_edge_litert import interpreter as litert
    except ImportError:
        print("ai-edge-litert is not installed: pip install 'mcupatch[litert]' to compare with LiteRT")
        return
    reference = litert.Interpreter(
        str(model), experimental_op_resolver_type=litert.OpResolverType.BUILTIN_REF
    )
    reference.allocate_tensors()
    reference.set_tensor(reference.get_input_details()[0]["index"], values)
    reference.invoke()
    wanted = reference.get_tensor(reference.get_output_details()[0]["index"])
    print(f"LiteRT gives the same for {np.mean(wanted == found):.1%} of the 256 bytes")
    assert run.matches_reference


if __name__ == "__main__":
    main()
