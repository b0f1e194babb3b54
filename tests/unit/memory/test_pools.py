"""An arena in several memories: what is said where it cannot be, and what the checker objects to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mcupatch.errors import Infeasible
from mcupatch.memory.board_pools import board_pools
from mcupatch.memory.check import PlanError, check_plan
from mcupatch.memory.plan import Buffer, BufferKind, MemoryPlan, Pool
from mcupatch.memory.planner import place_in_pools, plan_memory
from mcupatch.schedule.whole import plan_layer_by_layer
from mcupatch.target.board import STATICS_BYTES, load_board
from tests.support.graphs import GraphBuilder

KIB = 1024


def buffers(*sizes: int) -> list[Buffer]:
    """All in use at once."""
    return [Buffer(f"b{i}", BufferKind.TENSOR, size, 0, 0) for i, size in enumerate(sizes)]


def test_what_fits_the_first_pool_lies_there() -> None:
    plan = place_in_pools(buffers(40, 20), [], [Pool("near", 60), Pool("far", 500)])
    assert plan.pools == (Pool("near", 60), Pool("far", 0))
    assert {p.pool for p in plan.placed} == {0}


def test_the_first_pool_is_filled_first() -> None:
    plan = place_in_pools(buffers(40, 20, 30), [], [Pool("near", 64), Pool("far", 500)])
    assert plan.pools == (Pool("near", 60), Pool("far", 30))
    assert plan.arena_bytes == 90


def test_a_division_that_greed_misses_is_found() -> None:
    sizes = (28, 24, 20, 16, 16, 16, 12, 12, 8, 8)  # two memories without a byte to spare
    plan = place_in_pools(buffers(*sizes), [], [Pool("a", 80), Pool("b", 80)])
    assert [p.nbytes for p in plan.pools] == [80, 80]


@pytest.mark.parametrize(
    ("sizes", "reason"),
    [
        ((100, 100), "41 bytes too few"),
        ((90, 20), "'b0' takes 90 B and lies in one memory"),
        ((50, 50, 50), "cannot be divided among a \\(80 B\\), b \\(76 B\\)"),
    ],
)
def test_what_cannot_be_divided_says_why(sizes: tuple[int, ...], reason: str) -> None:
    with pytest.raises(Infeasible, match=reason):
        place_in_pools(buffers(*sizes), [], [Pool("a", 80), Pool("b", 76)])


def test_pools_of_a_board_are_its_runs_of_ram() -> None:
    board = load_board("stm32f746")
    reserved = board.stack_bytes + STATICS_BYTES
    (main,) = board_pools(board)  # its ITCM lies at address 0
    assert main == Pool("dtcm+sram1+sram2", 320 * KIB - reserved, reserved)
    others = board_pools(load_board("stm32h743"))[1:]
    assert others[0] == Pool("sram1+sram2+sram3", 288 * KIB)
    assert [p.nbytes for p in others[1:]] == [128 * KIB, 64 * KIB, 4 * KIB]


def test_checker_keeps_to_the_pools() -> None:
    b = GraphBuilder()
    x = b.conv(b.input(8, 8, 4), 8, kernel=3, pad=1, name="a")
    graph = b.build(b.add(x, b.depthwise(x, name="c"), name="e"))
    schedule = plan_layer_by_layer(graph)
    plan = plan_memory(graph, schedule, {}, pools=[Pool("near", 600), Pool("far", 2048)])
    check_plan(graph, schedule, plan)
    assert {p.pool for p in plan.placed} == {0, 1}

    def refuses(broken: MemoryPlan, reason: str) -> None:
        with pytest.raises(PlanError, match=reason):
            check_plan(graph, schedule, broken)

    near, far = plan.pools
    refuses(replace(plan, placed=tuple(replace(p, pool=2) for p in plan.placed)), "pool 2 of 2")
    refuses(replace(plan, pools=(near, replace(far, nbytes=far.nbytes + 4))), "no arena of")
    refuses(
        replace(plan, pools=(replace(near, nbytes=near.nbytes - 4), replace(far, nbytes=far.nbytes + 4))),
        "lies at",
    )
    together = tuple(replace(p, pool=1, offset=0) for p in plan.placed)
    refuses(replace(plan, placed=together), "overwritten")
