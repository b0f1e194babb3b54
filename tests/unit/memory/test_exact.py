"""Branch and bound proves what the load of a single step cannot, and says so where it gave up."""

from __future__ import annotations

import pytest

from mcupatch.memory import planner
from mcupatch.memory.exact import fit_into_pools, minimize_arena
from mcupatch.memory.placement import place_low
from mcupatch.memory.plan import Buffer, BufferKind, SafeOverlap
from mcupatch.memory.separation import Separation, build_separation

# Each trails the one before by 8 bytes, so two of them take 108 bytes; all three lie 8 bytes below each other.
CHAIN = [Buffer(f"b{i}", BufferKind.TENSOR, 100, i, i + 1) for i in range(3)]
TRAILS = [SafeOverlap(f"op{i}", f"b{i}", f"b{i - 1}", 8) for i in (1, 2)]


def chain() -> Separation:
    return build_separation(CHAIN, TRAILS)


def test_bound_is_above_the_load_of_every_step() -> None:
    plan = planner.place_buffers(CHAIN, TRAILS)
    assert (plan.lower_bound_bytes, plan.arena_bytes) == (116, 116)
    assert plan.optimal


def test_propagation_alone_places_a_chain() -> None:
    found = minimize_arena(chain(), place_low(chain(), [0, 1, 2]), 90, node_limit=0)
    assert (found.offsets, found.arena_bytes, found.bound_bytes) == ([16, 8, 0], 116, 116)


def test_walls_are_kept() -> None:
    fit = fit_into_pools(chain(), [108, 100], node_limit=1000)
    capacities = (108, 100)
    assert fit.spots is not None and all(s.offset + 100 <= capacities[s.pool] for s in fit.spots)
    assert fit_into_pools(chain(), [104, 100], node_limit=1000).spots is not None
    assert fit_into_pools(chain(), [60, 100], node_limit=1000).is_impossible


def test_a_pool_is_full_to_its_last_byte() -> None:
    """Three buffers of 5 bytes in pools of 5 and 13: the second begins at the next multiple of the alignment."""
    together = [Buffer(f"b{i}", BufferKind.TENSOR, 5, 0, 1) for i in range(3)]
    fit = fit_into_pools(build_separation(together, []), [5, 13], node_limit=1000)
    assert fit.spots is not None
    assert sorted((s.pool, s.offset) for s in fit.spots) == [(0, 0), (1, 0), (1, 8)]


def test_local_search_follows_where_branch_and_bound_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    spans = [(20 + 12 * i % 52, i * 3 % 8, i * 3 % 8 + 1 + i % 3) for i in range(24)]
    buffers = [
        Buffer(f"b{i}", BufferKind.TENSOR, nbytes, first, last)
        for i, (nbytes, first, last) in enumerate(spans)
    ]
    exact = planner.place_buffers(buffers, ())
    monkeypatch.setattr(planner, "EXACT_WORK", 0)
    searched = planner.place_buffers(buffers, ())
    assert exact.optimal
    assert searched.lower_bound_bytes <= exact.arena_bytes <= searched.arena_bytes


def test_chains_of_trailing_blocks_are_proven() -> None:
    """Outputs of stages that each trail the one before, among the row caches of their own stage: what lies below the
    first output is decided by all that follow. Within the load of a step there is no placement."""
    buffers, trails = [], []
    for k in range(12):
        first = 3 * k
        buffers.append(Buffer(f"out{k}", BufferKind.TENSOR, 6400, first, first + 5))
        rest = 5600 - 320 if k else 5600
        sizes = [1280 + 64 * (k % 5), 1920 - 32 * k, 640 + 16 * (k % 3)]
        sizes.append(rest - sum(sizes))
        for i, nbytes in enumerate(sizes):
            buffers.append(Buffer(f"cache{k}.{i}", BufferKind.CACHE, nbytes, first, first + 2))
        if k:
            trails.append(SafeOverlap(f"op{k}", f"out{k}", f"out{k - 1}", 320, True))
    plan = planner.place_buffers(buffers, trails)
    assert plan.optimal
    assert plan.lower_bound_bytes > 6400 + 5600
