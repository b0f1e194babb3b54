"""The search finds what enumerating every schedule of a tiny network finds: the least, and both fronts."""

import random
from collections.abc import Callable

import pytest

from mcupatch.ir.access import is_tileable
from mcupatch.ir.graph import Graph
from mcupatch.schedule.search import find_instructions_front, find_least_bytes, search_front
from mcupatch.schedule.search_problem import SearchSpace, build_problem
from mcupatch.schedule.whole import plan_layer_by_layer
from mcupatch.schedule.work import predicted_instructions
from tests.support.brute_search import BruteSearch, Cost, whole_instructions
from tests.support.graphs import GraphBuilder

KEEP = SearchSpace((1, 2, 0), (1, 2, 0), ())
KEEP_LONGER = SearchSpace((1, 0), (1, 0), ())
RECOMPUTE = SearchSpace((1, 0), (1, 0), (), most_recomputed=2, recompute_all=True)
Measure = Callable[[Cost], tuple[int, int]]


def draw_network(rng: random.Random, count: int) -> Graph:
    """Convolutions, pools, additions and perhaps a mean at the end; every row and column is read."""
    b = GraphBuilder()
    x = b.input(rng.randint(2, 7), rng.randint(2, 7), rng.randint(1, 4))
    seen = [x]
    for position in range(count):
        kind = rng.choice(["pointwise", "conv", "depthwise", "strided", "add", "pool", "mean"])
        sides, channels = b.shape(x)[1:3], b.shape(x)[3]
        same = [s for s in seen if b.shape(s) == b.shape(x) and s != x]
        if kind == "pointwise":
            x = b.conv(x, rng.randint(1, 6))
        elif kind == "conv":
            x = b.conv(x, rng.randint(1, 4), kernel=3, pad=1, stride=rng.choice([1, 1, 2]))
        elif kind == "strided":
            x = b.depthwise(x, stride=2)
        elif kind == "pool" and min(sides) >= 2:
            x = b.max_pool(x, kernel=3, stride=rng.choice([1, 2]), pad=1)
        elif kind == "add":
            x = b.add(rng.choice(same), x) if same else b.conv(x, channels, kernel=3, pad=1)
        elif kind == "mean" and position == count - 1:
            x = b.mean(x)
        else:
            x = b.depthwise(x)
        seen.append(x)
    return b.build(x)


def best_in_two(costs: set[Cost], measure: Measure) -> list[tuple[int, ...]]:
    """(bytes, *measure) of those that no other one beats in both, ascending in bytes."""
    found: list[Cost] = []
    for cost in sorted(costs, key=lambda c: (c.bytes, *measure(c))):
        if not found or measure(cost) < measure(found[-1]):
            found.append(cost)
    return [(c.bytes, *measure(c)) for c in found]


def check_network(seed: int, space: SearchSpace, count: int) -> None:
    rng = random.Random(seed)
    graph = draw_network(rng, count)
    if any(not graph.consumers[op.output] and op.output not in graph.outputs for op in graph.ops):
        return
    readers = [graph.ops[i] for i in graph.consumers[graph.inputs[0]]]
    streams = rng.random() < 0.5 and all(is_tileable(graph, op) for op in readers)
    streamed = graph.inputs if streams else ()
    model = whole_instructions()
    problem = build_problem(graph, {}, streamed, model)
    costs = BruteSearch(graph, space, streamed).costs()
    plain = predicted_instructions(graph, plan_layer_by_layer(graph), model)
    for work_first in (False, True):
        found = [
            Cost(point.bytes, point.extra_macs, point.instructions - plain)
            for point in search_front(problem, space, work_first=work_first)
        ]

        def measure(cost: Cost, work_first: bool = work_first) -> tuple[int, int]:
            both = cost.extra_macs, cost.instructions
            return both[::-1] if work_first else both

        assert [(c.bytes, *measure(c)) for c in found] == best_in_two(costs, measure), (seed, graph.ops)


@pytest.mark.parametrize("block", range(8))
def test_kept_halos_against_every_schedule(block: int) -> None:
    for seed in range(10 * block, 10 * block + 10):
        check_network(seed, KEEP, random.Random(seed).choice((2, 3)))


@pytest.mark.heavy
@pytest.mark.parametrize("seed", range(20))
def test_longer_networks_against_every_schedule(seed: int) -> None:
    check_network(1000 + seed, KEEP_LONGER, 4 + seed % 2)


@pytest.mark.parametrize("block", range(3))
def test_recomputed_halos_against_every_schedule(block: int) -> None:
    for seed in range(2000 + 10 * block, 2000 + 10 * block + 10):
        check_network(seed, RECOMPUTE, random.Random(seed).choice((2, 3)))


def test_least_bytes_is_the_low_end_of_the_front() -> None:
    for seed in range(20):
        graph = draw_network(random.Random(seed), 6)
        problem = build_problem(graph, {})
        assert find_least_bytes(problem).bytes == find_instructions_front(problem).points[0].bytes
