"""int16 weights: as many as fit, those that gain most a byte first, and the same results."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mcupatch.ir import ops
from mcupatch.packing.choose import choose_kernels
from mcupatch.packing.round_once import round_once
from mcupatch.packing.wide_weights import KERNEL_BYTES, widen_weights
from mcupatch.pipeline import compile, measure_model

NETWORK = "zoo:mbv2_w0.35_r144@32"
WIDE = "mcup_packed_conv2d_wide"


def test_what_is_spare_is_used_and_no_more() -> None:
    graph = compile(NETWORK).graph
    narrow = choose_kernels(graph)
    convolutions = {op.name for op in graph.ops if isinstance(op, ops.Conv2D) and op.name in narrow}
    widened = {}
    for spare in (0, 30_000, 10_000_000):
        choices = widen_weights(graph, spare)
        widened[spare] = {name for name, choice in choices.items() if choice.function == WIDE}
        extra = sum(choices[name].flash_bytes - narrow[name].flash_bytes for name in narrow)
        assert choices.keys() == narrow.keys() and extra <= spare
    assert widened[0] == set()
    assert set() < widened[30_000] < convolutions
    assert widened[10_000_000] == convolutions


def test_each_rounding_brings_a_kernel() -> None:
    """A network with two roundings links two kernels for int16 weights, and the flash has to hold both."""
    graph = compile(NETWORK).graph
    once = round_once(graph).ops
    mixed = replace(
        graph, ops=tuple((op, other)[i % 2] for i, (op, other) in enumerate(zip(graph.ops, once)))
    )
    narrow = choose_kernels(mixed)
    most = 0
    for spare in range(3_000, 40_000, 3_000):
        choices = widen_weights(mixed, spare)
        changed = [name for name in narrow if choices[name].function != narrow[name].function]
        extra = sum(choices[name].flash_bytes - narrow[name].flash_bytes for name in changed)
        kernels = len({choices[name].function for name in changed})
        assert extra + kernels * KERNEL_BYTES <= spare
        most = max(most, kernels)
    assert most == 2


def test_a_budget_of_flash_is_spent_on_speed() -> None:
    plain, wide = compile(NETWORK, board="generic"), compile(NETWORK, board="generic", flash_bytes=1 << 20)
    rng = np.random.default_rng(0)
    shapes = {n: plain.graph.tensors[n].shape for n in plain.graph.inputs}
    inputs = {n: rng.integers(-128, 128, shape).astype(np.int8) for n, shape in shapes.items()}
    slow, fast = measure_model(plain, inputs), measure_model(wide, inputs)
    assert fast.matches_reference and wide.firmware.flash_bytes <= 1 << 20
    assert fast.measurement.instructions < slow.measurement.instructions
    assert wide.plan.arena_bytes == plain.plan.arena_bytes
