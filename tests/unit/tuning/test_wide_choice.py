"""Which convolutions get int16 weights: never beyond the flash, and as good as the best of all sets."""

from __future__ import annotations

import random
from itertools import combinations

import pytest

from mcupatch.tuning.wide_choice import UNIT_BYTES, WideGain, choose_wide


@pytest.mark.parametrize("seed", range(30))
def test_against_every_set(seed: int) -> None:
    rng = random.Random(seed)
    gains = {
        f"op{i}": WideGain(rng.randint(-20, 100), UNIT_BYTES * rng.randint(1, 20))
        for i in range(rng.randint(0, 8))
    }
    spare = rng.randint(-100, UNIT_BYTES * 60)
    chosen = choose_wide(gains, spare)
    sets = [c for size in range(len(gains) + 1) for c in combinations(gains, size)]
    fitting = [c for c in sets if sum(gains[n].extra_bytes for n in c) <= max(spare, 0)]
    assert sum(gains[n].extra_bytes for n in chosen) <= max(spare, 0)
    assert list(chosen) == [name for name in gains if name in chosen]
    assert sum(gains[n].saved for n in chosen) == max(sum(gains[n].saved for n in c) for c in fitting)


def test_odd_sizes_never_take_more_than_there_is() -> None:
    gains = {str(i): WideGain(10, UNIT_BYTES + 1) for i in range(4)}
    assert len(choose_wide(gains, 4 * (UNIT_BYTES + 1) - 1)) < 4


def test_what_gains_nothing_stays() -> None:
    assert choose_wide({"a": WideGain(0, 64), "b": WideGain(-3, 64), "c": WideGain(1, 64)}, 10**9) == ("c",)
