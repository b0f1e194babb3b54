"""Trained models along their Pareto fronts: every point gives LiteRT's bytes, streamed and held.

Two points a model in the suite, ten in ``make heavy``, half of them of the front of extra MACs and half of the
front of predicted instructions; on the emulated chip, and on this computer under the sanitizers.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from mcupatch.firmware.bare_metal import build_firmware
from mcupatch.ir import reference
from mcupatch.ir.graph import Graph
from mcupatch.measure.host_backend import run_on_host
from mcupatch.measure.unicorn_backend import run_on_unicorn
from mcupatch.model_inputs import random_inputs
from mcupatch.pipeline import read_graph
from mcupatch.plan_schedules import SchedulePlanner
from mcupatch.schedule.cost import total_macs
from mcupatch.schedule.search import FrontPoint, find_instructions_front, find_macs_front
from mcupatch.target.board import load_board
from tests.support.checked_compile import compile_checked
from tests.support.real_models import MODELS, litert_outputs, load_model

POINTS = 10
QUICK = (2, 9)
MOST_EXTRA = 0.3  # of the network's MACs


@cache
def load_int8_graph(name: str) -> Graph:
    return read_graph(load_model(name), "int8")


@cache
def find_points(name: str, streamed: bool) -> list[FrontPoint]:
    """Ten points: the fronts' ends and what lies evenly between."""
    graph = load_int8_graph(name)
    problem = SchedulePlanner(graph, graph.inputs if streamed else ()).problem
    by_work = find_instructions_front(problem).points
    by_macs = find_macs_front(problem, int(MOST_EXTRA * total_macs(graph))).points
    half = POINTS // 2
    return [*_spread(by_work, half), *_spread(by_macs, POINTS - half)]


def _spread(points: tuple[FrontPoint, ...], count: int) -> list[FrontPoint]:
    return [points[round(k * (len(points) - 1) / (count - 1))] for k in range(count)]


def assert_point_is_exact(name: str, index: int, workdir: Path) -> None:
    streamed = index % 2 == 0
    graph = load_int8_graph(name)
    point = find_points(name, streamed)[index]
    sources = compile_checked(graph, point.schedule)
    values = list(random_inputs(graph, index).values())
    expected = [output.tobytes() for output in reference.run(graph, values)]
    (host,) = run_on_host(sources, [values], sanitize=True)
    assert [output.tobytes() for output in host.outputs] == expected
    firmware = build_firmware(sources, load_board("stm32h743"), workdir)
    (chip,) = run_on_unicorn(firmware, [values])
    assert [output.tobytes() for output in chip.outputs] == expected
    assert chip.arena_touched_bytes is not None and chip.arena_touched_bytes <= sources.arena_bytes


@pytest.mark.parametrize("index", QUICK)
@pytest.mark.parametrize("name", MODELS)
def test_points_of_the_fronts(name: str, index: int, tmp_path: Path) -> None:
    assert_point_is_exact(name, index, tmp_path)


@pytest.mark.heavy
@pytest.mark.parametrize("index", [i for i in range(POINTS) if i not in QUICK])
@pytest.mark.parametrize("name", MODELS)
def test_more_points_of_the_fronts(name: str, index: int, tmp_path: Path) -> None:
    assert_point_is_exact(name, index, tmp_path)


@pytest.mark.parametrize("name", MODELS)
def test_the_reference_is_litert(name: str) -> None:
    """The oracle of the points, on the model's own ends."""
    graph = read_graph(load_model(name))
    (value,) = random_inputs(graph, 5).values()
    expected = [output.tobytes() for output in litert_outputs(name, value)]
    assert [np.asarray(output).tobytes() for output in reference.run(graph, [value])] == expected
