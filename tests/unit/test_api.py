"""The calls of a Python program: compile, run, figures, save, load."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import mcupatch
from mcupatch.errors import BadInput
from tests.support.odd_models import small_model


@pytest.fixture(scope="module")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("api") / "small.tflite"
    path.write_bytes(small_model())
    return path


def test_compile_run_save_load(model_file: Path, tmp_path: Path) -> None:
    result = mcupatch.compile(model_file, mode=mcupatch.LeastSram())
    run = mcupatch.run(result)
    assert run.matches_reference
    figures = mcupatch.figures(result, run)
    assert figures["measured"]["instructions"] == run.measurement.instructions > 0
    assert "measured" not in mcupatch.figures(result)
    mcupatch.save(result, tmp_path / "net", run)
    again = mcupatch.run(mcupatch.load(tmp_path / "net"), on="host")
    assert again.matches_reference
    for name, output in run.outputs.items():
        np.testing.assert_array_equal(again.outputs[name], output)


def test_values_that_do_not_suit_are_told(model_file: Path) -> None:
    result = mcupatch.compile(model_file, mode=mcupatch.PerLayer())
    (name,) = result.graph.inputs
    good = np.zeros(result.graph.tensors[name].shape, np.int8)
    assert mcupatch.run(result, {name: good}).matches_reference
    for values in ({}, {"no such input": good}, {name: good[0]}, {name: good.astype(np.float32)}):
        with pytest.raises(BadInput):
            mcupatch.run(result, values)
    with pytest.raises(BadInput, match="unicorn"):
        mcupatch.run(result, on="moon")


def test_every_public_name_is_there() -> None:
    assert all(getattr(mcupatch, name) is not None for name in mcupatch.__all__)
