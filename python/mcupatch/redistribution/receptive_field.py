"""How many pixels of the picture one element of a layer sees.

A window of k over a layer whose elements are j pixels apart sees (k - 1) * j pixels more than its input does
(Araujo et al., "Computing receptive fields of convolutional neural networks", Distill 2019). Of several paths the
longest counts; a gate or a global mean is not a window, or every field would be the whole picture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mcupatch.zoo.blocks import Network
from mcupatch.zoo.expand import expand_layers
from mcupatch.zoo.layers import INPUT, Gate, GlobalMean, Layer, MaxPool2x2, Scale, Upsample2x, Window


@dataclass(frozen=True)
class ReceptiveField:
    """``pixels`` of the picture an element sees, along rows; ``jump`` pixels between two neighbours."""

    pixels: float
    jump: float


def find_receptive_fields(layers: Sequence[Layer]) -> Mapping[str, ReceptiveField]:
    """By layer name, without what follows a global mean."""
    found = {INPUT: ReceptiveField(1, 1)}
    for layer in layers:
        sources = [found[name] for name in _spatial_inputs(layer) if name in found]
        if sources:
            widest = max(sources, key=lambda field: field.pixels)
            found[layer.name] = _see_through(layer, widest)
    return found


def total_receptive_field(network: Network) -> float:
    """Pixels that the deepest layer before the head's mean sees."""
    return max(field.pixels for field in find_receptive_fields(expand_layers(network)).values())


def _spatial_inputs(layer: Layer) -> tuple[str, ...]:
    if isinstance(layer, Gate | GlobalMean):
        return ()
    return layer.inputs[:1] if isinstance(layer, Scale) else layer.inputs


def _see_through(layer: Layer, source: ReceptiveField) -> ReceptiveField:
    if isinstance(layer, Window):
        wider = source.pixels + (layer.kernel[0] - 1) * source.jump
        return ReceptiveField(wider, source.jump * layer.stride)
    if isinstance(layer, MaxPool2x2):
        return ReceptiveField(source.pixels + source.jump, source.jump * 2)
    if isinstance(layer, Upsample2x):
        return ReceptiveField(source.pixels, source.jump / 2)
    return source
