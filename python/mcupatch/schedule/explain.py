"""Schedules and their bottlenecks in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import groupby

from mcupatch.ir.access import tiled_tensor
from mcupatch.ir.graph import Graph
from mcupatch.ir.ops import Operator
from mcupatch.schedule.bound import StepLoad, step_loads
from mcupatch.schedule.holdings import Holding, Place
from mcupatch.schedule.stage import Schedule, Segment, Stage
from mcupatch.schedule.whole import is_whole

LONGEST_NAME = 40
LARGEST = 3  # buffers that a bottleneck names


def format_bytes(nbytes: int) -> str:
    """``412.5 KiB``, or bytes where that is shorter to compare."""
    return f"{nbytes / 1024:.1f} KiB" if nbytes >= 1024 else f"{nbytes} bytes"


def shorten_name(name: str) -> str:
    """The end of a long name: TensorFlow joins the names of all that it fused, the last one is the operator's."""
    return name if len(name) <= LONGEST_NAME else "..." + name[3 - LONGEST_NAME :]


def segment_grid(graph: Graph, segment: Segment) -> tuple[int, int]:
    """Rows and columns of tiles."""
    height, width, _ = graph.tensors[tiled_tensor(graph, segment.last)].hwc
    return -(-height // segment.tile[0]), -(-width // segment.tile[1])


def halo_policy(graph: Graph, stage: Stage) -> str:
    """What becomes of what tiles share inside the stage: "none" (nothing is), "keep", "recompute" or "mixed"."""
    if is_whole(graph, stage) or len(stage.operators) == 1:
        return "none"
    inner = [(s, i) for s in stage.segments for i in s.operators if i != s.last]
    anew = [(i in s.recomputed_rows) + (i in s.recomputed_cols) for s, i in inner]
    if not any(anew):
        return "keep"
    return "recompute" if len(stage.segments) == 1 and all(count == 2 for count in anew) else "mixed"


def title_schedule(graph: Graph, schedule: Schedule) -> str:
    """``per layer``, ``row by row``, ``4x4 patches`` or ``3 stages in tiles``: short enough for a table."""
    tiled = [stage for stage in schedule.stages if not is_whole(graph, stage)]
    if not tiled:
        return "per layer"
    if len(tiled) == 1 and len(tiled[0].segments) == 1:
        (segment,) = tiled[0].segments
        rows, cols = segment_grid(graph, segment)
        return "row by row" if segment.tile[0] == cols == 1 else f"{rows}x{cols} patches"
    return "1 stage in tiles" if len(tiled) == 1 else f"{len(tiled)} stages in tiles"


def describe_bottleneck(graph: Graph, schedule: Schedule, scratch: Mapping[str, int] | None = None) -> str:
    """The operator at which most bytes are in use, where that is, and the largest buffers there.

    ``scratch``: bytes of the kernels by operator name; without it they are not counted.
    """
    loads = _loads_with_scratch(graph, schedule, scratch)
    if not loads:
        return "the model has no operators"
    worst = max(loads, key=lambda load: load.nbytes)
    op = graph.ops[worst.step]
    where = ""
    if any(not is_whole(graph, stage) for stage in schedule.stages):
        here = next(stage for stage in schedule.stages if worst.step in stage.operators)
        where = " outside the tiles" if is_whole(graph, here) else " inside the tiles"
    return (
        f"operator {worst.step} '{shorten_name(op.name)}' ({op.kind}){where}, where the largest buffers are "
        f"{describe_largest(worst, _scratch_of(op, scratch))}"
    )


def describe_largest(load: StepLoad, scratch_bytes: int = 0, most: int = LARGEST) -> str:
    """The ``most`` largest buffers of a step: ``'expand.out' 196.0 KiB, 'stem.out' rows kept 12.3 KiB``.

    ``scratch_bytes`` are among the bytes of ``load``.
    """
    held = [(h.nbytes, _describe_holding(h)) for h in load.held] + [(scratch_bytes, "scratch of the kernel")]
    held = sorted((h for h in held if h[0] > 0), key=lambda h: -h[0])[:most]
    shared = ", in part one over the other" if sum(nbytes for nbytes, _ in held) > load.nbytes else ""
    return ", ".join(f"{name} {format_bytes(nbytes)}" for nbytes, name in held) + shared


@dataclass(frozen=True)
class StageStory:
    """Operators ``first`` to ``last``: how they run, the most bytes in use, at which operator, the largest ones there."""

    first: int
    last: int
    how: str
    peak_bytes: int
    peak: int
    largest: str


def tell_stages(
    graph: Graph, schedule: Schedule, scratch: Mapping[str, int] | None = None
) -> tuple[StageStory, ...]:
    """One story for each stage in tiles, and for each run of operators that run whole between them.

    ``scratch``: bytes of the kernels by operator name; without it they are not counted.
    """
    loads = _loads_with_scratch(graph, schedule, scratch)
    stories = []
    for tiled, stages in groupby(schedule.stages, key=lambda s: None if is_whole(graph, s) else s.first):
        group = list(stages)
        first, last = group[0].first, group[-1].last
        worst = max(loads[first : last + 1], key=lambda load: load.nbytes)
        how = "whole" if tiled is None else _tell_segments(graph, group[0])
        largest = describe_largest(worst, _scratch_of(graph.ops[worst.step], scratch))
        stories.append(StageStory(first, last, how, worst.nbytes, worst.step, largest))
    return tuple(stories)


def _scratch_of(op: Operator, scratch: Mapping[str, int] | None) -> int:
    return scratch.get(op.name, 0) if scratch else 0


def _loads_with_scratch(
    graph: Graph, schedule: Schedule, scratch: Mapping[str, int] | None
) -> list[StepLoad]:
    return [
        replace(load, nbytes=load.nbytes + _scratch_of(graph.ops[load.step], scratch))
        for load in step_loads(graph, schedule)
    ]


def _tell_segments(graph: Graph, stage: Stage) -> str:
    """``0-2 in tiles of 1x8, 3-5 in tiles of 1x112 (halo recomputed: rows of 2)``."""
    told = []
    for s in stage.segments:
        text = f"{s.first}-{s.last} in tiles of {s.tile[0]}x{s.tile[1]}"
        anew = [
            f"{axis} of {', '.join(map(str, chosen))}"
            for axis, chosen in (("rows", s.recomputed_rows), ("columns", s.recomputed_cols))
            if chosen
        ]
        told.append(text + (f" (recomputed: {'; '.join(anew)})" if anew else ""))
    return ", ".join(told)


def _describe_holding(held: Holding) -> str:
    what = {Place.WINDOW: " window", Place.TILE: " tile", Place.CACHE: " rows kept", Place.SUMS: " sums"}
    return f"'{shorten_name(held.name)}'{what.get(held.place, '')}"
