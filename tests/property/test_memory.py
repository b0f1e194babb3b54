"""Memory plans of random networks: valid by the independent checker, never below the bound; formulas against loops."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, permutations, product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mcupatch.errors import Infeasible
from mcupatch.ir import ops
from mcupatch.ir.access import input_access, is_reduction
from mcupatch.ir.graph import Graph
from mcupatch.ir.region import Interval, Region
from mcupatch.ir.tensor import Tensor
from mcupatch.memory.check import PlanError, check_plan
from mcupatch.memory.exact import fit_into_pools
from mcupatch.memory.placement import arena_of, place_low
from mcupatch.memory.plan import ACTIVATIONS, Buffer, BufferKind, MemoryPlan, Pool, SafeOverlap
from mcupatch.memory.planner import place_buffers, place_in_pools, plan_memory
from mcupatch.memory.separation import build_separation
from mcupatch.schedule.bound import step_loads
from mcupatch.schedule.holdings import find_holdings, lay_out_schedule
from mcupatch.schedule.stage import Schedule
from mcupatch.schedule.stage_layout import StageLayout
from mcupatch.schedule.trailing import ELEMENT_OPS
from mcupatch.schedule.trails import Trail, find_trails
from mcupatch.schedule.whole import plan_layer_by_layer
from tests.support.random_graphs import staged_networks, tileable_networks
from tests.support.random_schedules import random_schedule

SETTINGS = settings(max_examples=80, deadline=None)
SEEDS = st.integers(0, 10**6)


@st.composite
def scratches(draw: st.DrawFn, graph: Graph) -> dict[str, int]:
    return {op.name: draw(st.sampled_from([0, 0, 1, 24, 130])) for op in graph.ops}


@SETTINGS
@given(st.data())
def test_plans_are_valid(data: st.DataObject) -> None:
    graph = data.draw(staged_networks())
    schedule, scratch = random_schedule(graph, data.draw(SEEDS)), data.draw(scratches(graph))
    plan = plan_memory(graph, schedule, scratch, quick=data.draw(st.booleans()))
    check_plan(graph, schedule, plan, scratch)
    assert plan.lower_bound_bytes <= plan.arena_bytes
    assert plan.arena_bytes == max(p.end for p in plan.placed)
    assert max(load.nbytes for load in step_loads(graph, schedule)) <= plan.arena_bytes


@SETTINGS
@given(st.data())
def test_plans_with_minimal_distances_are_valid(data: st.DataObject) -> None:
    """Each recorded overlap used at its very limit, or somewhat above it, alone: everything else far away."""
    graph = data.draw(staged_networks())
    schedule = random_schedule(graph, data.draw(SEEDS))
    plan = plan_memory(graph, schedule, {}, quick=True)
    for overlap in plan.overlaps:
        item = graph.tensors[overlap.output].item_bytes  # a float output lies at whole words
        further = data.draw(st.sampled_from([0, 0, 1, 7, 40, 333]))
        distance = overlap.distance + further
        check_plan(graph, schedule, _with_overlap(plan, overlap, distance + -distance % item))


def _with_overlap(plan: MemoryPlan, overlap: SafeOverlap, distance: int) -> MemoryPlan:
    """All buffers apart, but ``overlap.output`` exactly ``distance`` below ``overlap.input``. Aligns to bytes."""
    offset, placed = 0, []
    room = max(p.buffer.nbytes for p in plan.placed) + abs(distance)
    room += -room % 8
    for p in plan.placed:
        placed.append(replace(p, buffer=replace(p.buffer, align=1), offset=offset + room))
        offset += 2 * room
    at = {p.buffer.name: p.offset for p in placed if p.buffer.kind in ACTIVATIONS}
    placed = [
        replace(p, offset=at[overlap.input] - distance)
        if p.buffer.name == overlap.output and p.buffer.kind in ACTIVATIONS
        else p
        for p in placed
    ]
    return replace(plan, placed=tuple(placed), arena_bytes=offset + room)


@SETTINGS
@given(tileable_networks())
def test_distances_of_whole_operators_are_the_brute_force_ones(graph: Graph) -> None:
    """Against writing and reading one row, or one element, after the other."""
    schedule = plan_layer_by_layer(graph)
    layouts = lay_out_schedule(graph, schedule)
    for trail in find_trails(graph, schedule, layouts, find_holdings(graph, schedule, layouts)):
        op = graph.ops[trail.op]
        views = [_whole_region(graph, n) for n in (op.output, trail.input)]
        assert trail.distance == max(0, _brute_distance(graph, op, trail.input, views[0], views[1]))


@SETTINGS
@given(staged_networks(), SEEDS)
def test_distances_of_stages_are_the_brute_force_ones(graph: Graph, seed: int) -> None:
    """Against all calls of a stage, one after the other, each row by row or element by element."""
    schedule = random_schedule(graph, seed)
    layouts = lay_out_schedule(graph, schedule)
    by_stage = {layout.stage.last: layout for layout in layouts if layout is not None}
    for trail in find_trails(graph, schedule, layouts, find_holdings(graph, schedule, layouts)):
        op = graph.ops[trail.op]
        direct = trail.input in op.inputs and not is_reduction(graph, op)
        if (
            trail.by_stage
            and not is_reduction(graph, op)
            and not (direct and isinstance(op, ops.Concat | ops.Mul))
        ):
            assert trail.distance == _brute_stage_distance(graph, by_stage[trail.last], trail)


def _brute_stage_distance(graph: Graph, layout: StageLayout, trail: Trail) -> int:
    """What a call writes must end below what it or any later call still reads."""
    source, out = graph.tensors[trail.input], graph.tensors[trail.output]
    lowest, distance = None, 0
    for op, rows, cols in reversed(list(_calls(layout))):
        operator = graph.ops[op]
        if op == trail.op:
            end = _address(out, rows.stop - 1, cols.stop)
            if lowest is not None:
                distance = max(distance, end - lowest)
            if trail.input in operator.inputs:
                distance = max(distance, _brute_call(graph, operator, trail.input, rows, cols))
        for position, name in enumerate(operator.inputs):
            if name == trail.input:
                access = input_access(graph, operator, position)
                assert access is not None
                read = access.needed(Region(rows, cols), *source.hwc[:2])
                if read.pixels:
                    start = _address(source, read.rows.start, read.cols.start)
                    lowest = start if lowest is None else min(lowest, start)
    return distance


def _calls(layout: StageLayout) -> Iterator[tuple[int, Interval, Interval]]:
    """Operator, rows and columns of each call that computes something, in order."""
    done = [0] * len(layout.walks)
    for g in (g for g in layout.order if g < len(layout.walks)):
        walk, step = layout.walks[g], done[g]
        done[g] += 1
        for tile in range(walk.cols.steps):
            for i in walk.segment.operators:
                rows, cols = walk.rows.computed[i][step], walk.cols.computed[i][tile]
                if rows.length and cols.length:
                    yield i, rows, cols


def _brute_call(graph: Graph, op: ops.Operator, name: str, rows: Interval, cols: Interval) -> int:
    """The same within one call that reads ``name`` while it writes."""
    source, out = graph.tensors[name], graph.output_tensor(op)
    if isinstance(op, ELEMENT_OPS):
        return max(out.item_bytes - source.item_bytes, 0) * (source.elements - 1)
    access = input_access(graph, op, op.inputs.index(name))
    assert access is not None
    col = min(max(cols.start * access.cols.stride - access.cols.pad, 0), source.hwc[1])
    needs = [0]
    for y in range(rows.start, rows.stop):
        row = min(max(y * access.rows.stride - access.rows.pad, 0), source.hwc[0])
        needs.append(_address(out, y, cols.stop) - _address(source, row, col))
    return max(needs)


def _address(tensor: Tensor, row: int, col: int) -> int:
    return (row * tensor.hwc[1] + col) * tensor.hwc[2] * tensor.item_bytes


def _whole_region(graph: Graph, name: str) -> Region:
    height, width, _ = graph.tensors[name].hwc
    return Region(Interval(0, height), Interval(0, width))


def _brute_distance(graph: Graph, op: ops.Operator, name: str, out: Region, source: Region) -> int:
    """The least distance that the order contract needs, by walking through the output (dense windows)."""
    if isinstance(op, (ops.Mean, ops.Dense, ops.Concat)):
        return 0
    target, origin = graph.tensors[op.output], graph.tensors[name]
    out_row = out.cols.length * target.hwc[2] * target.item_bytes
    in_row = source.cols.length * origin.hwc[2] * origin.item_bytes
    needs = [0]
    if isinstance(op, (ops.Lut, ops.Add, ops.Mul, ops.Quantize, ops.Dequantize)):
        starts, ends = [], []
        channels = target.hwc[2]
        for y in range(out.rows.start, out.rows.stop):
            for x in range(out.cols.start, out.cols.stop):
                for c in range(channels):
                    pixel = (y - source.rows.start) * source.cols.length + x - source.cols.start
                    starts.append((pixel * channels + c) * origin.item_bytes)
                    ends.append((len(ends) + 1) * target.item_bytes)
        needs += [end - start for end, start in zip(ends[:-1], starts[1:])]
        return max(needs)
    stride = getattr(op, "stride", (1, 1))[0]
    for y in range(out.rows.length):
        first = (out.rows.start + y) * stride - op.padding.top - source.rows.start  # type: ignore[attr-defined]
        needs.append((y + 1) * out_row - min(max(first, 0), source.rows.length) * in_row)
    return max(needs)


@st.composite
def placements(draw: st.DrawFn) -> tuple[list[Buffer], list[SafeOverlap]]:
    """Buffers with random sizes and lifetimes, some with an overlap where one ends and another begins."""
    count = draw(st.integers(1, 14))
    buffers = []
    for i in range(count):
        first = draw(st.integers(0, 10))
        last = first + draw(st.integers(0, 4))
        buffers.append(Buffer(f"b{i}", BufferKind.TENSOR, draw(st.integers(0, 90)), first, last))
    overlaps = []
    for out in buffers:
        for source in buffers:
            if (
                source.name != out.name
                and source.last_step == out.first_step
                and out.last_step > out.first_step
            ):
                if source.first_step < source.last_step and draw(st.booleans()) and out.nbytes:
                    overlaps.append(
                        SafeOverlap("op", out.name, source.name, draw(st.integers(0, out.nbytes - 1)))
                    )
    return buffers, overlaps


@settings(max_examples=150, deadline=None)
@given(placements())
def test_placements_keep_every_pair_apart(case: tuple[list[Buffer], list[SafeOverlap]]) -> None:
    buffers, overlaps = case
    plan = place_buffers(buffers, overlaps)
    _check_pairs(plan)
    assert plan.lower_bound_bytes <= plan.arena_bytes
    again = place_buffers(buffers, overlaps)
    assert again == plan


def are_alive_together(a: Buffer, b: Buffer) -> bool:
    return a.first_step <= b.last_step and b.first_step <= a.last_step


def _check_pairs(plan: MemoryPlan) -> None:
    safe = {(o.output, o.input): o.distance for o in plan.overlaps}
    for i, a in enumerate(plan.placed):
        assert a.offset % a.buffer.align == 0 and a.offset >= 0
        for b in plan.placed[i + 1 :]:
            if not are_alive_together(a.buffer, b.buffer) or not a.buffer.nbytes or not b.buffer.nbytes:
                continue
            apart = a.end <= b.offset or b.end <= a.offset
            for out, source in ((a, b), (b, a)):
                distance = safe.get((out.buffer.name, source.buffer.name))
                apart |= distance is not None and source.offset - out.offset >= distance
            assert apart, (a, b)


@settings(max_examples=100, deadline=None)
@given(placements())
def test_plan_is_the_best_of_all_orders(case: tuple[list[Buffer], list[SafeOverlap]]) -> None:
    """Greedy in every order of up to six buffers: the best of them is as large as the plan, which knows it."""
    buffers = case[0][:6]
    names = {b.name for b in buffers}
    overlaps = [o for o in case[1] if {o.output, o.input} <= names]
    plan = place_buffers(buffers, overlaps)
    separation = build_separation(buffers, overlaps)
    orders = permutations(range(len(buffers)))
    best = min(arena_of(separation, place_low(separation, order)) for order in orders)
    assert plan.arena_bytes == best
    assert plan.optimal
    assert place_buffers(buffers, overlaps, quick=True).lower_bound_bytes <= best


@settings(max_examples=60, deadline=None)
@given(placements(), st.lists(st.integers(1, 150), min_size=1, max_size=3))
def test_buffers_are_divided_where_that_is_possible(
    case: tuple[list[Buffer], list[SafeOverlap]], capacities: list[int]
) -> None:
    """Against every choice of pools for up to five buffers, and the best of all orders in each pool."""
    buffers = case[0][:5]
    names = {b.name for b in buffers}
    overlaps = [o for o in case[1] if {o.output, o.input} <= names]
    separation = build_separation(buffers, overlaps)

    def fits(members: list[int], capacity: int) -> bool:
        """Whether ``members`` alone fit; the other buffers are taken to lie elsewhere."""
        above = tuple(
            {b: d for b, d in row.items() if a in members and b in members}
            for a, row in enumerate(separation.above)
        )
        sizes = tuple(s if i in members else 0 for i, s in enumerate(separation.true_sizes))
        alone = replace(separation, above=above, true_sizes=sizes)
        return any(arena_of(alone, place_low(alone, order)) <= capacity for order in permutations(members))

    memo = {
        (members, capacity): fits(list(members), capacity)
        for size in range(len(buffers) + 1)
        for members in combinations(range(len(buffers)), size)
        for capacity in set(capacities)
    }
    possible = any(
        all(
            memo[tuple(i for i, k in enumerate(choice) if k == pool), capacity]
            for pool, capacity in enumerate(capacities)
        )
        for choice in product(range(len(capacities)), repeat=len(buffers))
    )
    pools = [Pool(f"ram{k}", capacity) for k, capacity in enumerate(capacities)]
    fit = fit_into_pools(separation, capacities, 100_000)
    assert (fit.spots is not None, fit.is_impossible) == (possible, not possible)
    if not possible:
        with pytest.raises(Infeasible):
            place_in_pools(buffers, overlaps, pools)
        return
    plan = place_in_pools(buffers, overlaps, pools)
    assert all(used.nbytes <= pool.nbytes for used, pool in zip(plan.pools, pools))
    assert plan.lower_bound_bytes <= plan.arena_bytes == sum(p.nbytes for p in plan.pools)
    for k, pool in enumerate(plan.pools):
        here = [p for p in plan.placed if p.pool == k]
        assert pool.nbytes == max((p.end for p in here), default=0)
        safe = {o for o in plan.overlaps if o.output in {p.buffer.name for p in here}}
        _check_pairs(replace(plan, placed=tuple(here), overlaps=tuple(safe)))


@SETTINGS
@given(st.data())
def test_divided_plans_are_valid(data: st.DataObject) -> None:
    graph = data.draw(staged_networks())
    schedule, scratch = random_schedule(graph, data.draw(SEEDS)), data.draw(scratches(graph))
    whole = plan_memory(graph, schedule, scratch, quick=True)
    share = data.draw(st.integers(1, 100))
    pools = [Pool("near", whole.arena_bytes * share // 100), Pool("far", whole.arena_bytes)]
    plan = plan_memory(graph, schedule, scratch, pools=pools)
    check_plan(graph, schedule, plan, scratch)
    assert all(used.nbytes <= pool.nbytes for used, pool in zip(plan.pools, pools))


@SETTINGS
@given(st.data())
def test_checker_notices_buffers_on_top_of_each_other(data: st.DataObject) -> None:
    """Move a tensor onto another that is written while it is still to be read: the checker must object."""
    graph = data.draw(tileable_networks(tail=True))
    schedule = plan_layer_by_layer(graph)
    plan = plan_memory(graph, schedule, {}, quick=True)
    victims = []
    for a in plan.placed:
        for b in plan.placed:
            later = (
                a.buffer.first_step < b.buffer.first_step < a.buffer.last_step
            )  # b comes while a must stay
            if later and _is_read_whole(graph, schedule, a.buffer):
                victims.append((a, b))
    assume(victims)
    a, b = data.draw(st.sampled_from(victims))
    placed = tuple(replace(p, offset=a.offset) if p is b else p for p in plan.placed)
    broken = replace(plan, placed=placed, arena_bytes=max(p.end for p in placed), lower_bound_bytes=0)
    with pytest.raises(PlanError):
        check_plan(graph, schedule, broken)


def _is_read_whole(graph: Graph, schedule: Schedule, buffer: Buffer) -> bool:
    """Whether the last reader reads all of the tensor, so that no byte of it may be lost."""
    user = graph.ops[buffer.last_step]
    return isinstance(user, (ops.Lut, ops.Add, ops.Mul, ops.Concat, ops.Mean, ops.Dense)) and bool(
        np.prod(graph.tensors[buffer.name].shape)
    )
