"""Gives back later what a change of the first blocks took: MACs, receptive field and parameters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from mcupatch.redistribution.edits import Change, Edit, apply_edits, list_edits
from mcupatch.redistribution.receptive_field import total_receptive_field
from mcupatch.zoo.blocks import Network
from mcupatch.zoo.expand import count_macs, count_parameters

MOST_REPEATS = 3  # of one block
MOST_CHOICES = 2_000_000  # combinations that are weighed at once


@dataclass(frozen=True)
class Totals:
    """``receptive_field`` in pixels, of the deepest layer before the head's mean."""

    macs: int
    receptive_field: float
    parameters: int

    def deviations(self, wanted: Totals) -> tuple[float, float, float]:
        """Each figure against ``wanted``, as a signed share of it."""
        pairs = zip(self.as_tuple(), wanted.as_tuple())
        macs, field, parameters = (mine / other - 1 for mine, other in pairs)
        return macs, field, parameters

    def as_tuple(self) -> tuple[int, float, int]:
        return self.macs, self.receptive_field, self.parameters


def count_totals(network: Network) -> Totals:
    """The three figures that redistribution keeps."""
    return Totals(count_macs(network), total_receptive_field(network), count_parameters(network))


def balance_tail(network: Network, first_block: int, wanted: Totals, tolerance: float) -> tuple[Edit, ...]:
    """Edits from block ``first_block`` on that bring every figure within ``tolerance`` of ``wanted``.

    The fewest that do, then the closest; if none do, the closest. One block stands for those of its shape: the last
    of each run is repeated or dropped, and its kernel grows.
    """
    options = list(_choices(network, first_block))
    base = np.array(count_totals(network).as_tuple(), float)
    goal = np.array(wanted.as_tuple(), float)
    gains = [
        np.array([np.array(_totals_after(network, edits), float) - base for edits in run]) / goal
        for run in options
    ]
    counts = [np.array([len(edits) for edits in run]) for run in options]
    offsets, changes = _combine((base - goal) / goal, gains, counts)
    excess = np.maximum(np.abs(offsets) - tolerance, 0).sum(axis=1)
    distance = np.abs(offsets).sum(axis=1)
    # Sums in another order differ in their last bits: what is equal to a millionth is equal.
    order = np.lexsort((distance.round(6), np.where(excess > 0, 0, changes), excess.round(6)))
    chosen = np.unravel_index(order[0], [len(run) for run in options]) if options else ()
    return tuple(edit for run, index in zip(options, chosen) for edit in run[int(index)])


def _choices(network: Network, first_block: int) -> Iterator[list[tuple[Edit, ...]]]:
    """For the last block of each run of equal shape, what may be done with it; the first choice is nothing.

    Runs next to the head come first, so that a limit of combinations drops what would cost most memory.
    """
    can = {change: {e.block for e in list_edits(network, change)} for change in Change}
    total = 1
    for number in reversed(_ends_of_runs(network, first_block)):
        repeats: list[tuple[Edit, ...]] = [()]
        if number in can[Change.REPEAT]:
            repeats += [(Edit(Change.REPEAT, number),) * times for times in range(1, MOST_REPEATS + 1)]
        larger: list[tuple[Edit, ...]] = [()]
        if number in can[Change.ENLARGE]:
            larger.append((Edit(Change.ENLARGE, number),))
        found = [first + second for first, second in product(repeats, larger)]
        if number in can[Change.DROP]:
            found.append((Edit(Change.DROP, number),))
        total *= len(found)
        if total > MOST_CHOICES:
            return
        if len(found) > 1:
            yield found


def _ends_of_runs(network: Network, first_block: int) -> Sequence[int]:
    numbers = range(first_block, len(network.blocks))
    last = len(network.blocks) - 1
    return [
        n
        for n in numbers
        if n == last
        or network.blocks[n + 1].out_channels != network.blocks[n].out_channels
        or getattr(network.blocks[n + 1], "stride", 2) != 1
    ]


def _totals_after(network: Network, edits: tuple[Edit, ...]) -> tuple[int, float, int]:
    return count_totals(apply_edits(network, edits)).as_tuple()


def _combine(
    offset: NDArray[np.float64], gains: Sequence[NDArray[np.float64]], counts: Sequence[NDArray[np.int64]]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Offsets ``[N, 3]`` and numbers of edits ``[N]`` of every combination, one choice of each run."""
    offsets, changes = offset[None], np.zeros(1, np.int64)
    for gain, count in zip(gains, counts):
        offsets = (offsets[:, None] + gain[None]).reshape(-1, 3)
        changes = (changes[:, None] + count[None]).reshape(-1)
    return offsets, changes
