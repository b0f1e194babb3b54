"""Does a network of blocks hang together: what the user of a definition is told before anything is built from it."""

from __future__ import annotations

import math

from mcupatch.errors import BadInput
from mcupatch.zoo.blocks import InvertedResidual, Network
from mcupatch.zoo.expand import expand_layers
from mcupatch.zoo.layers import INPUT, Add, Layer, MaxPool2x2, Padding, Shape, Upsample2x, Window

_MAX_ELEMENTS = 1 << 26  # of one tensor, and of all weights; far beyond any microcontroller
_LARGEST_STEP = 1 << 12


def check_network(network: Network) -> None:
    """Raise BadInput, with the place, where blocks do not fit together or are too large to be computed with."""
    _check_channels(network)
    layers = expand_layers(network)
    shapes = {INPUT: network.input_shape, **{layer.name: layer.out_shape for layer in layers}}
    for layer in layers:
        if isinstance(layer, Window):
            _check_window(layer)
        _check_sides(layer)
        if isinstance(layer, Add) and len({shapes[name] for name in layer.inputs}) > 1:
            raise BadInput(f"{layer.name}: the two things added have different sizes.")
    _check_elements(layers, shapes)


def _check_channels(network: Network) -> None:
    for number, block in enumerate(network.blocks):
        before = network.blocks[number - 1].out_channels if number else network.input_shape[2]
        if isinstance(block, InvertedResidual):
            if before % block.groups or block.out_channels % block.groups:
                raise BadInput(f'block {number}: "groups" divides the channels before and after it.')
            if block.squeeze > before:
                raise BadInput(f'block {number}: "squeeze" is at most {before}, the channels before it.')


def _check_window(layer: Window) -> None:
    """``kernel // 2`` zeros on both sides keep ceil(n / stride) positions only for an odd kernel."""
    if max(layer.stride, *layer.kernel) > _LARGEST_STEP:
        raise BadInput(f'{layer.name}: "kernel" and "stride" are at most {_LARGEST_STEP}.')
    if layer.padding is Padding.SYMMETRIC and not all(side % 2 for side in layer.kernel):
        raise BadInput(f'{layer.name}: an even "kernel" goes with "padding": "same"; else it is odd.')


def _check_sides(layer: Layer) -> None:
    for before, after in zip(layer.in_shape[:2], layer.out_shape[:2]):
        if isinstance(layer, MaxPool2x2) and before != 2 * after:
            raise BadInput(
                f"{layer.name}: {before} rows or columns are not twice the {after} of what is added."
            )
        if isinstance(layer, Upsample2x) and after != 2 * before:
            raise BadInput(
                f"{layer.name}: {before} rows or columns are not half the {after} of what is added."
            )


def _check_elements(layers: tuple[Layer, ...], shapes: dict[str, Shape]) -> None:
    for name, shape in shapes.items():
        if math.prod(shape) > _MAX_ELEMENTS:
            raise BadInput(f"{name}: a tensor of {shape} is larger than {_MAX_ELEMENTS >> 20} MiB.")
    weights = 0
    for layer in layers:
        weights += math.prod(layer.weight_shape) if layer.weight_shape else 0
        if weights > _MAX_ELEMENTS:
            raise BadInput(f"{layer.name}: the weights up to here are larger than {_MAX_ELEMENTS >> 20} MiB.")
