"""Safe overlaps: the distances of plain cases, and that one byte less is noticed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mcupatch.ir.graph import Graph
from mcupatch.memory.check import PlanError, check_plan
from mcupatch.memory.liveness import find_buffers
from mcupatch.memory.overlap import find_overlaps
from mcupatch.memory.planner import plan_memory
from mcupatch.schedule.candidates import plan_layer_by_layer, schedule_with_stage
from mcupatch.schedule.stage import Schedule, Stage
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


def test_ends_of_a_patch_stage_keep_apart() -> None:
    """They are there for all tiles; inside, tiles may trail each other."""
    b = GraphBuilder()
    x = b.input(8, 8, 4)
    for _ in range(3):
        x = b.depthwise(x)
    graph = b.build(x)
    schedule = schedule_with_stage(graph, Stage(0, 2, (2, 2), (4, 4)))
    # the first tile is 6x6, the second 5x5 behind it; row y comes after row y - 1 of the tile before
    assert list(overlaps_of(graph, schedule)) == [("op1_depthwise_conv2d.out", "op0_depthwise_conv2d.out")]
    single = schedule_with_stage(graph, Stage(0, 0, (2, 2), (4, 4)))
    assert ("op0_depthwise_conv2d.out", "in0") not in overlaps_of(graph, single)


def test_resizing_up_may_not_trail_usefully() -> None:
    b = GraphBuilder()
    pairs = overlaps_of(b.build(b.resize(b.input(4, 4, 2), 8, 8)))
    assert pairs == {("op0_resize_nearest.out", "in0"): 8 * 16 - 3 * 8}
