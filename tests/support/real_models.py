"""The trained models of the shared data, their inputs, and what LiteRT says to them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from mcupatch.ir.graph import Graph
from mcupatch.model_file import ModelFile, load_model_file
from mcupatch.model_inputs import Array, picture_values, random_inputs
from mcupatch.pipeline import read_graph
from mcupatch.schedule.cuts import find_cuts
from tests.support.litert import LiteRt
from tests.support.shared import shared_path

# model file and the pictures that suit it
MODELS = {
    "mcunet_vww1": ("person.jpg", "cat.bmp"),
    "mcunet_person_det": ("person.jpg",),
    "mlperf_vww96": ("person.jpg", "sunflower.bmp"),
    "mlperf_resnet8": ("bird.bmp", "cat.bmp"),
    "mobilenet_v1_0.25_128_quant": ("cat.bmp", "parrot.jpg"),
}
GRIDS = ((2, 2), (3, 3), (4, 4))
DEPTHS = ("shallow", "middle", "deep")


@cache
def load_model(name: str) -> ModelFile:
    return load_model_file(shared_path(f"models/{name}.tflite"))


@cache
def load_graph(name: str) -> Graph:
    model = load_model(name)
    return read_graph(model)


@cache
def litert(name: str) -> LiteRt:
    return LiteRt(load_model(name).data)


def input_sets(name: str, turn: int) -> list[list[Array]]:
    """A random input and one of the model's pictures, by ``turn``; each a list of one value."""
    graph = load_graph(name)
    (only,) = graph.inputs
    pictures = MODELS[name]
    return [[random_inputs(graph, turn)[only]], [picture_input(name, pictures[turn % len(pictures)])]]


def picture_input(name: str, picture: str) -> Array:
    graph = load_graph(name)
    return picture_values(graph, graph.tensors[graph.inputs[0]], Path(shared_path(f"images/{picture}")))


def litert_outputs(name: str, value: Array) -> list[Array]:
    """LiteRT's reference kernels on one input."""
    return litert(name).run([value]).outputs


def patch_ops(graph: Graph, depth: str, grid: tuple[int, int]) -> int:
    """How many operators run in patches at this depth: up to the first, the middle or the last cut that suits ``grid``.

    A cut suits if a convolution lies before it and its tiles are at least 2x2.
    """
    first_conv = next(i for i, op in enumerate(graph.ops) if "conv" in op.kind)
    suiting = [
        last + 1
        for last in find_cuts(graph)
        if last >= first_conv
        and all(side >= 2 * parts for side, parts in zip(graph.output_tensor(graph.ops[last]).hwc, grid))
    ]
    return {"shallow": suiting[0], "middle": suiting[len(suiting) // 2], "deep": suiting[-1]}[depth]
