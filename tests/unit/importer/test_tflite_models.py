"""The five trained models: outputs and every intermediate tensor equal LiteRT's reference kernels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mcupatch.importer.tflite import import_tflite
from mcupatch.importer.tflite_reader import TfliteModel, read_tflite
from mcupatch.ir.graph import Graph
from mcupatch.ir.ops import Pad
from mcupatch.ir.reference import execute
from mcupatch.model_inputs import picture_values, random_inputs
from tests.support.litert import LiteRt
from tests.support.shared import shared_path

MODELS = {
    "mcunet_person_det": ("person.jpg",),
    "mcunet_vww1": ("person.jpg", "cat.bmp"),
    "mlperf_resnet8": ("bird.bmp", "cat.bmp"),
    "mlperf_vww96": ("person.jpg", "sunflower.bmp"),
    "mobilenet_v1_0.25_128_quant": ("cat.bmp", "parrot.jpg"),
}


def input_values(graph: Graph, pictures: tuple[str, ...]) -> list[NDArray[Any]]:
    (name,) = graph.inputs
    tensor = graph.tensors[name]
    values = [random_inputs(graph, seed)[name] for seed in range(3)]
    return values + [picture_values(graph, tensor, shared_path(f"images/{p}")) for p in pictures]


def unique_names(model: TfliteModel) -> dict[str, int]:
    names = [t.name for t in model.tensors]
    return {t.name: t.number for t in model.tensors if names.count(t.name) == 1}


@pytest.mark.parametrize("name", MODELS)
def test_equals_litert(name: str) -> None:
    data = shared_path(f"models/{name}.tflite").read_bytes()
    graph, litert = import_tflite(data, f"{name}.tflite"), LiteRt(data)
    numbers = unique_names(read_tflite(data, name))
    for value in input_values(graph, MODELS[name]):
        computed, expected = execute(graph, {graph.inputs[0]: value}), litert.run([value])
        for tensor, want in zip(graph.outputs, expected.outputs, strict=True):
            assert np.array_equal(computed[tensor], want)
        compared = 0
        for tensor in {op.output for op in graph.ops} & set(numbers):
            want = expected.tensors[numbers[tensor]]
            if want.dtype == np.uint8 and computed[tensor].dtype == np.int8:
                want = (want ^ 0x80).view(np.int8)
            assert np.array_equal(computed[tensor], want), tensor
            compared += 1
        assert compared >= 0.9 * len(graph.ops) - 2


@pytest.mark.parametrize("name", MODELS)
def test_padding_is_folded(name: str) -> None:
    graph = import_tflite(shared_path(f"models/{name}.tflite").read_bytes(), f"{name}.tflite")
    assert not any(isinstance(op, Pad) for op in graph.ops)
    assert graph.name == name
