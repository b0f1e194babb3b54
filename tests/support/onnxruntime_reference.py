"""Runs an ONNX QDQ model in onnxruntime with its integer kernels: what ``float`` rounding promises to equal.

All graph optimisations are on, as by default. Two more settings make every operator an integer one:

- ``session.qdqisint8allowed = 1`` for int8 activations. Without it onnxruntime turns int8 activations into uint8
  ones on x86, but leaves alone those that two operators read, and computes their convolutions in float32.
- ``session.x64quantprecision = 1`` for uint8 activations. Without it, on a CPU without VNNI, int8 weights go through
  an instruction that saturates sums of two products to int16 (vpmaddubsw).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

Array = NDArray[Any]


def require_fma() -> None:
    """onnxruntime's sums of zero points are fused only where the CPU can; other CPUs differ in the last place."""
    flags = Path("/proc/cpuinfo")
    if not flags.exists() or not {"avx2", "fma"} <= set(flags.read_text().split()):
        pytest.skip(
            "this CPU is not x86-64 with AVX2 and FMA, whose arithmetic in onnxruntime is the reference"
        )


def is_unsigned(model: onnx.ModelProto) -> bool:
    """Whether the model's activations are uint8."""
    constants = {t.name: t.data_type for t in model.graph.initializer}
    types = {onnx.TensorProto.UINT8 for v in model.graph.input if v.type.tensor_type.elem_type == 2}
    types |= {
        constants.get(n.input[2])
        for n in model.graph.node
        if n.op_type == "QuantizeLinear" and len(n.input) > 2
    }
    return onnx.TensorProto.UINT8 in types


class OnnxRuntime:
    """A model loaded once. ``operators`` are the operator types that onnxruntime really runs."""

    def __init__(self, data: bytes) -> None:
        runtime = pytest.importorskip(
            "onnxruntime", reason="onnxruntime is not installed: no reference to compare with"
        )
        require_fma()
        options = runtime.SessionOptions()
        unsigned = is_unsigned(onnx.load_from_string(data))
        setting = "session.x64quantprecision" if unsigned else "session.qdqisint8allowed"
        options.add_session_config_entry(setting, "1")
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        with TemporaryDirectory() as folder:
            options.optimized_model_filepath = f"{folder}/optimised.onnx"
            self._session = runtime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
            optimised = onnx.load(options.optimized_model_filepath)
        self.operators = [node.op_type for node in optimised.graph.node]
        self._names = [value.name for value in self._session.get_inputs()]

    def run(self, inputs: Sequence[Array]) -> list[Array]:
        return list(self._session.run(None, dict(zip(self._names, map(np.ascontiguousarray, inputs)))))
