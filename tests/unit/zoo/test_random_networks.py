"""The random models of the property tests: LiteRT's reference kernels load and run them, and they do not die out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tests.support.random_networks import random_patchable_tflite, random_staged_tflite, random_tflite

_SEEDS = range(201)
_MAKERS = [random_tflite, random_patchable_tflite, random_staged_tflite]


@pytest.mark.parametrize("make", _MAKERS)
def test_litert_runs_every_seed(make: Callable[[int], bytes]) -> None:
    litert = pytest.importorskip("ai_edge_litert.interpreter", reason="ai-edge-litert is not installed")
    dead = []
    for seed in _SEEDS:
        run = litert.Interpreter(
            model_content=make(seed), experimental_op_resolver_type=litert.OpResolverType.BUILTIN_REF
        )
        run.allocate_tensors()
        rng = np.random.default_rng(seed)
        for detail in run.get_input_details():
            run.set_tensor(detail["index"], rng.integers(-128, 128, detail["shape"]).astype(np.int8))
        run.invoke()
        values = run.get_tensor(run.get_output_details()[0]["index"])
        if len(np.unique(values)) < min(3, values.size):
            dead.append(seed)
    assert len(dead) <= len(_SEEDS) // 20, f"seeds with a near-constant output: {dead}"


@pytest.mark.parametrize("make", _MAKERS)
def test_same_seed_gives_the_same_bytes(make: Callable[[int], bytes]) -> None:
    assert all(make(seed) == make(seed) for seed in range(10))
    assert len({make(seed) for seed in range(10)}) == 10
