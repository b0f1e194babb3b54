"""The formula of receptive fields against what an element really depends on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mcupatch.redistribution.receptive_field import find_receptive_fields, total_receptive_field
from mcupatch.zoo.blocks import BasicResidual, Classifier, ConvBlock, InvertedResidual, Network, Separable
from mcupatch.zoo.expand import expand_layers
from mcupatch.zoo.layers import INPUT, Layer, Scale, Window
from mcupatch.zoo.networks import find_network

SIZE = 512  # of the picture: no field of these networks reaches a border

NETWORKS = (
    (ConvBlock(5, 2, 8), Separable(1, 8), Separable(2, 8), InvertedResidual(7, 1, 3, 8), Separable(1, 16)),
    (ConvBlock(3, 1, 8), BasicResidual(1, 8), BasicResidual(2, 16), ConvBlock(1, 1, 8), BasicResidual(1, 8)),
    (
        ConvBlock(3, 2, 8),
        InvertedResidual(5, 2, 2, 16, squeeze=4),
        InvertedResidual(3, 1, 2, 16),
        ConvBlock(3, 2, 8),
    ),
)


@pytest.mark.parametrize("blocks", NETWORKS)
def test_what_the_middle_element_depends_on(blocks: tuple[object, ...]) -> None:
    network = Network("net", (SIZE, SIZE, 3), blocks, Classifier())  # type: ignore[arg-type]
    layers = expand_layers(network)
    fields = find_receptive_fields(layers)
    for layer in layers:
        if layer.name in fields and layer.out_shape[0] > 1:
            assert fields[layer.name].pixels == len(_rows_seen(layers, layer, layer.out_shape[0] // 2))


def _rows_seen(layers: tuple[Layer, ...], layer: Layer, row: int) -> set[int]:
    """Rows of the picture from which ``row`` of the layer is computed, found by following every window."""
    by_name = {each.name: each for each in layers}
    seen: set[int] = set()
    wanted = {(layer.name, row)}
    while wanted:
        name, at = wanted.pop()
        if name == INPUT:
            seen.add(at)
            continue
        found = by_name[name]
        rows = {at}
        if isinstance(found, Window):
            first = at * found.stride - found.pads[0][0]
            rows = set(range(first, first + found.kernel[0]))
        sources = found.inputs[:1] if isinstance(found, Scale) else found.inputs
        wanted |= {(source, each) for source in sources for each in rows}
    return seen


def test_fields_that_are_known() -> None:
    assert total_receptive_field(find_network("mobilenet_v2")) == 491
    network = find_network("mobilenet_v2", 96)
    assert total_receptive_field(network) == 491  # of the picture's size it does not depend
    assert total_receptive_field(replace(network, blocks=network.blocks[:5])) == 27
