"""What of a firmware ran, and how often: its blocks of instructions, counted apart for each operator of the network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Block:
    """The instructions in [start, stop) ran one after the other, ``times`` times; no run came in or left between.

    After ``jumps`` of them the core went on elsewhere than at ``stop``: taken branches, calls and returns.
    """

    start: int
    stop: int
    times: int
    jumps: int


@dataclass(frozen=True)
class Span:
    """What ran inside the calls of some functions, callees included."""

    instructions: int
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Profile:
    """One run. ``code`` lies at ``base``; ``glue`` ran outside of every operator: the schedule's own loops and copies.

    The instructions of ``glue`` and ``operators`` add up to those of the run.
    """

    code: bytes
    base: int
    operators: Mapping[str, Span]
    glue: Span


def read_span(traffic: NDArray[np.uint64], starts: NDArray[np.uint32], base: int) -> Span:
    """A span from the counters of the native hook, ``[places, 3]``: entered, left, jumped (``mcup_traffic``).

    The emulator's own blocks overlap: one ends at a branch, wherever it began. Here every place where one of them
    starts or stops divides the code. ``starts`` is the table of ``count_starts``.
    """
    entered, left = traffic[:, 0].astype(np.int64), traffic[:, 1].astype(np.int64)
    places = np.flatnonzero(traffic[:, 0] | traffic[:, 1])
    times = np.cumsum(entered[places] - left[places])
    blocks = []
    instructions = 0
    for first, last, count in zip(places.tolist(), places[1:].tolist(), times.tolist()):
        if count:
            blocks.append(Block(base + 2 * first, base + 2 * last, count, int(traffic[last, 2])))
            instructions += count * (int(starts[last]) - int(starts[first]))
    return Span(instructions, tuple(blocks))
