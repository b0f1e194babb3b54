"""The comparison methods of Table 5, as far as memory and work go, and what they change in the output.

A method that needs other weights (fewer pixels, fewer channels) has no output to compare; patches without overlap have
the network's own, and compute something else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from mcupatch.paper.item import Cell, PaperItem
from mcupatch.paper.kept_halos import DEFINITION, keep_halos
from mcupatch.patch_stage import build_graph, choose_patch_stage, count_operators, measure_patches
from mcupatch.schedule.analytic import analytic_per_layer_bytes
from mcupatch.zoo.blocks import Network
from mcupatch.zoo.expand import count_macs, expand_layers
from mcupatch.zoo.float_network import FloatArray, FloatNetwork, apply_layer, forward
from mcupatch.zoo.layers import INPUT
from mcupatch.zoo.networks import find_network
from mcupatch.zoo.pictures import make_pictures
from mcupatch.zoo.quantize import build_float_network, dequantize_input, quantize_pictures
from mcupatch.zoo.width import scale_width

GRID = (4, 4)
PICTURES, SEED = 4, 1
PIXEL_STEP = 16
WIDTHS = tuple(percent / 100 for percent in range(95, 0, -5))
HEAD = (
    "method",
    "analytic peak KiB",
    "M MACs",
    "output",
    "root mean square change of the logits %",
    "same class %",
)


@dataclass(frozen=True)
class OutputChange:
    """Of logits against those of the whole picture: the change, relative to their root mean square, and equal classes."""

    relative: float
    same_class: float


def redo_table_5(name: str = "mobilenet_v2") -> PaperItem:
    network = find_network(name)
    graph = build_graph(network)
    macs = count_macs(network)
    blocks, grid = choose_patch_stage(network, grid=GRID)
    cost = measure_patches(network, blocks, grid)
    peak = cost.peak_bytes
    kept = keep_halos(graph)
    change = change_without_overlap(network, blocks, grid)
    rows: tuple[tuple[Cell, ...], ...] = (
        (
            "layer by layer",
            analytic_per_layer_bytes(graph).peak_bytes / 1024,
            macs / 1e6,
            "the network's",
            0.0,
            100.0,
        ),
        (
            f"{grid[0]}x{grid[1]} patches, halos recomputed",
            peak / 1024,
            (macs + cost.clipped_macs - cost.stage_macs) / 1e6,
            "the network's",
            0.0,
            100.0,
        ),
        (
            f"{grid[0]}x{grid[1]} patches without overlap",
            peak / 1024,
            macs / 1e6,
            "another",
            100 * change.relative,
            100 * change.same_class,
        ),
        ("halos kept", kept.analytic_bytes / 1024, macs / 1e6, "the network's", 0.0, 100.0),
        *_compare_smaller(network, peak),
    )
    return PaperItem(
        "table_5",
        f"{name}: other ways to the memory of patches",
        f"Analytic peak and MACs of one picture; patches over the first {blocks} blocks. Without "
        "overlap each patch is computed alone, zeros around it (at most the memory of patches with "
        f"halos), so the result is another: float32, seeded weights, {PICTURES} generated pictures. "
        f"{DEFINITION}",
        HEAD,
        rows,
        "Accuracy is not measured: the weights are not trained. Patches with halos and kept halos "
        "change nothing in the output.",
    )


def change_without_overlap(network: Network, blocks: int, grid: tuple[int, int]) -> OutputChange:
    """Runs the first ``blocks`` blocks on each patch of the picture alone, and the rest on what they give."""
    floats = build_float_network(network)
    pictures = dequantize_input(quantize_pictures(make_pictures(PICTURES, network.input_shape, SEED)))
    split = count_operators(network, blocks)
    whole = forward(floats, pictures)
    last = floats.layers[split - 1]
    joined = _join_patches(floats, network, pictures, split, grid)
    tail = FloatNetwork(floats.name, floats.layers[split:], floats.weights, floats.ranges)
    logits = floats.layers[-1].name
    alone = _run_from(tail, {**whole, last.name: joined})[logits].reshape(PICTURES, -1)
    wanted = whole[logits].reshape(PICTURES, -1)
    relative = float(np.sqrt(np.mean((alone - wanted) ** 2) / np.mean(wanted**2)))
    return OutputChange(relative, float(np.mean(alone.argmax(1) == wanted.argmax(1))))


def _join_patches(
    floats: FloatNetwork, network: Network, pictures: FloatArray, split: int, grid: tuple[int, int]
) -> FloatArray:
    """What the stage gives for patches of equal size, each alone, put together ``[N, H, W, C]``."""
    rows, cols = (-(-size // parts) for size, parts in zip(network.input_shape, grid))
    parts = []
    for top in range(0, network.input_shape[0], rows):
        line = []
        for left in range(0, network.input_shape[1], cols):
            patch = pictures[:, top : top + rows, left : left + cols]
            shape = (patch.shape[1], patch.shape[2], patch.shape[3])
            layers = expand_layers(replace(network, input_shape=shape))[:split]
            small = FloatNetwork(floats.name, layers, floats.weights, floats.ranges)
            line.append(forward(small, patch)[layers[-1].name])
        parts.append(np.concatenate(line, axis=2))
    return np.concatenate(parts, axis=1)


def _run_from(tail: FloatNetwork, activations: dict[str, FloatArray]) -> dict[str, FloatArray]:
    """The layers of ``tail`` on activations that exist already."""
    found = {name: values for name, values in activations.items() if name != INPUT}
    for layer in tail.layers:
        inputs = [found[name] for name in layer.inputs]
        found[layer.name] = apply_layer(layer, inputs, tail.weights.get(layer.name))
    return found


def _smaller_networks(network: Network) -> Iterator[tuple[str, Iterator[tuple[str, Network]]]]:
    """Kinds of smaller networks, each from the largest to the smallest."""
    pixels = range(network.input_shape[0], PIXEL_STEP, -PIXEL_STEP)
    yield "fewer pixels", ((f"{n}x{n} pixels", find_network(network.name, n)) for n in pixels)
    yield (
        "fewer channels",
        ((f"{width:.2f} of the channels", scale_width(network, width)) for width in WIDTHS),
    )


def _compare_smaller(network: Network, budget_bytes: int) -> Iterator[tuple[Cell, ...]]:
    """Of each kind the largest network that needs no more layer by layer than patches do."""
    for kind, candidates in _smaller_networks(network):
        for title, smaller in candidates:
            peak = analytic_per_layer_bytes(build_graph(smaller)).peak_bytes
            if peak <= budget_bytes:
                yield (
                    f"{title}, layer by layer",
                    peak / 1024,
                    count_macs(smaller) / 1e6,
                    "to be trained",
                    None,
                    None,
                )
                break
        else:
            yield f"{kind}, layer by layer", None, None, "never that small", None, None
