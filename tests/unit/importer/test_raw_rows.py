"""A streamed float input: raw bytes through a table give what the float model makes of the scaled picture."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mcupatch.errors import BadInput
from mcupatch.importer.detect import import_graph
from mcupatch.importer.raw_rows import RawScaling, own_scaling, take_raw_rows
from mcupatch.ir import ops, reference
from mcupatch.ir.graph import Graph
from mcupatch.ir.verify import verify_graph
from tests.support.graphs import GraphBuilder
from tests.support.shared import shared_path

RANDOM = np.random.default_rng(0)


def float_graph(scale: float, zero_point: int, half_even: bool) -> Graph:
    """[1, 16, 16, 1] float32, quantised and copied: the output is what the network sees."""
    b = GraphBuilder()
    x = b.input(16, 16, 1, "float32")
    graph = b.build(b.max_pool(b.quantize(x), kernel=1, stride=1))
    quantize = replace(graph.ops[0], scale=scale, zero_point=zero_point, half_even=half_even)
    return replace(graph, ops=(quantize, *graph.ops[1:]))


ALL_BYTES = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
QUANTS = [
    (0.0235, -18, False),
    (1 / 127.5, -1, True),
    (0.0078, 0, False),
    (1.0, -128, True),
    (3e-5, 127, False),
]


@pytest.mark.parametrize(("scale", "zero_point", "half_even"), QUANTS)
def test_the_network_sees_what_the_float_model_does(scale: float, zero_point: int, half_even: bool) -> None:
    graph = float_graph(float(np.float32(scale)), zero_point, half_even)
    on_ties = RawScaling(0.5 * scale, 0.0)
    for scaling in (None, RawScaling(1 / 255, 0.0), RawScaling(-0.0171, 2.1), on_ties):
        raw = take_raw_rows(graph, graph.inputs, scaling)
        verify_graph(raw)
        assert raw.tensors["in0"].dtype == "uint8" and raw.inputs == graph.inputs
        real = (scaling or own_scaling(graph, "in0")).real(ALL_BYTES)
        (expected,) = reference.run(graph, [real])
        (found,) = reference.run(raw, [ALL_BYTES])
        assert np.array_equal(found, expected)


@pytest.mark.parametrize(("scale", "zero_point", "half_even"), QUANTS)
def test_by_itself_the_byte_p_is_stored_as_p_minus_128(
    scale: float, zero_point: int, half_even: bool
) -> None:
    graph = float_graph(float(np.float32(scale)), zero_point, half_even)
    raw = take_raw_rows(graph, graph.inputs)
    (lut, _) = raw.ops
    assert isinstance(lut, ops.Lut)
    assert np.array_equal(lut.table.astype(int), np.arange(256) - 128)
    quant = raw.tensors["in0"].quant
    assert quant is not None and quant.zero_point == zero_point + 128


def test_a_scaling_between_steps_has_no_zero_point() -> None:
    graph = float_graph(0.02, -18, False)
    raw = take_raw_rows(graph, graph.inputs, RawScaling(1 / 58.395, -123.675 / 58.395))
    assert raw.tensors["in0"].quant is None
    verify_graph(raw)


def test_only_inputs_that_are_named_and_quantised_change() -> None:
    b = GraphBuilder()
    image, state, whole = b.input(4, 4, 3, "float32"), b.input(4, 4, 3, "float32"), b.input(4, 4, 3)
    graph = b.build(b.concat(b.quantize(image), b.quantize(state), b.quantize(image), whole))
    raw = take_raw_rows(graph, (image, whole))
    verify_graph(raw)
    assert [raw.tensors[name].dtype for name in raw.inputs] == ["uint8", "float32", "int8"]
    assert [op.kind for op in raw.ops] == ["lut", "quantize", "lut", "concat"]
    with pytest.raises(BadInput, match="quantised right away"):
        take_raw_rows(graph, (whole,), RawScaling(1.0, 0.0))


@pytest.mark.parametrize("name", ["mcunet_vww1", "mcunet_person_det"])
def test_real_models(name: str) -> None:
    path: Path = shared_path(f"models/{name}.tflite")
    graph = import_graph(path.read_bytes(), path.name)
    raw = take_raw_rows(graph, graph.inputs, RawScaling(1 / 127.5, -1.0))
    (only,) = graph.inputs
    pixels = RANDOM.integers(0, 256, graph.tensors[only].shape).astype(np.uint8)
    inputs = {only: RawScaling(1 / 127.5, -1.0).real(pixels)}
    expected = reference.execute(graph, inputs)
    found = reference.execute(raw, {only: pixels})
    assert all(np.array_equal(found[output], expected[output]) for output in graph.outputs)
