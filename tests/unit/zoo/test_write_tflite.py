"""Zoo models as .tflite: reproducible, alive in every layer, imported exactly, and pictures give different answers."""

from __future__ import annotations

import numpy as np
import pytest

from mcupatch.importer.tflite import import_tflite
from mcupatch.ir.reference import run
from mcupatch.zoo.expand import expand_layers
from mcupatch.zoo.layers import find_outputs
from mcupatch.zoo.models import parse_network, zoo_model_bytes
from mcupatch.zoo.networks import find_network
from mcupatch.zoo.pictures import make_pictures
from mcupatch.zoo.quantize import quantize_pictures
from mcupatch.zoo.write_tflite import build_tflite
from tests.support.litert import LiteRt

_SPECS = (
    "mbv2_w0.35_r144",
    "mbv2_w0.3_r80",
    "mbv2_rd@96",
    "mobilenet_v2_w0.5@65",
    "proxyless_w0.25_r112",
    "mnasnet_a1@97",
    "fbnet_a@96",
    "fbnet_a_paper@64",
    "mcunet_vww0",
    "mcunet_in0",
    "mcunetv2_large@96",
    "person_det",
    "mlperf_vww96",
    "mlperf_resnet8",
    "mlperf_kws_dscnn",
)


def test_same_seed_gives_the_same_bytes() -> None:
    network = find_network("mbv2_w0.3_r80")
    assert build_tflite(network) == build_tflite(network) == zoo_model_bytes("zoo:mbv2_w0.3_r80")[0]
    assert build_tflite(network, seed=1) != build_tflite(network)


@pytest.mark.parametrize("spec", _SPECS)
def test_every_layer_is_alive(spec: str) -> None:
    network = parse_network(spec)
    data, stem = zoo_model_bytes(spec)
    assert stem == network.file_stem
    model, graph = LiteRt(data), import_tflite(data, stem)
    pictures = quantize_pictures(make_pictures(3, network.input_shape, seed=99))
    runs = [model.run([picture[np.newaxis]]) for picture in pictures]
    layers = expand_layers(network)
    for layer in layers:
        values = runs[-1].tensors[model.numbers[layer.name]]
        at_the_ends = np.mean((values == -128) | (values == 127))
        assert len(np.unique(values)) > min(64, values.size // 5), f"{layer.name} has few values"
        assert at_the_ends < 0.6, f"{layer.name} is saturated"
    assert [model.numbers[layer.name] for layer in find_outputs(layers)] == model.outputs
    for answers in zip(*(each.outputs for each in runs)):
        first, second, third = (answer.astype(np.int32) for answer in answers)
        assert min(np.abs(first - second).mean(), np.abs(second - third).mean()) > 4
    for ours, theirs in zip(run(graph, [pictures[:1]]), runs[0].outputs, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_symmetric_padding_is_explicit_where_same_differs() -> None:
    model = LiteRt(zoo_model_bytes("mbv2_w0.35_r144")[0])
    padded = [name for name in model.numbers if name.endswith("/pad")]
    # Stride 2 over an even side; b14 works on 9x9, where SAME is symmetric.
    assert padded == ["b0_conv/pad", "b2_depthwise/pad", "b4_depthwise/pad", "b7_depthwise/pad"]
