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


def input_sets(name: str, random_sets: int = 1) -> list[list[Array]]:
    """Random inputs, then each picture of the model, as values in the model's input order."""
    graph = load_graph(name)
    (only,) = graph.inputs
    sets = [[random_inputs(graph, seed)[only]] for seed in range(random_sets)]
    return sets + [[picture_input(name, picture)] for picture in MODELS[name]]


def picture_input(name: str, picture: str) -> Array:
    graph = load_graph(name)
    return picture_values(graph, graph.tensors[graph.inputs[0]], Path(shared_path(f"images/{picture}")))


def litert_outputs(name: str, value: Array) -> list[Array]:
    """LiteRT's reference kernels on one input."""
    return litert(name).run([value]).outputs


def patch_ops(graph: Graph, depth: str, grid: tuple[int, int]) -> int:
    """How many operators run in patches at this depth: at the first, the middle or the last cut that ``grid`` divides.

    A cut counts if its output has at least as many rows and columns as the grid, and something was computed.
    """
    fitting = [
        last + 1
        for last in find_cuts(graph)
        if all(side >= parts for side, parts in zip(graph.output_tensor(graph.ops[last]).hwc, grid))
    ]
    first_conv = next(i for i, op in enumerate(graph.ops) if "conv" in op.kind)
    fitting = [n for n in fitting if n > first_conv]
    return {"shallow": fitting[0], "middle": fitting[len(fitting) // 2], "deep": fitting[-1]}[depth]
