"""Safe overlaps: the distances of plain cases, and that one byte less is noticed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mcupatch.ir.graph import Graph
from mcupatch.memory.check import PlanError, check_plan
from mcupatch.memory.liveness import find_buffers
from mcupatch.memory.overlap import find_overlaps
from mcupatch.memory.plan import MemoryPlan
from mcupatch.memory.planner import plan_memory
from mcupatch.schedule.by_hand import schedule_by_hand
from mcupatch.schedule.stage import Schedule, Segment, Stage
from mcupatch.schedule.whole import plan_layer_by_layer
from tests.support.graphs import GraphBuilder


def overlaps_of(graph: Graph, schedule: Schedule | None = None) -> dict[tuple[str, str], int]:
    schedule = schedule or plan_layer_by_layer(graph)
    return {
        (o.output, o.input): o.distance
        for o in find_overlaps(graph, schedule, find_buffers(graph, schedule, {}))
    }


def one_operator(kind: str) -> Graph:
    """8x10x4 into one operator."""
    b = GraphBuilder()
    x = b.input(8, 10, 4, "float32" if kind == "quantize" else "int8")
    made = {
        "depthwise": lambda: b.depthwise(x),
        "valid": lambda: b.depthwise(x, pad=0),
        "point": lambda: b.conv(x, 4),
        "shrink": lambda: b.conv(x, 2),
        "expand": lambda: b.conv(x, 6),
        "stride": lambda: b.depthwise(x, stride=2),
        "pool": lambda: b.max_pool(x),
        "lut": lambda: b.lut(x),
        "pad": lambda: b.pad(x, (1, 0, 0, 0)),
        "quantize": lambda: b.quantize(x),
        "dequantize": lambda: b.dequantize(x),
    }
    return b.build(made[kind]())


@pytest.mark.parametrize(
    "kind, distance",
    [
        ("depthwise", 2 * 40),  # row y is written when row y - 1 is still read
        ("valid", 32),
        ("point", 40),
        ("shrink", 20),
        ("expand", 8 * 60 - 7 * 40),
        ("stride", 20),
        ("pool", 20),
        ("lut", 0),
        ("pad", 2 * 40),
        ("quantize", 0),
        ("dequantize", 3 * 319),  # before the last element: 319 floats written, 319 bytes read
    ],
)
def test_distance(kind: str, distance: int) -> None:
    assert list(overlaps_of(one_operator(kind)).values()) == [distance]


@pytest.mark.parametrize(
    "kind", ["depthwise", "valid", "point", "shrink", "expand", "stride", "pool", "lut", "pad"]
)
def test_one_byte_less_is_noticed(kind: str) -> None:
    graph = one_operator(kind)
    schedule = plan_layer_by_layer(graph)
    plan = plan_memory(graph, schedule, {})
    distance = plan.overlaps[0].distance
    for gap in (distance, distance - 1):
        placed = tuple(
            replace(
                p, buffer=replace(p.buffer, align=1), offset=1000 - (gap if p.buffer.name != "in0" else 0)
            )
            for p in plan.placed
        )
        moved = replace(plan, placed=placed, arena_bytes=3000)
        if gap == distance:
            check_plan(graph, schedule, moved)
        else:
            with pytest.raises(PlanError):
                check_plan(graph, schedule, moved)


def test_nothing_overlaps_what_is_needed_again() -> None:
    b = GraphBuilder()
    x = b.lut(b.input(4, 4, 2))
    y = b.lut(x)
    graph = b.build(b.add(x, y))
    assert ("op1_lut.out", "op0_lut.out") not in overlaps_of(graph)
    assert ("op2_add.out", "op0_lut.out") in overlaps_of(graph)
    assert ("op2_add.out", "op1_lut.out") in overlaps_of(graph)


def test_a_model_output_is_never_overwritten() -> None:
    b = GraphBuilder()
    x = b.lut(b.input(4, 4, 2))
    assert ("op1_lut.out", "op0_lut.out") not in overlaps_of(b.build(x, b.lut(x)))


def test_a_repeated_operand_is_never_overwritten() -> None:
    b = GraphBuilder()
    x = b.lut(b.input(4, 4, 2))
    gate = b.lut(b.input(1, 1, 2))
    pairs = overlaps_of(b.build(b.mul(x, gate)))
    assert ("op2_mul.out", "op0_lut.out") in pairs and ("op2_mul.out", "op1_lut.out") not in pairs


def test_mean_dense_and_softmax_keep_apart() -> None:
    b = GraphBuilder()
    x = b.softmax(b.dense(b.mean(b.input(4, 4, 8)), 8))
    assert overlaps_of(b.build(x)) == {}


def test_tiles_of_a_segment_trail_each_other() -> None:
    b = GraphBuilder()
    x = b.input(8, 8, 4)
    for _ in range(3):
        x = b.depthwise(x)
    graph = b.build(x)
    pairs = overlaps_of(graph, schedule_by_hand(graph, 3, (2, 2)))
    # the first tile is 6x6, the second 5x5 behind it; row 1 is written when row 0 of the tile before is still read
    assert pairs["op1_depthwise_conv2d.out", "op0_depthwise_conv2d.out"] == 2 * 5 * 4
    # what moves or goes to a cache is still needed after its last reader
    kept = overlaps_of(graph, schedule_by_hand(graph, 3, (2, 2), "keep"))
    assert ("op1_depthwise_conv2d.out", "op0_depthwise_conv2d.out") not in kept


def test_resizing_up_may_not_trail_usefully() -> None:
    b = GraphBuilder()
    pairs = overlaps_of(b.build(b.resize(b.input(4, 4, 2), 8, 8)))
    assert pairs == {("op0_resize_nearest.out", "in0"): 8 * 16 - 3 * 8}


def residual_block(height: int = 8, width: int = 10) -> Graph:
    """A table (so that the block's input is no end of the model), expand, depthwise 3x3, project, add, table."""
    b = GraphBuilder()
    x = b.lut(b.input(height, width, 4), name="x")
    y = b.depthwise(b.conv(x, 12, name="expand"), name="dw")
    out = b.add(x, b.conv(y, 4, name="project"), name="sum")
    return b.build(b.lut(out, name="end"))


def block_distance(graph: Graph, tile: tuple[int, int], **policy: tuple[int, ...]) -> int | None:
    """How far the sum of the residual block must lie below its input."""
    whole = plan_layer_by_layer(graph).stages
    stage = Stage((Segment(1, 4, tile, **policy),))
    return overlaps_of(graph, Schedule((whole[0], stage, whole[5]))).get(("sum.out", "x.out"))


@pytest.mark.parametrize(
    "tile, distance",
    [
        ((1, 1), 0),  # the addition reads each element as it writes it, all other reads are ahead
        ((1, 10), 0),
        ((2, 10), 0),
        ((2, 5), 1 * 40),  # the tile to the right still reads the upper of the two rows
        ((3, 4), 2 * 40),
    ],
)
def test_a_residual_block_in_place(tile: tuple[int, int], distance: int) -> None:
    assert block_distance(residual_block(), tile) == distance


def test_recomputed_halos_read_rows_again() -> None:
    """Tiles of 2 rows: the next step reads one row above its own, and the tile to the right one column back."""
    graph = residual_block()
    assert block_distance(graph, (2, 10), recomputed_rows=(1, 2, 3)) == 1 * 40
    assert block_distance(graph, (1, 10), recomputed_rows=(1, 2, 3)) == 1 * 40


def test_a_stage_says_that_the_proof_is_its_own() -> None:
    graph = residual_block()
    whole = plan_layer_by_layer(graph).stages
    schedule = Schedule((whole[0], Stage((Segment(1, 4, (1, 1)),)), whole[5]))
    found = find_overlaps(graph, schedule, find_buffers(graph, schedule, {}))
    assert {(o.op, o.output, o.by_stage) for o in found if o.input == "x.out"} == {("sum", "sum.out", True)}
    assert not any(
        o.by_stage
        for o in find_overlaps(graph, plan_layer_by_layer(graph), find_buffers(graph, schedule, {}))
    )


@pytest.mark.parametrize("tile", [(1, 1), (2, 5), (3, 4)])
def test_a_block_one_byte_closer_is_noticed(tile: tuple[int, int]) -> None:
    graph = residual_block()
    whole = plan_layer_by_layer(graph).stages
    schedule = Schedule((whole[0], Stage((Segment(1, 4, tile),)), whole[5]))
    plan = plan_memory(graph, schedule, {})
    distance = block_distance(graph, tile)
    assert distance is not None
    for gap in (distance, distance - 1):
        moved = _apart(plan, "sum.out", "x.out", gap)
        if gap == distance:
            check_plan(graph, schedule, moved)
        else:
            with pytest.raises(PlanError):
                check_plan(graph, schedule, moved)


def _apart(plan: MemoryPlan, output: str, source: str, gap: int) -> MemoryPlan:
    """All buffers far from each other, but ``output`` lies ``gap`` bytes below ``source``."""
    offsets = {id(p): 1000 * (i + 1) for i, p in enumerate(plan.placed)}
    (at,) = (offsets[id(p)] for p in plan.placed if p.buffer.name == source)
    placed = tuple(
        replace(
            p,
            buffer=replace(p.buffer, align=1),
            offset=at - gap if p.buffer.name == output else offsets[id(p)],
        )
        for p in plan.placed
    )
    return replace(plan, placed=placed, arena_bytes=1000 * (len(placed) + 2))
