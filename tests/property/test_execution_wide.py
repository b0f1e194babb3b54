"""The wide sweep of `make heavy`: many more random networks, all on the emulated chip too; whole nets at 224 px."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcupatch.firmware.bare_metal import build_firmware
from mcupatch.importer.tflite import import_tflite
from mcupatch.ir.reference import run
from mcupatch.measure.host_backend import run_on_host
from mcupatch.measure.unicorn_backend import run_on_unicorn
from mcupatch.model_file import load_model_file
from mcupatch.model_inputs import random_inputs
from mcupatch.options import ByHand, CompileOptions
from mcupatch.pipeline import compile_model
from mcupatch.target.board import load_board
from tests.property.test_execution import assert_same_bytes, compile_checked, random_schedule
from tests.support.litert import LiteRt
from tests.support.random_networks import random_patchable_tflite, random_tflite

pytestmark = pytest.mark.heavy


@pytest.mark.parametrize("seed", range(1000, 1150))
@pytest.mark.parametrize("make", [random_patchable_tflite, random_tflite])
def test_random_networks_on_chip_and_host(make: object, seed: int, tmp_path: Path) -> None:
    data = make(seed)  # type: ignore[operator]
    graph = import_tflite(data, f"random_{seed}")
    values = list(random_inputs(graph, seed).values())
    expected = run(graph, values)
    assert_same_bytes(LiteRt(data).run(values).outputs, expected)
    sources = compile_checked(graph, random_schedule(graph, seed))
    firmware = build_firmware(sources, load_board("stm32h743"), tmp_path)
    for measured in (
        run_on_host(sources, [values], sanitize=True)[0],
        run_on_unicorn(firmware, [values])[0],
    ):
        assert_same_bytes(list(measured.outputs), expected)


@pytest.mark.parametrize(("network", "ops"), [("mobilenet_v2", 13), ("mbv2_rd", 8)])
def test_whole_networks_of_the_paper(network: str, ops: int) -> None:
    """At 224 px with the paper's 4x4 patches; no chip of the list has their flash, so a generic one."""
    model = load_model_file(f"zoo:{network}")
    options = CompileOptions("generic", 512 << 10, 8 << 20, ByHand(ops, (4, 4)))
    compiled = compile_model(model, options)
    values = list(random_inputs(compiled.graph, 0).values())
    (measured,) = run_on_unicorn(compiled.firmware, [values], profile=False)
    assert_same_bytes(list(measured.outputs), LiteRt(model.data).run(values).outputs)
