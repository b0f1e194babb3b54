"""LiteRT loads and runs what the builder writes, and the schema's reader finds every field again."""

from __future__ import annotations

import numpy as np
import pytest
import tflite
from tflite import BuiltinOperator

from mcupatch.zoo import tflite_options as options
from mcupatch.zoo.tflite_builder import TfliteBuilder


def build_small_model() -> bytes:
    rng = np.random.default_rng(0)
    b = TfliteBuilder()
    x = b.tensor("x", (1, 9, 8, 3), "int8", 0.02, -3)
    scales = rng.uniform(0.002, 0.01, 8).astype(np.float32)
    w = b.tensor("w", (8, 3, 3, 3), "int8", scales, 0, 0, rng.integers(-127, 128, (8, 3, 3, 3)))
    bias = b.tensor("b", (8,), "int32", scales * np.float32(0.02), 0, 0, rng.integers(-500, 500, 8))
    conv = b.tensor("conv", (1, 5, 4, 8), "int8", 0.0235, -128)
    b.operator(
        BuiltinOperator.CONV_2D,
        [x, w, bias],
        [conv],
        options.conv2d_options("SAME", (2, 2), activation="RELU6"),
        3,
    )
    scales = rng.uniform(0.002, 0.01, 16).astype(np.float32)
    dw = b.tensor("dw", (1, 3, 3, 16), "int8", scales, 0, 3, rng.integers(-127, 128, (1, 3, 3, 16)))
    dwb = b.tensor("dwb", (16,), "int32", scales * np.float32(0.0235), 0, 0, rng.integers(-500, 500, 16))
    deep = b.tensor("deep", (1, 3, 2, 16), "int8", 0.05, 4)
    b.operator(
        BuiltinOperator.DEPTHWISE_CONV_2D,
        [conv, dw, dwb],
        [deep],
        options.depthwise_options("VALID", multiplier=2),
        3,
    )
    axes = b.tensor("axes", (2,), "int32", data=[1, 2])
    mean = b.tensor("mean", (1, 16), "int8", 0.03, 1)
    b.operator(BuiltinOperator.MEAN, [deep, axes], [mean], options.reducer_options(), 2)
    flat = b.tensor("flat", (1, 4, 4), "int8", 0.03, 1)
    shape = b.tensor("shape", (3,), "int32", data=[1, 4, 4])
    b.operator(BuiltinOperator.RESHAPE, [mean, shape], [flat], options.reshape_options((1, 4, 4)))
    soft = b.tensor("soft", (1, 4, 4), "int8", 1 / 256, -128)
    b.operator(BuiltinOperator.SOFTMAX, [flat], [soft], options.softmax_options(), 2)
    return b.finish([x], [soft])


def test_same_calls_give_the_same_bytes() -> None:
    assert build_small_model() == build_small_model()


def test_constants_are_aligned_and_readable() -> None:
    data = build_small_model()
    model = tflite.Model.GetRootAsModel(data, 0)
    assert data[4:8] == b"TFL3"
    graph = model.Subgraphs(0)
    assert [graph.Tensors(i).Name() for i in range(3)] == [b"x", b"w", b"b"]
    weights = graph.Tensors(1)
    assert weights.Quantization().ScaleLength() == 8 and weights.Quantization().QuantizedDimension() == 0
    raw = model.Buffers(weights.Buffer()).DataAsNumpy()
    assert raw.size == 8 * 27 and data.find(raw.tobytes()) % 16 == 0


def test_litert_runs_it() -> None:
    interpreter = pytest.importorskip("ai_edge_litert.interpreter", reason="ai-edge-litert is not installed")
    run = interpreter.Interpreter(
        model_content=build_small_model(),
        experimental_op_resolver_type=interpreter.OpResolverType.BUILTIN_REF,
    )
    run.allocate_tensors()
    x = np.random.default_rng(1).integers(-128, 128, (1, 9, 8, 3)).astype(np.int8)
    run.set_tensor(run.get_input_details()[0]["index"], x)
    run.invoke()
    out = run.get_tensor(run.get_output_details()[0]["index"])
    assert out.shape == (1, 4, 4) and len(np.unique(out)) > 4
