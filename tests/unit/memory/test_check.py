"""The plan checker objects to every kind of wrong plan, and real networks pass it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mcupatch.ir.graph import Graph
from mcupatch.memory.check import PlanError, check_plan
from mcupatch.memory.plan import BufferKind, MemoryPlan
from mcupatch.memory.planner import plan_memory
from mcupatch.schedule.by_hand import schedule_by_hand
from mcupatch.schedule.cuts import find_cuts
from mcupatch.schedule.stage import Schedule, Segment, Stage
from mcupatch.schedule.whole import plan_layer_by_layer, whole_operator
from tests.support.graphs import GraphBuilder
from tests.support.networks import load_network
from tests.support.shared import shared_path


def case() -> tuple[Graph, Schedule, MemoryPlan]:
    b = GraphBuilder()
    x = b.conv(b.input(8, 8, 2), 4, kernel=3, pad=1, name="a")
    y = b.depthwise(b.conv(x, 8, name="b"), name="c")
    x = b.add(x, b.conv(y, 4, name="d"), name="e")
    graph = b.build(b.mean(x, name="f"))
    anew = (0, 1, 2, 3)
    segment = Segment(0, 4, (4, 4), recomputed_rows=anew, recomputed_cols=anew)
    schedule = Schedule((Stage((segment,)), whole_operator(graph, 5)))
    return graph, schedule, plan_memory(graph, schedule, {"a": 32, "d": 16})


def spread(plan: MemoryPlan) -> dict[str, int]:
    """Offsets with every buffer far from the others."""
    return {f"{p.buffer.kind.value} {p.buffer.name}": 1024 * i for i, p in enumerate(plan.placed)}


def place(plan: MemoryPlan, offsets: dict[str, int]) -> MemoryPlan:
    placed = tuple(replace(p, offset=offsets[f"{p.buffer.kind.value} {p.buffer.name}"]) for p in plan.placed)
    return replace(plan, placed=placed, arena_bytes=1024 * (len(placed) + 1))


def test_the_plan_and_the_spread_one_pass() -> None:
    graph, schedule, plan = case()
    check_plan(graph, schedule, plan, {"a": 32, "d": 16})
    check_plan(graph, schedule, place(plan, spread(plan)))


@pytest.mark.parametrize(
    "moved, onto",
    [
        ("tensor e.out", "input in0"),  # the stage's output over its input
        ("tile b.out", "tile a.out"),  # the skip is still to be read
        ("tile c.out", "tile a.out"),
        ("tile d.out", "tile a.out"),
        ("tile c.out", "tile b.out"),  # no distance between a 3x3 and its input
        ("tile d.out", "tensor e.out"),  # other tiles' results are there already
        ("tile a.out", "input in0"),  # the next tile reads the input
        ("scratch a", "input in0"),
        ("scratch a", "tile a.out"),
        ("scratch d", "tile c.out"),
        ("scratch d", "tile d.out"),
        ("scratch d", "tile a.out"),
        ("scratch a", "tensor e.out"),
        ("output f.out", "tensor e.out"),  # a mean keeps no order
    ],
)
def test_two_buffers_on_the_same_bytes(moved: str, onto: str) -> None:
    graph, schedule, plan = case()
    offsets = spread(plan)
    offsets[moved] = offsets[onto]
    with pytest.raises(PlanError):
        check_plan(graph, schedule, place(plan, offsets))


def test_buffers_that_never_meet_may_share() -> None:
    graph, schedule, plan = case()
    offsets = spread(plan)
    offsets["tile d.out"] = offsets["tile b.out"]
    check_plan(graph, schedule, place(plan, offsets))


def test_bounds_alignment_sizes_and_scratch() -> None:
    graph, schedule, plan = case()
    first, *rest = plan.placed
    for broken in (
        replace(plan, arena_bytes=plan.arena_bytes - 1, lower_bound_bytes=0),
        replace(plan, lower_bound_bytes=plan.arena_bytes + 1),
        replace(plan, placed=(replace(first, offset=-4), *rest)),
        replace(plan, placed=(replace(first, offset=first.offset + 1), *rest), arena_bytes=1 << 20),
        replace(plan, placed=tuple(rest)),
    ):
        with pytest.raises(PlanError):
            check_plan(graph, schedule, broken)
    with pytest.raises(PlanError, match="scratch"):
        check_plan(graph, schedule, plan, {"a": 33})
    with pytest.raises(PlanError, match="scratch"):
        check_plan(graph, schedule, plan, {"b": 1})
    small = tuple(
        replace(p, buffer=replace(p.buffer, nbytes=p.buffer.nbytes - 1))
        if p.buffer.kind is BufferKind.TILE
        else p
        for p in plan.placed
    )
    with pytest.raises(PlanError, match="in a buffer of"):
        check_plan(graph, schedule, replace(plan, placed=small))


def kept() -> tuple[Graph, Schedule, MemoryPlan]:
    """A streamed input, a row window, tiles with caches, sums: a residual block, then a convolution and a mean."""
    b = GraphBuilder()
    x = b.conv(b.input(10, 9, 2), 4, kernel=3, pad=1, name="a")
    y = b.depthwise(b.conv(x, 8, name="b"), name="c")
    x = b.add(x, b.conv(y, 4, name="d"), name="e")
    graph = b.build(b.mean(b.conv(x, 3, kernel=3, pad=1, name="f"), name="g"))
    segments = (Segment(0, 0, (1, 9)), Segment(1, 4, (1, 2)), Segment(5, 6, (2, 3)))
    schedule = Schedule((Stage(segments),), graph.inputs)
    return graph, schedule, plan_memory(graph, schedule, {"a": 32, "d": 16, "g": 8})


def test_the_plan_of_kept_halos_and_the_spread_one_pass() -> None:
    graph, schedule, plan = kept()
    kinds = {p.buffer.kind for p in plan.placed}
    assert {BufferKind.WINDOW, BufferKind.TILE, BufferKind.CACHE, BufferKind.SUMS} <= kinds
    check_plan(graph, schedule, plan, {"a": 32, "d": 16, "g": 8})
    check_plan(graph, schedule, place(plan, spread(plan)))


@pytest.mark.parametrize(
    "moved, onto",
    [
        ("window a.out", "window in0"),
        ("tile b.out", "window a.out"),  # b is moved left, a is read by the skip
        ("cache b.out", "window a.out"),
        ("tile b.out", "cache b.out"),
        ("tile c.out", "cache b.out"),
        ("tile c.out", "tile b.out"),
        ("tile d.out", "window a.out"),
        ("window e.out", "tile d.out"),
        ("window e.out", "cache b.out"),
        ("sums g", "tile f.out"),
        ("sums g", "cache b.out"),
        ("sums g", "window e.out"),
        ("scratch g", "sums g"),
        ("scratch g", "tile f.out"),
        ("scratch a", "window in0"),
        ("scratch a", "cache b.out"),
        ("scratch d", "tile b.out"),
        ("scratch d", "window e.out"),
    ],
)
def test_two_parts_of_a_stage_on_the_same_bytes(moved: str, onto: str) -> None:
    graph, schedule, plan = kept()
    offsets = spread(plan)
    offsets[moved] = offsets[onto]
    with pytest.raises(PlanError):
        check_plan(graph, schedule, place(plan, offsets))


@pytest.mark.parametrize("moved, onto", [("tile d.out", "tile f.out"), ("scratch d", "scratch a")])
def test_parts_of_a_stage_that_never_meet_may_share(moved: str, onto: str) -> None:
    graph, schedule, plan = kept()
    offsets = spread(plan)
    offsets[moved] = offsets[onto]
    check_plan(graph, schedule, place(plan, offsets))


@pytest.mark.parametrize("kind", [BufferKind.WINDOW, BufferKind.TILE, BufferKind.CACHE, BufferKind.SUMS])
def test_a_part_that_is_missing_or_too_small(kind: BufferKind) -> None:
    graph, schedule, plan = kept()
    for i, p in enumerate(plan.placed):
        if p.buffer.kind is not kind:
            continue
        smaller = replace(p, buffer=replace(p.buffer, nbytes=p.buffer.nbytes - 1))
        for changed in ((), (smaller,)):
            placed = (*plan.placed[:i], *changed, *plan.placed[i + 1 :])
            with pytest.raises(PlanError):
                check_plan(graph, schedule, replace(plan, placed=placed))


@pytest.mark.parametrize("name", ["mobilenet_v2", "person_det", "mnasnet_a1", "mlperf_resnet8"])
@pytest.mark.parametrize("grid", [None, (2, 2), (4, 4), (3, 5)])
def test_real_networks(name: str, grid: tuple[int, int] | None) -> None:
    graph, _ = load_network(shared_path(f"networks/{name}.json"))
    scratch = {op.name: 37 * i % 500 for i, op in enumerate(graph.ops)}
    cuts = find_cuts(graph)
    schedule = schedule_by_hand(graph, cuts[len(cuts) // 3] + 1, grid) if grid else plan_layer_by_layer(graph)
    plan = plan_memory(graph, schedule, scratch)
    check_plan(graph, schedule, plan, scratch)
    assert plan.lower_bound_bytes <= plan.arena_bytes <= 1.1 * plan.lower_bound_bytes
