"""Which first blocks see less, so that patches overlap less, and which later ones see more instead."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations

from mcupatch.redistribution.balance import Totals, balance_tail, count_totals
from mcupatch.redistribution.edits import Change, Edit, apply_edits, list_edits
from mcupatch.zoo.blocks import Network

MOST_EARLY_EDITS = 4


@dataclass(frozen=True)
class PatchCost:
    """The patch stage of a network, as the MCUNetV2 paper counts it.

    ``pixels``: side of the part of the picture that one patch reads. MACs of the ``stage`` without overlap, with
    ``full_patches`` of equal size, and with patches ``clipped`` at the border; ``macs`` of the whole network
    without overlap. ``peak_bytes``: the paper's analytic peak.
    """

    pixels: int
    stage_macs: int
    full_patch_macs: int
    clipped_macs: int
    macs: int
    peak_bytes: int

    @property
    def stage_overhead(self) -> float:
        """Share that equal patches add to the stage."""
        return self.full_patch_macs / self.stage_macs - 1

    @property
    def overhead(self) -> float:
        """Share that clipped patches add to the whole network."""
        return (self.clipped_macs - self.stage_macs) / self.macs


@dataclass(frozen=True)
class Redistribution:
    """``network`` after ``early`` edits of the patch stage and ``late`` ones; the stage is its first ``blocks``."""

    network: Network
    blocks: int
    early: tuple[Edit, ...]
    late: tuple[Edit, ...]
    totals: Totals
    cost: PatchCost


PatchMeter = Callable[
    [Network, int], PatchCost | None
]  # of so many first blocks; None where they cannot run so


def redistribute_network(
    network: Network, blocks: int, most_overhead: float, tolerance: float, measure: PatchMeter
) -> Redistribution | None:
    """The fewest early edits that bring the overhead down to ``most_overhead``; else those of the least overhead.

    Of equally many, the least overhead. Only networks whose MACs, receptive field and parameters stay within
    ``tolerance`` are taken; None if there is none.
    """
    wanted = count_totals(network)
    best: Redistribution | None = None
    for count in range(1, MOST_EARLY_EDITS + 1):
        found = [
            each
            for early in _early_edits(network, blocks, count)
            if (each := _redistribute(network, blocks, early, wanted, tolerance, measure)) is not None
        ]
        best = min([*found, *([best] if best else [])], key=lambda each: each.cost.overhead, default=None)
        if best is not None and best.cost.overhead <= most_overhead:
            break
    return best


def _early_edits(network: Network, blocks: int, count: int) -> Iterator[tuple[Edit, ...]]:
    """Every choice of ``count`` smaller kernels and dropped blocks, at most one a block."""
    edits = [
        e for change in (Change.SHRINK, Change.DROP) for e in list_edits(network, change) if e.block < blocks
    ]
    for chosen in combinations(edits, count):
        if len({edit.block for edit in chosen}) == count:
            yield chosen


def _redistribute(
    network: Network,
    blocks: int,
    early: tuple[Edit, ...],
    wanted: Totals,
    tolerance: float,
    measure: PatchMeter,
) -> Redistribution | None:
    gone = sum(edit.change is Change.DROP for edit in early)
    late = balance_tail(apply_edits(network, early), blocks - gone, wanted, tolerance)
    late = tuple(Edit(edit.change, edit.block + gone) for edit in late)  # as numbered before the early ones
    changed = apply_edits(network, (*early, *late))
    totals = count_totals(changed)
    cost = measure(changed, blocks - gone)
    if cost is None or max(map(abs, totals.deviations(wanted))) > tolerance:
        return None
    return Redistribution(changed, blocks - gone, early, late, totals, cost)
