"""
A pass in a TVM pipeline
========================

``FusePatches`` is an ordinary TVM pass. Here it runs inside ``tvm.transform.Sequential``, TVM compiles the result for this
computer, and the output is equal to the reference, byte for byte. Run it from the checkout:

    .venv/bin/python tutorials/02_a_pass_in_a_tvm_pipeline.py
"""

from __future__ import annotations

import numpy as np
import tvm

import mcupatch
from mcupatch.ir import reference
from mcupatch.program.extract_graph import extract_graph

MODEL = "zoo:mbv2_w0.35_r144@48"


def main() -> None:
    # 1. The program: a Relax function of int8 operators.
    module = mcupatch.import_model(MODEL)
    graph = extract_graph(module)  # the same program as plain data
    print(f"{graph.name}: {len(graph.ops)} operators, {len(module.functions)} function")

    # 2. The pass, among others: the first six operators run for a 3x3 grid of output tiles.
    passes = tvm.transform.Sequential([mcupatch.transform.FusePatches(ops=6, grid=(3, 3))])
    fused = passes(module)
    print("functions:", ", ".join(sorted(v.name_hint for v in fused.functions)))

    # 3. TVM builds it for the host. The patches are one TIR function, the rest is legalised and lowered as usual.
    executable = tvm.compile(fused, target="llvm", relax_pipeline="mcupatch")
    machine = tvm.relax.VirtualMachine(executable, tvm.cpu())

    # 4. The bytes are those of the reference.
    picture = (
        np.random.default_rng(0).integers(-128, 128, graph.tensors[graph.inputs[0]].shape).astype(np.int8)
    )
    output = machine["main"](tvm.runtime.tensor(picture)).numpy()
    (expected,) = reference.run(graph, [picture])
    assert output.tobytes() == expected.tobytes()
    print("equal to the reference, byte for byte")


if __name__ == "__main__":
    main()
