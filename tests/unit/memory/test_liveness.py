"""Buffers and their lifetimes: reshapes, ends of the model, patch stages, scratch."""

from __future__ import annotations

from mcupatch.ir.graph import Graph
from mcupatch.memory.check import check_plan
from mcupatch.memory.ledger import make_ledger
from mcupatch.memory.liveness import find_buffers
from mcupatch.memory.plan import Buffer, BufferKind
from mcupatch.memory.planner import plan_memory
from mcupatch.schedule.by_hand import schedule_by_hand
from mcupatch.schedule.stage import Schedule, Segment, Stage
from mcupatch.schedule.whole import plan_layer_by_layer, whole_operator
from tests.support.graphs import GraphBuilder


def buffers_of(graph: Graph, schedule: Schedule | None = None, **scratch: int) -> dict[str, Buffer]:
    found = find_buffers(graph, schedule or plan_layer_by_layer(graph), scratch)
    return {b.name: b for b in found}


def kinds_of(graph: Graph, schedule: Schedule, kind: BufferKind) -> dict[str, tuple[int, int, int]]:
    """Name to bytes, first and last step of the buffers of one kind."""
    found = find_buffers(graph, schedule, {})
    return {b.name: (b.nbytes, b.first_step, b.last_step) for b in found if b.kind is kind}


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


def three_convolutions() -> Graph:
    """8x8x2 -> a 8x8x4 -> b 8x8x4 -> c 4x4x5 (stride 2) -> mean."""
    b = GraphBuilder()
    x = b.conv(b.input(8, 8, 2), 4, kernel=3, pad=1, name="a")
    x = b.conv(x, 4, kernel=3, pad=1, name="b")
    return b.build(b.mean(b.conv(x, 5, kernel=3, stride=2, pad=1, name="c"), name="m"))


def test_patches_with_recomputed_halos() -> None:
    graph = three_convolutions()
    found = buffers_of(graph, schedule_by_hand(graph, 3, (2, 2)))
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


def test_patches_with_kept_halos() -> None:
    """A tile that keeps columns stays for the segment; the rows kept lie in caches beside it."""
    graph = three_convolutions()
    schedule = schedule_by_hand(graph, 3, (2, 2), "keep")
    # a step computes 4 rows and columns of b and reads one before them again; of a it computes 4 and reads two again
    assert kinds_of(graph, schedule, BufferKind.TILE) == {
        "a.out": (4 * 5 * 4, 0, 2),
        "b.out": (4 * 5 * 4, 0, 2),
    }
    assert kinds_of(graph, schedule, BufferKind.CACHE) == {
        "a.out": (2 * 8 * 4, 0, 2),
        "b.out": (1 * 8 * 4, 0, 2),
    }


def test_full_rows_need_no_cache() -> None:
    """The tile itself moves up, so it is there for all of the stage."""
    graph = three_convolutions()
    schedule = schedule_by_hand(graph, 3, (4, 1), "keep")
    assert kinds_of(graph, schedule, BufferKind.CACHE) == {}
    assert kinds_of(graph, schedule, BufferKind.TILE) == {
        "a.out": (4 * 8 * 4, 0, 2),
        "b.out": (3 * 8 * 4, 0, 2),
    }


def test_segments_hand_rows_on_in_windows() -> None:
    graph = three_convolutions()
    stage = Stage((Segment(0, 0, (1, 1)), Segment(1, 2, (1, 1)), Segment(3, 3, (1, 1))))
    schedule = Schedule((stage,), streamed=("in0",))
    assert kinds_of(graph, schedule, BufferKind.INPUT) == {}
    windows = kinds_of(graph, schedule, BufferKind.WINDOW)
    assert windows.keys() == {"in0", "a.out", "c.out"}
    assert all(window[1:] == (0, 3) for window in windows.values())
    assert windows["in0"][0] == 3 * 8 * 2  # a 3x3 window reads three rows
    assert windows["c.out"][0] == 1 * 4 * 5  # the mean adds each row as it comes


def test_a_reduction_holds_its_sums_instead_of_its_input() -> None:
    graph = three_convolutions()
    stage = Stage((Segment(2, 3, (1, 1)),))
    schedule = Schedule((whole_operator(graph, 0), whole_operator(graph, 1), stage))
    assert kinds_of(graph, schedule, BufferKind.SUMS) == {"m": (5 * 4, 2, 3)}
    assert kinds_of(graph, schedule, BufferKind.TILE) == {"c.out": (1 * 1 * 5, 2, 3)}
    assert kinds_of(graph, schedule, BufferKind.OUTPUT) == {"m.out": (5, 2, 3)}


def test_a_whole_reduction_has_no_sums() -> None:
    graph = three_convolutions()
    assert kinds_of(graph, plan_layer_by_layer(graph), BufferKind.SUMS) == {}


def test_a_result_that_is_read_later_is_whole() -> None:
    b = GraphBuilder()
    x = b.conv(b.input(8, 8, 2), 4, name="first")
    y = b.conv(x, 4, kernel=3, pad=1, name="second")
    graph = b.build(b.add(x, y, name="sum"))
    found = spans(buffers_of(graph, schedule_by_hand(graph, 2, (4, 4))))
    assert found["first.out"] == found["second.out"] == ("tensor", 0, 2)


def test_layer_by_layer_streams_into_the_first_operator() -> None:
    graph = three_convolutions()
    schedule = plan_layer_by_layer(graph, ("in0",))
    assert kinds_of(graph, schedule, BufferKind.WINDOW) == {"in0": (3 * 8 * 2, 0, 0)}
    check_plan(graph, schedule, plan_memory(graph, schedule, {}))


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
    assert (ledger.input_bytes, ledger.streamed_input_bytes, ledger.output_bytes) == (72, 0, 3)
    assert ledger.analytic_per_layer_bytes == ledger.analytic_schedule_bytes == 72 + 144
    assert ledger.lower_bound_bytes <= ledger.arena_bytes <= ledger.analytic_per_layer_bytes
    assert ledger.optimal == (ledger.lower_bound_bytes == ledger.arena_bytes)


def test_ledger_tells_streamed_inputs_apart() -> None:
    graph = three_convolutions()
    schedule = plan_layer_by_layer(graph, ("in0",))
    ledger = make_ledger(graph, schedule, plan_memory(graph, schedule, {}))
    assert (ledger.input_bytes, ledger.streamed_input_bytes) == (0, 8 * 8 * 2)
