"""Which convolutions get int16 weights, by what each was measured to gain: the best set of all, not the best in turn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

UNIT_BYTES = 64  # sizes are rounded up to it: a coarser table, and never more bytes than there are


@dataclass(frozen=True)
class WideGain:
    """Of one convolution: how much less it costs, and the bytes that it takes more."""

    saved: int
    extra_bytes: int


def choose_wide(gains: Mapping[str, WideGain], spare_bytes: int) -> tuple[str, ...]:
    """The operators that save most in all within ``spare_bytes``, in the order of ``gains``."""
    worth = {name: gain for name, gain in gains.items() if gain.saved > 0}
    room = min(max(spare_bytes, 0) // UNIT_BYTES, sum(_units(gain) for gain in worth.values()))
    best = np.zeros(room + 1, np.int64)  # by units of room: the most that is saved
    taken: list[np.ndarray] = []
    for gain in worth.values():
        units = _units(gain)
        with_it = np.full(room + 1, -1, np.int64)
        if units <= room:
            with_it[units:] = best[: room + 1 - units] + gain.saved
        taken.append(with_it > best)
        best = np.maximum(best, with_it)
    chosen = set()
    for name, takes in zip(reversed(worth), reversed(taken)):
        if takes[room]:
            chosen.add(name)
            room -= _units(worth[name])
    return tuple(name for name in gains if name in chosen)


def _units(gain: WideGain) -> int:
    return -(-gain.extra_bytes // UNIT_BYTES)
