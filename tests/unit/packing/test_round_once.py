"""``--fast-rounding``: at most 1 beside the reference a layer, the same bytes for every schedule, and it says so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mcupatch.ir import ops, reference
from mcupatch.ir.ops import Clamp
from mcupatch.ir.quant import Requant, Rounding, make_requant
from mcupatch.ir.reference_requantize import requantize
from mcupatch.packing.choose import choose_kernel
from mcupatch.packing.round_once import count_rounded_once, round_as_reference, round_once
from mcupatch.pipeline import compile, measure_model
from mcupatch.program.build_module import build_module
from mcupatch.transform.fuse_patches import FusePatches
from mcupatch.tvm_api import relax, tvm
from tests.support.small_graph import patched, small_graph

NETWORK = "zoo:mbv2_w0.35_r144@32"


def test_one_rounding_is_within_one_of_two() -> None:
    rng = np.random.default_rng(0)
    found = set()
    for right in range(1, 32):
        multiplier = np.append(rng.integers(1 << 30, 1 << 31, 60), [1 << 30, (1 << 31) - 1]).astype(np.int32)
        fixed = Requant(Rounding.FIXED, multiplier, np.full(multiplier.size, -right, np.int32))
        single = replace(fixed, rounding=Rounding.SINGLE)
        spread = min(1 << (right + 8), 1 << 31)
        sums = rng.integers(-spread, spread, (200, 1))
        for zero_point in (-128, 0, 127):
            two, one = (requantize(sums, r, zero_point, Clamp()).astype(int) for r in (fixed, single))
            found |= set(np.unique(one - two).tolist())
    assert found == {-1, 0, 1}


def test_only_layers_with_a_kernel_for_it_round_once() -> None:
    graph = small_graph()
    fast = round_once(graph)
    assert count_rounded_once(fast) > 0 == count_rounded_once(graph)
    for op, changed in zip(graph.ops, fast.ops):
        if isinstance(changed, ops.Conv2D | ops.DepthwiseConv2D):
            choice = choose_kernel(changed)
            once = changed.requant.rounding is Rounding.SINGLE
            assert once == (choice is not None and "_single" in choice.function)
        else:
            assert changed is op
    real = small_graph(Rounding.FLOAT)
    assert all(a is b for a, b in zip(round_once(real).ops, real.ops))


def test_scales_of_a_half_or_more_keep_two_roundings() -> None:
    graph = small_graph()
    index = next(i for i, op in enumerate(graph.ops) if isinstance(op, ops.Conv2D))
    op = graph.ops[index]
    assert isinstance(op, ops.Conv2D)
    large = replace(op, requant=make_requant(Rounding.FIXED, np.full(op.bias.size, 0.7)))
    changed = round_once(replace(graph, ops=(*graph.ops[:index], large, *graph.ops[index + 1 :])))
    kept = changed.ops[index]
    assert isinstance(kept, ops.Conv2D) and kept.requant.rounding is Rounding.FIXED


def test_the_reference_is_found_again() -> None:
    graph = small_graph()
    picture = np.random.default_rng(3).integers(-128, 128, (1, 17, 19, 3)).astype(np.int8)
    (expected,) = reference.run(graph, [picture])
    (found,) = reference.run(round_as_reference(round_once(graph)), [picture])
    assert np.array_equal(found, expected)


@pytest.mark.parametrize("halo", ["recompute", "keep"])
def test_tiles_give_the_bytes_of_whole_tensors(halo: str) -> None:
    graph = round_once(small_graph())
    picture = np.random.default_rng(1).integers(-128, 128, (1, 17, 19, 3)).astype(np.int8)
    module = FusePatches(schedule=patched(graph, 4, (2, 2), halo))(build_module(graph))
    machine = relax.VirtualMachine(tvm.compile(module, target="llvm"), tvm.cpu())
    found = machine["main"](tvm.runtime.tensor(picture)).numpy()
    np.testing.assert_array_equal(found, reference.run(graph, [picture])[0])


def test_a_run_is_faster_and_says_what_it_gave_up() -> None:
    exact, fast = compile(NETWORK), compile(NETWORK, fast_rounding=True)
    rng = np.random.default_rng(0)
    shapes = {n: exact.graph.tensors[n].shape for n in exact.graph.inputs}
    inputs = {n: rng.integers(-128, 128, shape).astype(np.int8) for n, shape in shapes.items()}
    slow, quick = measure_model(exact, inputs), measure_model(fast, inputs)
    assert slow.matches_reference and slow.as_compiled
    assert quick.as_compiled and not quick.matches_reference and quick.max_abs_diff > 0
    assert quick.measurement.instructions < slow.measurement.instructions
