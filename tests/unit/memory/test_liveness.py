"""Buffers and their lifetimes: reshapes, ends of the model, patch stages, scratch."""

from __future__ import annotations

from mcupatch.ir.graph import Graph
from mcupatch.memory.check import check_plan
from mcupatch.memory.ledger import make_ledger
from mcupatch.memory.liveness import find_buffers
from mcupatch.memory.plan import Buffer, BufferKind
from mcupatch.memory.planner import plan_memory
from mcupatch.schedule.candidates import plan_layer_by_layer, schedule_with_stage
from mcupatch.schedule.stage import Schedule, Stage
from tests.support.graphs import GraphBuilder


def buffers_of(graph: Graph, schedule: Schedule | None = None, **scratch: int) -> dict[str, Buffer]:
    found = find_buffers(graph, schedule or plan_layer_by_layer(graph), scratch)
    return {b.name: b for b in found}


def spans(buffers: dict[str, Buffer]) -> dict[str, tuple[str, int, int]]:
    return {name: (b.kind.value, b.first_step, b.last_step) for name, b in buffers.items()}


def test_a_chain_with_scratch() -> None:
    b = GraphBuilder()
    x = b.conv(b.input(6, 6, 2), 4, name="a")
    graph = b.build(b.dense(b.mean(x, name="m"), 3, name="d"))
    found = buffers_of(graph, a=40, d=0)
    assert spans(found) == {
        "in0": ("input", 0, 0),
        "a.out": ("tensor", 0, 1),
        "m.out": ("tensor", 1, 2),
        "d.out": ("output", 2, 2),
        "a": ("scratch", 0, 0),
    }
    assert [b.nbytes for b in found.values()] == [72, 144, 4, 3, 40]


def test_a_patch_stage() -> None:
    b = GraphBuilder()
    x = b.conv(b.input(8, 8, 2), 4, kernel=3, pad=1, name="a")
    x = b.conv(x, 4, kernel=3, pad=1, name="b")
    graph = b.build(b.mean(b.conv(x, 5, kernel=3, stride=2, pad=1, name="c"), name="m"))
    found = buffers_of(graph, schedule_with_stage(graph, Stage(0, 2, (2, 2), (2, 2))))
    assert spans(found) == {
        "in0": ("input", 0, 2),
        "a.out": ("tile", 0, 1),
        "b.out": ("tile", 1, 2),
        "c.out": ("tensor", 0, 3),
        "m.out": ("output", 3, 3),
    }
    assert found["b.out"].nbytes == 5 * 5 * 4  # output rows 2 and 3 read rows 3 to 7
    assert found["a.out"].nbytes == 6 * 6 * 4
    assert found["c.out"].nbytes == 4 * 4 * 5


def test_an_input_waits_from_the_start_and_an_output_stays_to_the_end() -> None:
    b = GraphBuilder()
    x, late = b.input(4, 4, 1), b.input(4, 4, 1)
    early = b.lut(x, name="early")
    y = b.lut(b.lut(early))
    graph = b.build(early, b.add(y, late, name="sum"))
    found = spans(buffers_of(graph))
    assert found["in1"] == ("input", 0, 3)
    assert found["early.out"] == ("output", 0, 3)


def test_a_reshape_shares_bytes() -> None:
    b = GraphBuilder()
    x = b.lut(b.input(2, 2, 3), name="x")
    flat = b.reshape(x, 1, 12, name="flat")
    graph = b.build(b.dense(flat, 4, name="d"))
    found = buffers_of(graph)
    assert found["x.out"].aliases == ("flat.out",) and "flat.out" not in found
    assert spans(found)["x.out"] == ("tensor", 0, 2)


def test_a_reshape_between_two_ends_keeps_its_own_bytes() -> None:
    b = GraphBuilder()
    x = b.input(2, 2, 3)
    flat = b.reshape(x, 1, 12)
    assert set(buffers_of(b.build(flat))) == {"in0", flat}
    y = b.lut(x, name="y")
    again = b.reshape(y, 1, 12)
    graph = b.build(y, again)
    assert {"y.out", again} <= set(buffers_of(graph))
    schedule = plan_layer_by_layer(graph)
    check_plan(graph, schedule, plan_memory(graph, schedule, {}))


def test_constants_have_no_buffer() -> None:
    b = GraphBuilder()
    graph = b.build(b.add(b.input(2, 2, 3), b.constant(1, 1, 1, 3)))
    assert set(buffers_of(graph)) == {"in0", "op0_add.out"}


def test_kinds_follow_aliases() -> None:
    b = GraphBuilder()
    x = b.input(2, 2, 3)
    flat = b.reshape(x, 1, 12)
    out = b.reshape(b.dense(flat, 4, name="d"), 1, 1, 4)
    found = buffers_of(b.build(out))
    assert found["in0"].kind is BufferKind.INPUT and found["in0"].aliases == (flat,)
    assert found["d.out"].kind is BufferKind.OUTPUT and found["d.out"].aliases == (out,)


def test_ledger_names_every_figure() -> None:
    b = GraphBuilder()
    graph = b.build(b.dense(b.mean(b.conv(b.input(6, 6, 2), 4)), 3))
    schedule = plan_layer_by_layer(graph)
    ledger = make_ledger(graph, schedule, plan_memory(graph, schedule, {}))
    assert (ledger.input_bytes, ledger.output_bytes) == (72, 3)
    assert ledger.analytic_per_layer_bytes == ledger.analytic_schedule_bytes == 72 + 144
    assert ledger.lower_bound_bytes <= ledger.arena_bytes <= ledger.analytic_per_layer_bytes
    assert ledger.optimal == (ledger.lower_bound_bytes == ledger.arena_bytes)
