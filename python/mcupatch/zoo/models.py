"""A zoo network as a model file, from its name on the command line."""

from __future__ import annotations

from pathlib import Path

from mcupatch.errors import BadInput
from mcupatch.files import read_user_file
from mcupatch.zoo.blocks import Network
from mcupatch.zoo.definition import format_definition, parse_definition
from mcupatch.zoo.networks import find_network
from mcupatch.zoo.write_onnx import build_float_onnx
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


def load_network(spec: str) -> Network:
    """The network of ``zoo:NAME[@PIXELS]`` or of the definition in a .json file. Raises BadInput."""
    if spec.startswith("zoo:"):
        return parse_network(spec)
    path = Path(spec)
    if path.suffix.lower() != ".json":
        raise BadInput(
            f"{spec!r} is no network definition: name zoo:NAME, or a .json file such as 'mcupatch redistribute -o' writes."
        )
    return parse_definition(read_user_file(path, "the definition"))


def write_network(network: Network, suffix: str) -> bytes:
    """As a definition (.json), or with the weights of seed 0 as .tflite (int8) or .onnx (float)."""
    if suffix == ".tflite":
        return build_tflite(network)
    if suffix == ".onnx":
        return build_float_onnx(network)
    return format_definition(network).encode()
