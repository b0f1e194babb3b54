"""Networks at the edge of what the search counts in."""

from __future__ import annotations

import signal
from types import FrameType

import pytest

from mcupatch.importer.tflite import import_tflite
from mcupatch.ir.graph import Graph
from mcupatch.model_file import load_model_file
from mcupatch.pipeline import read_graph
from mcupatch.schedule.check import check_schedule
from mcupatch.schedule.cost import extra_macs
from mcupatch.schedule.largest_calls import find_largest_calls
from mcupatch.schedule.search import (
    NO_LIMIT,
    find_cheapest,
    find_least_sram,
    find_macs_front,
    find_without_cut,
)
from mcupatch.schedule.search_problem import SCRATCH_COLS, build_problem
from tests.support.graphs import GraphBuilder
from tests.support.random_networks import random_staged_tflite


def strided_network(layers: int, side: int, pad: int) -> Graph:
    builder = GraphBuilder("strided")
    x = builder.input(side, side, 2)
    for _ in range(layers):
        x = builder.conv(x, 2, kernel=3, stride=2, pad=pad)
    return builder.build(x)


@pytest.mark.parametrize("layers,side,pad", [(40, 64, 1), (40, 8, 2)])
def test_strides_that_multiply_beyond_any_number(layers: int, side: int, pad: int) -> None:
    """They wrapped around: costs below zero, and a search without end."""
    graph = strided_network(layers, side, pad)
    point = find_least_sram(build_problem(graph, {}))
    check_schedule(graph, point.schedule)
    assert point.extra_macs == extra_macs(graph, point.schedule) <= 0


def test_an_output_that_nobody_reads_inside_a_segment() -> None:
    graph = import_tflite(random_staged_tflite(90004), "ends")
    point = find_least_sram(build_problem(graph, {}))
    for stage in point.schedule.stages[1:]:
        without = find_without_cut(build_problem(graph, {}), point, stage.first)
        assert without is None or all(s.first != stage.first for s in without.schedule.stages)


def test_elements_alone_have_no_bound() -> None:
    """Nothing has a halo or scratch, so no operator needs a byte: the search began from 0 and stayed there."""
    builder = GraphBuilder("elements")
    x = builder.input(8, 8, 2)
    graph = builder.build(builder.conv(builder.conv(x, 3, kernel=1), 2, kernel=1))
    problem = build_problem(graph, {}, streamed=graph.inputs)
    point = find_least_sram(problem)
    check_schedule(graph, point.schedule)
    assert 0 < point.bytes < build_problem(graph, {}).layer_by_layer_bytes


def test_scratch_of_wide_calls_is_not_counted_for_narrow_ones() -> None:
    """The search knew the scratch for one column and for all, so in little memory it took a column at a time."""
    builder = GraphBuilder("scratch")
    x = builder.input(32, 32, 4)
    graph = builder.build(builder.conv(builder.conv(x, 4, kernel=3, pad=1), 4, kernel=3, pad=1))
    by_width = tuple(64 * cols for cols in (*SCRATCH_COLS, 128))
    names = [op.name for op in graph.ops]
    exact = build_problem(graph, dict.fromkeys(names, 2 * by_width), graph.inputs)
    coarse = build_problem(
        graph, dict.fromkeys(names, 2 * (64, *[by_width[-1]] * len(SCRATCH_COLS))), graph.inputs
    )
    budget = find_least_sram(exact).bytes + 64 * 8
    found, narrow = find_cheapest(exact, budget), find_cheapest(coarse, budget)
    assert found is not None and narrow is not None and found.instructions < narrow.instructions
    assert max(call.cols for call in find_largest_calls(graph, found.schedule).values()) > 1
    assert max(call.cols for call in find_largest_calls(graph, narrow.schedule).values()) == 1


def test_scratch_of_several_rows_is_not_counted_for_single_ones() -> None:
    """Depthwise kernels that make two rows at a time need planes for both, and a row that waits."""
    builder = GraphBuilder("scratch")
    x = builder.input(32, 32, 4)
    graph = builder.build(builder.conv(builder.conv(x, 4, kernel=3, pad=1), 4, kernel=3, pad=1))
    names = [op.name for op in graph.ops]
    any_rows = [4096] * (len(SCRATCH_COLS) + 1)
    single = find_least_sram(build_problem(graph, dict.fromkeys(names, (*[64] * len(any_rows), *any_rows))))
    wide = find_least_sram(build_problem(graph, dict.fromkeys(names, 2 * any_rows)))
    assert single.bytes == wide.bytes - 4096 + 64
    assert {call.rows for call in find_largest_calls(graph, single.schedule).values()} == {1}


def test_a_long_search_can_be_interrupted() -> None:
    """Seconds of search in C++, ended by a handler of Python's after a hundredth of one."""
    graph = read_graph(load_model_file("zoo:mobilenet_v2"))
    problem = build_problem(graph, {})

    def interrupt(_: int, __: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.01)
        with pytest.raises(KeyboardInterrupt):
            find_macs_front(problem, NO_LIMIT)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
