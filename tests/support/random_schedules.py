"""Random legal schedules: any cuts, tiles, halo policies, early operators and streamed inputs."""

from __future__ import annotations

import numpy as np

from mcupatch.ir.access import tiled_tensor
from mcupatch.ir.graph import Graph
from mcupatch.schedule.stage import Schedule, Segment, Stage
from mcupatch.schedule.stage_layout import lay_out_stage
from mcupatch.schedule.whole import whole_operator

_DRAWS = 12
"""How often a stage is drawn before it is made shorter."""


def random_schedule(graph: Graph, seed: int, stream: bool = True) -> Schedule:
    """The same seed gives the same schedule. What is legal, ``lay_out_stage`` says by raising no ValueError.

    With ``stream`` inputs may come row by row.
    """
    rng = np.random.default_rng([seed, 77])
    if rng.random() < 0.5 and stream:
        streamed = _streamable(graph)
        if streamed and (first := _draw_stage(graph, 0, rng, streamed)) is not None:
            used = tuple(n for n in streamed if all(user <= first.last for user in graph.consumers[n]))
            return Schedule((first, *_draw_stages(graph, first.last + 1, rng)), used)
    return Schedule(_draw_stages(graph, 0, rng))


def _streamable(graph: Graph) -> tuple[str, ...]:
    return tuple(n for n in graph.inputs if graph.consumers[n] and n not in graph.outputs)


def _draw_stages(graph: Graph, first: int, rng: np.random.Generator) -> tuple[Stage, ...]:
    stages: list[Stage] = []
    while first < len(graph.ops):
        drawn = None if rng.random() < 0.15 else _draw_stage(graph, first, rng)
        stages.append(drawn or whole_operator(graph, first))
        first = stages[-1].last + 1
    return tuple(stages)


def _draw_stage(
    graph: Graph, first: int, rng: np.random.Generator, streamed: tuple[str, ...] = ()
) -> Stage | None:
    """A stage that begins with operator ``first`` and reads what is ``streamed`` there; None if none is found."""
    longest = len(graph.ops) - first
    length = int(rng.integers(1, longest + 1))
    while length:
        for _ in range(_DRAWS):
            stage = Stage(tuple(_draw_segments(graph, first, first + length, rng)))
            here = tuple(n for n in streamed if all(user <= stage.last for user in graph.consumers[n]))
            if (not streamed or here) and _is_legal(graph, stage, here):
                return stage
        length -= 1
    return None


def _is_legal(graph: Graph, stage: Stage, streamed: tuple[str, ...]) -> bool:
    try:
        lay_out_stage(graph, stage, streamed)
    except ValueError:
        return False
    return True


def _draw_segments(graph: Graph, first: int, end: int, rng: np.random.Generator) -> list[Segment]:
    segments = []
    average = rng.choice([1.0, 3.0, 6.0, 100.0])
    while first < end:
        last = min(end - 1, first + int(rng.geometric(1 / average)) - 1)
        sides = graph.tensors[tiled_tensor(graph, last)].hwc[:2]
        tile = (_draw_length(sides[0], rng), _draw_length(sides[1], rng))
        inside = range(first, last)
        chosen = [_draw_subset(inside, rng) for _ in range(3)]
        segments.append(Segment(first, last, tile, *chosen))
        first = last + 1
    return segments


def _draw_length(size: int, rng: np.random.Generator) -> int:
    """One position, any number of them, or all."""
    kind = rng.integers(4)
    return 1 if kind == 0 else size if kind == 1 else int(rng.integers(1, size + 1))


def _draw_subset(inside: range, rng: np.random.Generator) -> tuple[int, ...]:
    """Often none."""
    share = rng.choice([0.0, 0.0, 0.3, 1.0])
    return tuple(i for i in inside if rng.random() < share)
