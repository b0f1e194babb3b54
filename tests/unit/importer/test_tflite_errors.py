"""What the importer says to models that it does not take, and which sloppy ones it takes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tflite import BuiltinOperator

from mcupatch.errors import BadInput, McupatchError, UnsupportedModel
from mcupatch.importer.detect import import_graph
from mcupatch.importer.tflite import import_tflite
from mcupatch.ir.graph import Graph
from mcupatch.ir.reference import run
from mcupatch.zoo import tflite_options as options
from mcupatch.zoo.tflite_builder import TfliteBuilder, _Quantization
from tests.support.tflite_case_writer import Case, CaseWriter


def writer(seed: int = 0, dtype: str = "int8") -> CaseWriter:
    return CaseWriter(np.random.default_rng(seed), dtype)


def refuse(data: bytes, kind: type[McupatchError] = UnsupportedModel) -> str:
    with pytest.raises(kind) as caught:
        import_tflite(data, "net.tflite")
    text = str(caught.value)
    assert text.startswith("net.tflite ")
    return text


def test_all_unsupported_operators_are_named_at_once() -> None:
    w = writer()
    x = w.input((1, 4, 4, 3), 0.1, 0)
    a, b, c = (w.activation(n, (1, 4, 4, 3), 0.1, 0) for n in "abc")
    w.operator("SPACE_TO_DEPTH", [x], a)
    w.operator("RELU", [a], b)
    w.operator("L2_NORMALIZATION", [b], c)
    text = refuse(w.finish(c).data)
    assert "2 operators" in text
    assert "operator 0, SPACE_TO_DEPTH (output 'a')" in text
    assert "operator 2, L2_NORMALIZATION (output 'c')" in text


def test_parameters_that_are_not_supported_are_collected_too() -> None:
    w = writer()
    x = w.input((1, 4, 4, 3), 0.1, 0)
    a = w.activation("a", (1, 1, 4, 1), 0.1, 0)
    w.operator("MEAN", [x, w.integers([1, 3])], a, options.reducer_options(True))
    b = w.activation("b", (1, 1, 4, 1), 0.1, 0)
    w.operator("CUMSUM", [a], b)
    text = refuse(w.finish(b).data)
    assert "axes that follow one another" in text and "CUMSUM" in text


def test_what_no_output_needs_is_not_looked_at() -> None:
    w = writer()
    x = w.input((1, 8), 0.1, 0)
    y, z = w.activation("y", (1, 8), 0.1, 0), w.activation("z", (1, 8), 0.1, 0)
    w.operator("RELU", [x], y)
    w.operator("L2_NORMALIZATION", [x], z)
    assert len(import_tflite(w.finish(y).data, "net.tflite").ops) == 1


def test_the_computed_shape_of_a_reshape_is_not_looked_at() -> None:
    w = writer()
    x = w.input((1, 2, 2, 2), 0.1, 0)
    shape = w.builder.tensor("shape", (2,), "int32")
    w.operator("SHAPE", [x], shape)
    y = w.activation("y", (1, 8), 0.1, 0)
    w.operator("RESHAPE", [x, shape], y, options.reshape_options((1, 8)))
    assert [op.kind for op in import_tflite(w.finish(y).data, "net.tflite").ops] == ["reshape"]


def test_float_models_are_told_to_be_quantised() -> None:
    builder = TfliteBuilder()
    x = builder.tensor("x", (1, 4, 4, 2), "float32")
    weights = builder.tensor("w", (3, 1, 1, 2), "float32", data=np.ones((3, 1, 1, 2)))
    bias = builder.tensor("b", (3,), "float32", data=np.zeros(3))
    y = builder.tensor("y", (1, 4, 4, 3), "float32")
    builder.operator(BuiltinOperator.CONV_2D, [x, weights, bias], [y], options.conv2d_options())
    text = refuse(builder.finish([x], [y]))
    assert "float model" in text and "Quantise it to int8" in text


@pytest.mark.parametrize("signature", [(1, -1, -1, 3), (-1, 4, -1, 3)])
def test_dynamic_shapes(signature: tuple[int, ...]) -> None:
    w = writer()
    x = w.builder.tensor("x", (1, 4, 4, 3), "int8", 0.1, 0, signature=signature)
    y = w.activation("y", (1, 4, 4, 3), 0.1, 0)
    w.operator("RELU", [x], y)
    assert "dynamic shape" in refuse(w.builder.finish([x], [y]))


def test_a_dynamic_batch_is_taken_as_one() -> None:
    w = writer()
    x = w.builder.tensor("x", (1, 4, 4, 3), "int8", 0.1, 0, signature=(-1, 4, 4, 3))
    y = w.activation("y", (1, 4, 4, 3), 0.1, 0)
    w.operator("RELU", [x], y)
    import_tflite(w.builder.finish([x], [y]), "net.tflite")


def test_batches() -> None:
    w = writer()
    x, y = w.input((2, 4, 4, 3), 0.1, 0), w.activation("y", (2, 4, 4, 3), 0.1, 0)
    w.operator("RELU", [x], y)
    assert "batch of 2" in refuse(w.finish(y).data)


def test_an_input_that_is_an_output() -> None:
    w = writer()
    x, y = w.input((1, 4), 0.1, 0), w.activation("y", (1, 4), 0.1, 0)
    w.operator("RELU", [x], y)
    assert "'x' that no operator computes" in refuse(w.finish(y, x).data)


def test_an_output_listed_twice_and_an_input_without_use() -> None:
    w = writer()
    x, y = w.input((1, 4), 0.1, 0), w.activation("y", (1, 4), 0.1, 0)
    w.operator("RELU", [x], y)
    assert "twice" in refuse(w.finish(y, y).data)
    w.input((1, 4), 0.1, 0)
    assert "nothing reads" in refuse(w.finish(y).data)


def test_an_output_may_be_read_inside_too() -> None:
    for dtype in ("int8", "uint8"):
        w = writer(1, dtype)
        x, y, z = w.input((1, 4)), w.activation("y", (1, 4)), w.activation("z", (1, 4))
        w.operator("RELU", [x], y)
        w.operator("RELU6", [y], z)
        case = w.finish(y, z)
        graph = import_tflite(case.data, "net.tflite")
        assert graph.outputs == ("y", "z")
        assert [o.dtype for o in run(graph, case.inputs)] == [np.dtype(dtype)] * 2


def test_names_become_unique() -> None:
    w = writer()
    x = w.input((1, 4), 0.1, 0)
    numbers = [w.activation(name, (1, 4), 0.1, 0) for name in ("", "x", "x", 'a"b\n', "x")]
    for source, target in zip([x, *numbers], numbers):
        w.operator("RELU", [source], target)
    graph = import_tflite(w.finish(numbers[-1]).data, "net.tflite")
    assert graph.inputs == ("x",)
    assert len({op.name for op in graph.ops}) == 5
    assert all(op.name.isidentifier() for op in graph.ops)
    assert 'a"b\n' in graph.tensors and "" not in graph.tensors


def sloppy_conv(zero_points: list[int], axis: int, scales: int) -> tuple[Graph, Case]:
    w = writer(5)
    x = w.input((1, 5, 5, 2), 0.1, 3)
    weights = w.builder.tensor("w", (4, 3, 3, 2), "int8", 0.02, 0, 0, w.rng.integers(-127, 128, (4, 3, 3, 2)))
    quantization = _Quantization(np.full(scales, 0.02, np.float32), np.array(zero_points, np.int64), axis)
    w.builder._tensors[weights] = replace(w.builder._tensors[weights], quantization=quantization)
    y = w.activation("y", (1, 3, 3, 4), 0.3, -5)
    w.operator(
        "CONV_2D", [x, weights, *w.bias(4, np.array([0.002]), False)], y, options.conv2d_options("VALID")
    )
    case = w.finish(y)
    return import_tflite(case.data, "net.tflite"), case


def test_sloppy_quantisation_fields() -> None:
    """An axis on a single scale, no zero points, one zero point for all channels, an axis that does not fit."""
    plain, case = sloppy_conv([0], 0, 1)
    expected = run(plain, case.inputs)
    for zero_points, axis, scales in (([0], 3, 1), ([], 0, 1), ([], 0, 4), ([0], 0, 4), ([0] * 4, 3, 4)):
        graph, case = sloppy_conv(zero_points, axis, scales)
        assert np.array_equal(run(graph, case.inputs), expected)


def test_scales_that_do_not_fit_the_channels() -> None:
    with pytest.raises(BadInput, match="3 scales for 4 channels"):
        sloppy_conv([0], 0, 3)


@pytest.mark.parametrize("data", [b"", b"abc", b"\0" * 100, bytes(range(256)) * 4])
def test_files_that_are_none(data: bytes) -> None:
    assert "Export it again" in refuse(data, BadInput)


def test_the_content_decides_over_the_ending() -> None:
    w = writer()
    x, y = w.input((1, 4), 0.1, 0), w.activation("y", (1, 4), 0.1, 0)
    w.operator("RELU", [x], y)
    data = w.finish(y).data
    assert import_graph(data, "model.bin").outputs == ("y",)
    with pytest.raises(BadInput, match="neither"):
        import_graph(b"just some text", "notes.txt")


def test_a_shape_that_does_not_follow() -> None:
    w = writer()
    x, y = w.input((1, 4, 4, 1), 0.1, 0), w.activation("y", (1, 9, 9, 1), 0.1, 0)
    w.operator("MAX_POOL_2D", [x], y, options.pool_options((2, 2)))
    assert "expected [1, 3, 3, 1]" in refuse(w.finish(y).data, BadInput)
