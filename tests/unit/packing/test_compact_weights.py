"""Compact depthwise weights: only where the flash is short, no more than it takes, and the same results."""

from __future__ import annotations

import numpy as np
import pytest

from mcupatch.errors import FlashShortage, Infeasible
from mcupatch.ir import ops
from mcupatch.packing.choose import choose_kernels
from mcupatch.packing.compact_weights import compact_weights
from mcupatch.pipeline import compile, measure_model

NETWORK = "zoo:mbv2_w0.35_r144@32"


def test_no_more_is_given_up_than_is_missing() -> None:
    graph = compile(NETWORK).graph
    fastest = choose_kernels(graph)
    depthwise = {op.name for op in graph.ops if isinstance(op, ops.DepthwiseConv2D)}
    changed = {}
    for missing in (1000, 40_000, 60_000):
        choices = compact_weights(graph, missing, depthwise)
        assert choices.keys() == fastest.keys()
        assert sum(fastest[n].flash_bytes - choices[n].flash_bytes for n in fastest) >= missing
        changed[missing] = {n for n in depthwise if choices[n].params.rows_at_once == 1}
    assert set() < changed[1000] < changed[40_000] < changed[60_000] <= depthwise
    assert not compact_weights(graph, 10_000_000, depthwise).keys() & depthwise
    kept = compact_weights(graph, 10_000_000, set())
    assert depthwise <= kept.keys()
    assert all(kept[name].params.rows_at_once == 1 for name in depthwise)


def test_a_small_flash_is_no_reason_to_refuse() -> None:
    plain = compile(NETWORK, board="generic")
    needed = plain.firmware.flash_bytes
    rng = np.random.default_rng(0)
    shapes = {n: plain.graph.tensors[n].shape for n in plain.graph.inputs}
    inputs = {n: rng.integers(-128, 128, shape).astype(np.int8) for n, shape in shapes.items()}
    counts = [measure_model(plain, inputs).measurement.instructions]
    for missing in (20_000, 100_000):  # by kernels that make one row at a time; by general ones too
        small = compile(NETWORK, board="generic", flash_bytes=needed - missing)
        run = measure_model(small, inputs)
        assert run.matches_reference and small.firmware.flash_bytes <= needed - missing
        assert small.plan.arena_bytes == plain.plan.arena_bytes
        counts.append(run.measurement.instructions)
    assert counts[0] <= counts[1] < counts[2]
    with pytest.raises(Infeasible, match="bytes too many") as caught:
        compile(NETWORK, board="generic", flash_bytes=needed - 400_000)
    assert isinstance(caught.value, FlashShortage) and caught.value.missing_bytes > 200_000
