"""The zoo's definitions equal the published tables, and names that mean nothing are refused in plain words."""

from __future__ import annotations

import json

import pytest

from mcupatch.errors import BadInput
from mcupatch.zoo.expand import count_macs, count_parameters, count_weights, expand_layers
from mcupatch.zoo.layers import Gate, Window
from mcupatch.zoo.models import parse_network
from mcupatch.zoo.networks import find_network, list_networks
from tests.support.published_networks import PUBLISHED
from tests.support.shared import shared_path


@pytest.mark.parametrize("name", PUBLISHED)
def test_figures_equal_the_published_ones(name: str) -> None:
    network = find_network(name)
    counts = count_macs(network), count_weights(network), count_parameters(network)
    assert PUBLISHED[name] == (network.input_shape, *counts)


@pytest.mark.parametrize("name", PUBLISHED)
def test_layers_equal_the_published_table(name: str) -> None:
    table = json.loads(shared_path(f"networks/{name}.json").read_text())
    figures = (tuple(table["input"]), table["macs"], table["weights_only"], table["params_folded"])
    assert PUBLISHED[name] == figures
    # The table has no row for a gate: it is the activation of the convolution in front.
    layers = [layer for layer in expand_layers(find_network(name)) if not isinstance(layer, Gate)]
    assert len(layers) == len(table["layers"])
    makers = {"in": "input"} | {row["dst"]: layer.name for layer, row in zip(layers, table["layers"])}
    for layer, row in zip(layers, table["layers"]):
        assert list(layer.out_shape) == row["out_shape"] and layer.macs == row["macs"]
        assert {name.replace("_gate", "_excite") for name in layer.inputs} == {makers[t] for t in row["src"]}
        if isinstance(layer, Window):
            assert list(layer.in_shape) == row["in_shape"]
            assert list(layer.kernel) == row["kernel"] and [layer.stride] * 2 == row["stride"]
        if not layer.name.endswith("_excite"):
            assert layer.fused.value.lower() == (row["act"] or "none")


def test_every_fixed_network_has_published_figures() -> None:
    unpublished = [name for name in list_networks() if name not in PUBLISHED]
    assert all(name.startswith("mobilenet_v2_w") for name in unpublished)


@pytest.mark.parametrize(
    ("width", "millions_of_macs", "parameters"),
    [(0.35, 59.3, 1_677_128), (0.5, 97.1, 1_968_680), (0.75, 209.1, 2_636_424), (1.4, 582.2, 6_108_776)],
)
def test_width_multipliers_equal_the_table_of_the_paper(
    width: float, millions_of_macs: float, parameters: int
) -> None:
    network = find_network(f"mobilenet_v2_w{width}")
    assert count_macs(network) / 1e6 == pytest.approx(millions_of_macs, abs=0.051)
    # The table counts two values per channel for batch normalisation, and one bias per class.
    layers = [layer for layer in expand_layers(network) if layer.weight_shape]
    channels = sum(layer.out_shape[2] for layer in layers[:-1])
    assert count_parameters(network) + channels == parameters


@pytest.mark.parametrize(("name", "blocks", "patch"), [("mobilenet_v2", 5, 75), ("mbv2_rd", 4, 63)])
def test_patch_of_a_quarter_of_the_output(name: str, blocks: int, patch: int) -> None:
    """An interior tile of a 4x4 grid over the first blocks needs the published number of input pixels."""
    layers = expand_layers(find_network(name))
    prefixes = tuple(f"b{index}_" for index in range(blocks))
    stage = [layer for layer in layers if layer.name.startswith(prefixes)]
    side = stage[-1].out_shape[0] // 4
    for layer in reversed(stage):
        if isinstance(layer, Window):
            side = (side - 1) * layer.stride + layer.kernel[0]
    assert side == patch


@pytest.mark.parametrize("name", list_networks())
def test_listed_networks_are_found_under_their_name(name: str) -> None:
    assert find_network(name).name == name


def test_size_after_the_name() -> None:
    assert parse_network("zoo:mobilenet_v2@96").input_shape == (96, 96, 3)
    assert parse_network("mobilenet_v2_w0.5@96").file_stem == "mobilenet_v2_w0.5_r96"
    assert parse_network("mbv2_w0.35_r144@96").file_stem == "mbv2_w0.35_r96"
    assert parse_network("mbv2_w0.35_r144@96") == parse_network("mbv2_w0.35_r96")
    assert parse_network("proxyless_w0.3_r176@96").file_stem == "proxyless_w0.3_r96"
    assert parse_network("person_det").file_stem == "person_det_r128x160"


@pytest.mark.parametrize(
    "spec",
    [
        "",
        "resnet",
        "zoo:",
        "mobilenet_v2@",
        "mobilenet_v2@x",
        "mobilenet_v2@0",
        "mobilenet_v2@-8",
        "mobilenet_v2@99999",
        "mobilenet_v2@224.0",
        "mobilenet_v2_w0",
        "mobilenet_v2_w99",
        "mobilenet_v2_w" + "9" * 400,
        "mbv2_w0.35_r999999999",
        "mbv2_w0.35_r1",
        "mobilenet_v2\n",
        "mcunet_in5",
        "mcunet_in3@4",
        "person_det@128",
        "mlperf_kws_dscnn@49",
    ],
)
def test_unknown_names_are_bad_input(spec: str) -> None:
    with pytest.raises(BadInput):
        parse_network(spec)


def test_the_error_names_what_is_similar() -> None:
    with pytest.raises(BadInput, match=r"similar names are mcunet_in3, .*'mcupatch zoo' lists them"):
        find_network("mcunet_in_3")
    with pytest.raises(BadInput, match=r"no network 'resnet152q'\. "):
        find_network("resnet152q")
