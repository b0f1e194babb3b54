"""Definitions of networks: every network comes back from its file, and bad files are told where they are bad."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mcupatch.errors import BadInput
from mcupatch.zoo.definition import format_definition, parse_definition
from mcupatch.zoo.networks import find_network, list_networks

SMALL: dict[str, Any] = {
    "name": "net",
    "input": [16, 16, 3],
    "blocks": [
        {"kind": "conv", "kernel": 3, "stride": 2, "out_channels": 8},
        {"kind": "inverted_residual", "kernel": 3, "stride": 1, "expand": 2, "out_channels": 8},
    ],
    "head": {"kind": "classifier", "classes": 10},
}


@pytest.mark.parametrize("name", list_networks())
def test_networks_come_back(name: str) -> None:
    network = find_network(name)
    assert parse_definition(format_definition(network).encode()) == network


def test_a_small_one_is_read() -> None:
    network = parse_definition(json.dumps(SMALL).encode())
    assert (network.name, network.input_shape, len(network.blocks)) == ("net", (16, 16, 3), 2)


def _changed(**changes: Any) -> bytes:
    return json.dumps({**SMALL, **changes}).encode()


def _with_block(**block: Any) -> bytes:
    return _changed(blocks=[*SMALL["blocks"], block])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "JSON object"),
        (_changed(name="../x"), "name"),
        (_changed(input=[16, 16]), "height, width, channels"),
        (_changed(input=[16, 0, 3]), "whole number"),
        (_changed(blocks=[]), "at least one block"),
        (_changed(extra=1), "no field 'extra'"),
        (_changed(activation="SWISH"), "RELU6"),
        (_changed(head={"kind": "other"}), "classifier"),
        (_changed(head={"kind": "detector", "predictions": []}), "predictions"),
        (_with_block(kind="magic"), "block 2: \"kind\""),
        (_with_block(kind=["conv"]), "block 2: \"kind\""),
        (_with_block(kind="inverted_residual", kernel=[3, 5], stride=1, expand=2, out_channels=8), "whole number"),
        (_with_block(kind="conv", kernel=[3, 5, 3], stride=1, out_channels=8), "rows, columns"),
        (_with_block(kind="conv", kernel=4, stride=1, out_channels=8), "b2_conv: an even"),
        (_with_block(kind="conv", kernel=3, stride=65536, out_channels=8), "at most 4096"),
        (_with_block(kind="conv", kernel=4095, stride=1, out_channels=8), "weights up to here"),
        (_changed(input=[65536, 65536, 3]), "larger than 64 MiB"),
        (_with_block(kind="merge_down", out_channels=8, other=1), "not twice the 8"),
        (_with_block(kind="merge_up", out_channels=8, other=1), "not half the 8"),
        (_with_block(kind="conv", kernel=3, stride=1), "block 2 lacks the field 'out_channels'"),
        (_with_block(kind="conv", kernel=True, stride=1, out_channels=8), "whole number"),
        (_with_block(kind="conv", kernel=3, stride=1, out_channels=8, speed=2), "no field 'speed'"),
        (_with_block(kind="conv", kernel=3, stride=1, out_channels=8, linear=1), "true or false"),
        (_with_block(kind="merge_up", out_channels=8, other=2), "earlier block"),
        (_with_block(kind="merge_up", out_channels=16, other=0), "not half the 8"),
        (_with_block(kind="inverted_residual", kernel=3, stride=1, expand=2, out_channels=8, groups=3), "groups"),
        (_with_block(kind="inverted_residual", kernel=3, stride=1, expand=2, out_channels=8, squeeze=9), "squeeze"),
        (b'{"name": "net", "input": [1e400, 1, 1]}', "whole number"),
    ],
)  # fmt: skip
def test_bad_files(data: bytes, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        parse_definition(data)
