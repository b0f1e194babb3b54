"""A zoo network as a model file, from its name on the command line."""

from __future__ import annotations

from mcupatch.errors import BadInput
from mcupatch.zoo.blocks import Network
from mcupatch.zoo.networks import find_network
from mcupatch.zoo.write_tflite import build_tflite


def parse_network(spec: str) -> Network:
    """The network of ``NAME`` or ``NAME@PIXELS``, with or without ``zoo:`` in front. Raises BadInput."""
    name, at, pixels = spec.removeprefix("zoo:").partition("@")
    if not at:
        return find_network(name)
    if not (pixels.isascii() and pixels.isdigit() and len(pixels) < 6):
        raise BadInput(f"{pixels!r} in {spec!r} is not a size in pixels; write for example {name}@96.")
    return find_network(name, int(pixels))


def zoo_model_bytes(spec: str) -> tuple[bytes, str]:
    """The .tflite file of a zoo network (int8 ends, weights of seed 0) and a stem for its name. Raises BadInput."""
    network = parse_network(spec)
    return build_tflite(network), network.file_stem
