"""The best schedules of a network: least bytes, least work within a budget, or everything between (exact, in C++).

The space: a network is cut into stages at any operators. A stage is an operator that runs whole, or a chain of
segments; between two segments of a stage only the output of the operator before the cut goes on. Tiles and
halo policies of a segment: ``SearchSpace``. A segment has at most 64 operators, whose strides multiply to at most 4096.

The bytes of a stage, each buffer rounded up to 4:

    whole tensors alive across it, its inputs and live outputs among them
  + row windows between its segments, row caches, tiles that move up, sums of reductions
  + the most of any operator:  tiles in use there + its scratch
  - what the output of a stage of one segment may share with inputs that die in it (stage_trailing.py, a row at a time)

A schedule needs the most of its stages. It is a model of the planner's arena, which may find more to share, or
need more where buffers of neighbouring stages get in each other's way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mcupatch.errors import Infeasible
from mcupatch.native_scheduler import load_scheduler
from mcupatch.schedule.search_problem import (
    KEEP_ALL,
    RECOMPUTE,
    SCRATCH_COLS,
    SearchProblem,
    SearchSpace,
    find_early,
)
from mcupatch.schedule.stage import Schedule, Segment, Stage
from mcupatch.schedule.whole import whole_operator
from mcupatch.schedule.work import HUNDRED

NO_LIMIT = 1 << 60
LEAST_BYTES, LEAST_WORK, FRONT, LEAST_BYTES_OF_WORK, MACS_FRONT = 0, 1, 2, 3, 4


@dataclass(frozen=True)
class FrontPoint:
    """A schedule with what the search expects of it. ``stage_bytes``: of each stage, in order."""

    schedule: Schedule
    bytes: int
    extra_macs: int
    instructions: int
    stage_bytes: tuple[int, ...]


@dataclass(frozen=True)
class Front:
    """Schedules that no other one beats in both measures, in the order of their bytes."""

    points: tuple[FrontPoint, ...]


def find_least_bytes(problem: SearchProblem) -> FrontPoint:
    """A schedule of least bytes that recomputes nothing, whatever its work: the quickest answer.

    Raises Infeasible where the streamed inputs are read by operators that no first stage can hold.
    """
    found = _search(problem, KEEP_ALL, LEAST_BYTES, problem.most_bytes)
    if not found:
        raise Infeasible("No schedule of this model can take its input row by row.")
    return found[0]


def find_least_sram(problem: SearchProblem, max_extra_macs: int = 0) -> FrontPoint:
    """The schedule of least bytes with at most ``max_extra_macs`` recomputed; of those the least work.

    Without extra MACs nothing is recomputed at all.
    """
    least = find_least_bytes(problem).bytes
    if max_extra_macs <= 0:
        return _search(problem, KEEP_ALL, LEAST_WORK, least)[0]
    found = _search(problem, RECOMPUTE, LEAST_BYTES_OF_WORK, least, max_extra_macs)
    return found[0] if found else _search(problem, KEEP_ALL, LEAST_WORK, least)[0]


def find_smallest(problem: SearchProblem) -> FrontPoint:
    """The schedule of least bytes, however much is recomputed for it and whatever its work."""
    least = find_least_bytes(problem)
    found = _search(problem, RECOMPUTE, LEAST_BYTES, least.bytes)
    return found[0] if found and found[0].bytes < least.bytes else least


def find_cheapest(problem: SearchProblem, budget_bytes: int) -> FrontPoint | None:
    """Least extra MACs, then least instructions, within ``budget_bytes``; None if nothing fits.

    Halos are recomputed only where keeping them all does not fit.
    """
    for space in (KEEP_ALL, RECOMPUTE):
        found = _search(problem, space, LEAST_WORK, budget_bytes)
        if found:
            return found[0]
    return None


def find_macs_front(problem: SearchProblem, max_extra_macs: int) -> Front:
    """The front of bytes against extra MACs: the least bytes without any, and what recomputation takes off them."""
    least = find_least_bytes(problem).bytes
    return Front(tuple(_search(problem, RECOMPUTE, MACS_FRONT, least, max_extra_macs)[::-1]))


def find_instructions_front(problem: SearchProblem) -> Front:
    """The front of bytes against predicted instructions, halos kept: from the least bytes to what runs fastest."""
    return Front(tuple(search_front(problem, KEEP_ALL, work_first=True)))


def find_without_cut(problem: SearchProblem, point: FrontPoint, cut: int) -> FrontPoint | None:
    """The best schedule like ``point``, halos kept, that is not cut before operator ``cut``.

    Of those that need no more bytes the one of least work; else the least bytes; None if it has to be cut.
    """
    at_stage = any(stage.first == cut for stage in point.schedule.stages)
    no_cut = (cut, 0) if at_stage else (0, cut)  # between stages, between segments
    found = _search(problem, KEEP_ALL, LEAST_WORK, point.bytes, no_cut=no_cut)
    found = found or _search(problem, KEEP_ALL, LEAST_BYTES, problem.most_bytes, no_cut=no_cut)
    return found[0] if found else None


def search_front(
    problem: SearchProblem,
    space: SearchSpace,
    budget_bytes: int | None = None,
    max_extra_macs: int = NO_LIMIT,
    work_first: bool = False,
) -> list[FrontPoint]:
    """Every point that no other one beats in bytes and in (extra MACs, instructions), ascending in bytes.

    With ``work_first`` instructions come before extra MACs.
    """
    budget = problem.most_bytes if budget_bytes is None else budget_bytes
    return _search(problem, space, FRONT, budget, max_extra_macs, work_first)[::-1]


def _search(
    problem: SearchProblem,
    space: SearchSpace,
    goal: int,
    budget_bytes: int,
    max_extra_macs: int = NO_LIMIT,
    work_first: bool = False,
    no_cut: tuple[int, int] = (0, 0),
) -> list[FrontPoint]:
    limits = (
        budget_bytes,
        max_extra_macs,
        space.most_recomputed,
        int(space.recompute_all),
        int(work_first),
        *no_cut,
        *problem.moves,
    )
    found = load_scheduler()["search_schedules"](
        problem.tensors,
        problem.operators,
        problem.reads,
        SCRATCH_COLS,
        space.tile_rows,
        space.tile_cols,
        space.col_parts,
        limits,
        goal,
    )
    return [_read_point(problem, [int(number) for number in flat]) for flat in found]


def _read_point(problem: SearchProblem, flat: Sequence[int]) -> FrontPoint:
    numbers = iter(flat)
    nbytes, extra_macs, work = next(numbers), next(numbers), next(numbers)
    stages, stage_bytes = [], []
    for first in numbers:
        _, needed, segments = next(numbers), next(numbers), next(numbers)
        found = tuple(_read_segment(problem, numbers) for _ in range(segments))
        stages.append(Stage(found) if found else whole_operator(problem.graph, first))
        stage_bytes.append(needed)
    schedule = Schedule(tuple(stages), problem.streamed)
    return FrontPoint(schedule, nbytes, extra_macs, work // HUNDRED, tuple(stage_bytes))


def _read_segment(problem: SearchProblem, numbers: Iterator[int]) -> Segment:
    first, last, rows, cols, recomputed, cols_recomputed, early = (next(numbers) for _ in range(7))
    consumers, ops = problem.graph.consumers, problem.graph.ops
    # a tensor that others want later is there whole, and computed once
    outputs = problem.graph.outputs
    inner = [i for i in range(first, last) if ops[i].output not in outputs]
    inner = [i for i in inner if max(consumers[ops[i].output], default=last) <= last]
    return Segment(
        first,
        last,
        (rows, cols),
        recomputed_rows=tuple(i for i in inner if recomputed >> (last - i) & 1),
        recomputed_cols=tuple(inner) if cols_recomputed else (),
        early=find_early(problem.graph, first, last) if early else (),
    )
