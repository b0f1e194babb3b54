"""Zoo models as .tflite: reproducible, alive in every layer, and different pictures give different answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mcupatch.zoo.blocks import expand_layers
from mcupatch.zoo.models import parse_network, zoo_model_bytes
from mcupatch.zoo.networks import find_network
from mcupatch.zoo.pictures import make_pictures
from mcupatch.zoo.quantize import quantize_pictures
from mcupatch.zoo.write_tflite import build_tflite

_SPECS = ("mbv2_w0.35_r144", "mbv2_w0.3_r80", "mbv2_rd@96", "mobilenet_v2_w0.5@65")


def load(data: bytes) -> Any:
    litert = pytest.importorskip("ai_edge_litert.interpreter", reason="ai-edge-litert is not installed")
    run = litert.Interpreter(
        model_content=data,
        experimental_op_resolver_type=litert.OpResolverType.BUILTIN_REF,
        experimental_preserve_all_tensors=True,
    )
    run.allocate_tensors()
    return run


def test_same_seed_gives_the_same_bytes() -> None:
    network = find_network("mbv2_w0.3_r80")
    assert build_tflite(network) == build_tflite(network) == zoo_model_bytes("zoo:mbv2_w0.3_r80")[0]
    assert build_tflite(network, seed=1) != build_tflite(network)


@pytest.mark.parametrize("spec", _SPECS)
def test_every_layer_is_alive(spec: str) -> None:
    network = parse_network(spec)
    data, stem = zoo_model_bytes(spec)
    assert stem == network.file_stem
    run = load(data)
    source, target = run.get_input_details()[0], run.get_output_details()[0]
    assert source["dtype"] == target["dtype"] == np.int8
    assert tuple(source["shape"]) == (1, network.pixels, network.pixels, 3)
    pictures = quantize_pictures(make_pictures(3, network.pixels, seed=99))
    logits = []
    for picture in pictures:
        run.set_tensor(source["index"], picture[np.newaxis])
        run.invoke()
        logits.append(run.get_tensor(target["index"])[0].astype(np.int32))
    tensors = {detail["name"]: detail["index"] for detail in run.get_tensor_details()}
    for layer in expand_layers(network):
        values = run.get_tensor(tensors[layer.name])
        at_the_ends = np.mean((values == -128) | (values == 127))
        assert len(np.unique(values)) > 64, f"{layer.name} has few values"
        assert at_the_ends < 0.5, f"{layer.name} is saturated"
    assert len({int(answer.argmax()) for answer in logits}) == 3
    assert all(np.abs(a - b).mean() > 4 for a, b in ((logits[0], logits[1]), (logits[1], logits[2])))


def test_symmetric_padding_is_explicit_where_same_differs() -> None:
    run = load(zoo_model_bytes("mbv2_w0.35_r144")[0])
    padded = [detail["name"] for detail in run.get_tensor_details() if detail["name"].endswith("/pad")]
    # Stride 2 over an even side; b14 works on 9x9, where SAME is symmetric.
    assert padded == ["b0_conv/pad", "b2_depthwise/pad", "b4_depthwise/pad", "b7_depthwise/pad"]
