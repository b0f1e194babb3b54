"""The wide sweep of `make heavy`: many more random networks, all on the emulated chip too; whole nets at 224 px."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcupatch.measure.unicorn_backend import run_on_unicorn
from mcupatch.model_file import load_model_file
from mcupatch.model_inputs import random_inputs
from mcupatch.options import ByHand, CompileOptions
from mcupatch.pipeline import compile_model
from tests.property.test_execution import assert_random_case, assert_same_bytes
from tests.support.litert import LiteRt

pytestmark = pytest.mark.heavy


@pytest.mark.parametrize("seed", range(1000, 1600))
def test_random_networks_on_chip_and_host(seed: int, tmp_path: Path) -> None:
    assert_random_case(seed, tmp_path)


@pytest.mark.parametrize(("network", "ops"), [("mobilenet_v2", 13), ("mbv2_rd", 8)])
def test_whole_networks_of_the_paper(network: str, ops: int) -> None:
    """At 224 px with the paper's 4x4 patches; no chip of the list has their flash, so a generic one."""
    model = load_model_file(f"zoo:{network}")
    options = CompileOptions("generic", 512 << 10, 8 << 20, ByHand(ops, (4, 4)))
    compiled = compile_model(model, options)
    values = list(random_inputs(compiled.graph, 0).values())
    (measured,) = run_on_unicorn(compiled.firmware, [values], profile=False)
    assert_same_bytes(list(measured.outputs), LiteRt(model.data).run(values).outputs)
