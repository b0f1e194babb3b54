"""The zoo's definitions equal the published tables, and names that mean nothing are refused in plain words."""

from __future__ import annotations

import json

import pytest

from mcupatch.errors import BadInput
from mcupatch.zoo.blocks import count_macs, count_parameters, count_weights, expand_layers
from mcupatch.zoo.layers import Window
from mcupatch.zoo.models import parse_network
from mcupatch.zoo.networks import find_network, list_networks
from tests.support.shared import shared_path

_PUBLISHED = ("mobilenet_v2", "mbv2_rd", "mbv2_w0.35_r144", "mbv2_w0.3_r80")


@pytest.mark.parametrize("name", _PUBLISHED)
def test_layers_equal_the_published_table(name: str) -> None:
    table = json.loads(shared_path(f"networks/{name}.json").read_text())
    network = find_network(name)
    assert [network.pixels] * 2 == table["input"][:2]
    assert count_macs(network) == table["macs"]
    assert count_weights(network) == table["weights_only"]
    assert count_parameters(network) == table["params_folded"]
    layers = expand_layers(network)
    published = [row for row in table["layers"] if row["op"] in ("conv", "dw", "fc", "gap")]
    computing = [layer for layer in layers if layer.weight_shape or layer.name == "pooled"]
    assert len(computing) == len(published)
    for layer, row in zip(computing, published):
        assert list(layer.in_shape) == row["in_shape"] and list(layer.out_shape) == row["out_shape"]
        assert layer.macs == row["macs"]
        if isinstance(layer, Window):
            assert [layer.kernel] * 2 == row["kernel"] and [layer.stride] * 2 == row["stride"]
            assert layer.relu6 == (row["act"] == "relu6")


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
            side = (side - 1) * layer.stride + layer.kernel
    assert side == patch


@pytest.mark.parametrize("name", list_networks())
def test_listed_networks_are_found_under_their_name(name: str) -> None:
    assert find_network(name).name == name


def test_size_after_the_name() -> None:
    assert parse_network("zoo:mobilenet_v2@96").pixels == 96
    assert parse_network("mobilenet_v2_w0.5@96").file_stem == "mobilenet_v2_w0.5_r96"
    assert parse_network("mbv2_w0.35_r144@96").file_stem == "mbv2_w0.35_r96"
    assert parse_network("mbv2_w0.35_r144@96") == parse_network("mbv2_w0.35_r96")


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
    ],
)
def test_unknown_names_are_bad_input(spec: str) -> None:
    with pytest.raises(BadInput):
        parse_network(spec)


def test_the_error_lists_what_exists() -> None:
    with pytest.raises(BadInput, match=r"mobilenet_v2, .*mbv2_rd, .*mbv2_w0\.3_r80"):
        find_network("mobilenet")
