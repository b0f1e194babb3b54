"""Costs of schedules: MACs, bytes moved against a walk through the steps, and the model of instructions."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mcupatch.ir.graph import Graph
from mcupatch.schedule.analytic import analytic_schedule_bytes
from mcupatch.schedule.by_hand import schedule_by_hand
from mcupatch.schedule.cost import extra_macs, schedule_macs, total_macs
from mcupatch.schedule.holdings import lay_out_schedule
from mcupatch.schedule.moved_bytes import Moved, find_moved
from mcupatch.schedule.stage import Schedule, Segment, Stage
from mcupatch.schedule.whole import plan_layer_by_layer
from mcupatch.schedule.work import (
    INT8_WEIGHTS,
    INT16_WEIGHTS,
    CallCounts,
    count_calls,
    operator_work,
    predicted_instructions,
)
from tests.support.graphs import GraphBuilder


def two_convolutions() -> Graph:
    """8x8x2 -> 3x3 -> 8x8x4 -> 3x3 -> 8x8x4."""
    b = GraphBuilder()
    x = b.conv(b.input(8, 8, 2), 4, kernel=3, pad=1, name="a")
    return b.build(b.conv(x, 4, kernel=3, pad=1, name="b"))


def moved(graph: Graph, schedule: Schedule) -> Moved:
    (layout,) = [layout for layout in lay_out_schedule(graph, schedule) if layout is not None]
    return find_moved(graph, layout)


def test_recomputed_halos_cost_their_macs() -> None:
    graph = two_convolutions()
    assert total_macs(graph) == 64 * 4 * 9 * (2 + 4)
    # tiles of 4 rows: each computes 5 of the first result's rows, and 8 columns
    halved = schedule_by_hand(graph, 2, (2, 1))
    assert extra_macs(graph, halved) == 2 * 8 * 4 * 9 * 2
    assert schedule_macs(graph, schedule_by_hand(graph, 2, (2, 1), "keep")) == total_macs(graph)


def test_a_full_width_tile_moves_its_rows_up() -> None:
    """One row a step: six times the two rows above the next one, of 8x4 bytes each."""
    graph = two_convolutions()
    found = moved(graph, schedule_by_hand(graph, 2, (8, 1), "keep"))
    assert found == Moved(2 * 8 * 4 * 6, 6)


def test_recomputed_halos_move_nothing() -> None:
    graph = two_convolutions()
    assert moved(graph, schedule_by_hand(graph, 2, (4, 4))) == Moved(0, 0)


def test_a_window_moves_up_once_its_rows_are_read() -> None:
    graph = two_convolutions()
    schedule = Schedule((Stage((Segment(0, 0, (1, 8)), Segment(1, 1, (1, 8)))),))
    found = moved(graph, schedule)
    assert found == Moved(2 * 8 * 4 * 5, 5)  # before each of rows 3 to 7 comes


def test_rows_kept_go_to_the_cache_once_and_move_up() -> None:
    graph = two_convolutions()
    found = moved(graph, schedule_by_hand(graph, 2, (8, 2), "keep"))
    assert found.nbytes > 8 * 8 * 4 - 8 * 4  # every row but the last is flushed at the least


@pytest.mark.parametrize("grid, halo", [((4, 4), "recompute"), ((8, 1), "keep"), ((8, 8), "keep")])
def test_tiles_never_cost_fewer_instructions(grid: tuple[int, int], halo: str) -> None:
    graph = two_convolutions()
    whole = predicted_instructions(graph, plan_layer_by_layer(graph))
    assert predicted_instructions(graph, schedule_by_hand(graph, 2, grid, halo)) > whole


def test_instructions_are_the_sum_of_the_coefficients() -> None:
    graph = two_convolutions()
    work = operator_work(graph)
    whole = CallCounts(1, 8, 64, 8 * 2, 0, 0, 0)
    assert predicted_instructions(graph, plan_layer_by_layer(graph)) == sum(w.of(whole) for w in work) // 100
    model = replace(INT8_WEIGHTS, move=0, moved_byte=0)
    schedule = schedule_by_hand(graph, 2, (8, 1), "keep")
    # the first operator also runs before the first tile; a row at a time is a call for each
    rows = CallCounts(8, 8, 64, 8 * 2, 0, 8, 64)
    assert predicted_instructions(graph, schedule, model) == sum(w.of(rows) for w in work) // 100


def test_groups_of_columns_and_narrow_calls_are_counted() -> None:
    graph = two_convolutions()
    (layout,) = lay_out_schedule(graph, Schedule((Stage((Segment(0, 1, (2, 3), (0,), (0,)),)),)))
    assert layout is not None
    # tiles of 3, 3 and 2 columns, four times two rows
    assert count_calls(layout, 1) == CallCounts(8, 8 * 2, 8 * 6, 8 * (2 + 2), 8 * 2, 0, 0, 4, 8, 8 * 2)
    # with a halo of one: 4, 5 and 3 columns; 3, 4, 4 and 3 rows
    assert count_calls(layout, 0) == CallCounts(12, 14 * 3, 14 * 12, 14 * (1 + 2 + 2), 14 * 2, 2 * 3, 2 * 12)


def test_depthwise_rows_widen_less_in_pairs() -> None:
    b = GraphBuilder()
    (work,) = operator_work(b.build(b.depthwise(b.input(8, 8, 4), kernel=3, pad=1)))
    pairs, rows = CallCounts(1, 8, 64, 16, 0, 0, 0), CallCounts(8, 8, 64, 16, 0, 8, 64)
    # of an input row of 10 columns and 4 channels, 3 for each row against 4 for two
    widened = INT8_WEIGHTS.depthwise.widened * 4 * 10 * (8 * 3 - 4 * 4)
    assert work.of(rows) - work.of(pairs) == 7 * work.call + widened


def test_the_papers_measure_counts_what_is_kept() -> None:
    """Tiles of 1x8: of the first result three rows, of the input three, and the output whole."""
    graph = two_convolutions()
    memory = analytic_schedule_bytes(graph, schedule_by_hand(graph, 2, (8, 1), "keep"))
    assert memory.peak_bytes == 3 * 8 * 4 + 3 * 8 * 2 + 8 * 8 * 4


def test_int8_weights_take_more_and_most_so_in_narrow_tiles() -> None:
    """Kernels unpack them for every group of columns."""
    b = GraphBuilder()
    graph = b.build(b.conv(b.conv(b.input(16, 16, 32), 64, kernel=1, pad=0), 32, kernel=1, pad=0))

    def more(schedule: Schedule) -> float:
        of = [predicted_instructions(graph, schedule, model) for model in (INT8_WEIGHTS, INT16_WEIGHTS)]
        return of[0] / of[1] - 1

    whole, narrow = plan_layer_by_layer(graph), schedule_by_hand(graph, 2, (16, 8), "keep")
    assert 0 < more(whole) < more(narrow)
