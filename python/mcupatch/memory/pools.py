"""Dividing an arena among several memories: which buffer lies in which of them, and where.

Buffers of different pools never touch, so each pool is a placement problem of its own. First greedily: each buffer
in turn lies in the first pool with room, and those that found none come first in the next round. Where that fails,
branch and bound decides, on one long arena with a wall wherever one pool ends and the next begins.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mcupatch.errors import Infeasible
from mcupatch.memory.exact import Spot, fit_into_pools
from mcupatch.memory.placement import lowest_offset
from mcupatch.memory.plan import Buffer, Pool
from mcupatch.memory.separation import Separation
from mcupatch.target.sizes import format_size

GREEDY_ROUNDS = 10  # for each order of the buffers
WALLS_WORK = 4_000_000  # branches times buffers


def divide_buffers(
    buffers: Sequence[Buffer],
    separation: Separation,
    pools: Sequence[Pool],
    orders: Iterable[Sequence[int]],
    bound_bytes: int,
) -> list[Spot]:
    """A pool and an offset for every buffer. ``orders`` are the ones to try; no single arena is below ``bound_bytes``.

    Raises Infeasible where no division is found.
    """
    _check_sizes(buffers, pools, bound_bytes)
    for order in orders:
        found = _fill_greedily(separation, pools, order)
        if found is not None:
            return found
    fit = fit_into_pools(separation, [p.nbytes for p in pools], WALLS_WORK // len(buffers))
    if fit.spots is None:
        verdict = "cannot be" if fit.is_impossible else "were not"
        raise Infeasible(
            f"The buffers {verdict} divided among {describe_pools(pools)}: in one memory they need "
            f"{format_size(bound_bytes)}, but none of them may lie across two."
        )
    return fit.spots


def _check_sizes(buffers: Sequence[Buffer], pools: Sequence[Pool], bound_bytes: int) -> None:
    total, widest = sum(p.nbytes for p in pools), max(pools, key=lambda p: p.nbytes)
    if bound_bytes > total:
        raise Infeasible(
            f"The arena needs at least {format_size(bound_bytes)}, and {describe_pools(pools)} have "
            f"{format_size(total)} together: {bound_bytes - total} bytes too few.",
            bound_bytes,
        )
    largest = max(buffers, key=lambda b: b.nbytes)
    if largest.nbytes > widest.nbytes:
        raise Infeasible(
            f"Buffer '{largest.name}' takes {format_size(largest.nbytes)} and lies in one memory; the largest, "
            f"{widest.name}, has {format_size(widest.nbytes)}."
        )


def describe_pools(pools: Sequence[Pool]) -> str:
    """``axi_sram (59.9 KiB beside the stack), dtcm (16 KiB)``."""
    return ", ".join(
        f"{p.name} ({format_size(p.nbytes)}{' beside the stack' if p.reserved_bytes else ''})" for p in pools
    )


def _fill_greedily(separation: Separation, pools: Sequence[Pool], order: Sequence[int]) -> list[Spot] | None:
    """Each buffer of ``order`` at the lowest offset of the first pool with room; None if some find no room."""
    for _ in range(GREEDY_ROUNDS):
        offsets: list[list[int | None]] = [[None] * len(order) for _ in pools]
        spots: dict[int, Spot] = {}
        for b in order:
            for k, pool in enumerate(pools):
                offset = lowest_offset(separation, offsets[k], b)
                if offset + separation.true_sizes[b] <= pool.nbytes:
                    offsets[k][b], spots[b] = offset, Spot(k, offset)
                    break
        if len(spots) == len(order):
            return [spots[b] for b in range(len(order))]
        # Those left out choose first next time.
        order = [*(b for b in order if b not in spots), *(b for b in order if b in spots)]
    return None
