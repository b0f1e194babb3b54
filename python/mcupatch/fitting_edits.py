"""The smallest change of a network of blocks after which it fits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mcupatch.patch_stage import build_graph
from mcupatch.plan_schedules import SchedulePlanner
from mcupatch.redistribute import describe_edits
from mcupatch.redistribution.edits import Change, apply_edits, list_edits
from mcupatch.report.redistribution_figures import FittingEdit
from mcupatch.zoo.blocks import Network
from mcupatch.zoo.expand import count_macs
from mcupatch.zoo.width import scale_width

PIXEL_STEP = 16
WIDTHS = tuple(percent / 100 for percent in range(95, 25, -5))


def find_fitting_edits(network: Network, budget_bytes: int, stream_input: bool) -> list[FittingEdit]:
    """Of each kind of change the smallest after which the least arena fits ``budget_bytes``; the smallest of all first.

    Empty where none does. A change is small that takes away few MACs.
    """
    found = []
    for kind in (_smaller_pictures(network), _narrower(network), _block_edits(network)):
        for title, changed in kind:
            arena = least_arena_bytes(changed, stream_input)
            if arena <= budget_bytes:
                found.append(FittingEdit(title, arena, 1 - count_macs(changed) / count_macs(network)))
                break
    return sorted(found, key=lambda edit: edit.fewer_macs)


def least_arena_bytes(network: Network, stream_input: bool) -> int:
    """Bytes of the smallest arena that computes nothing twice."""
    graph = build_graph(network)
    planner = SchedulePlanner(graph, tuple(graph.inputs) if stream_input else ())
    return planner.arena_bytes(planner.find_least(0))


def _smaller_pictures(network: Network) -> Iterator[tuple[str, Network]]:
    """From the largest."""
    if network.takes_pictures:
        for pixels in range(network.input_shape[0] - PIXEL_STEP, PIXEL_STEP, -PIXEL_STEP):
            yield f"pictures of {pixels}x{pixels} pixels", replace(network, input_shape=(pixels, pixels, 3))


def _narrower(network: Network) -> Iterator[tuple[str, Network]]:
    """From the widest."""
    for width in WIDTHS:
        yield f"{width:g} of the channels", scale_width(network, width)


def _block_edits(network: Network) -> Iterator[tuple[str, Network]]:
    """One block changed, from the change of fewest MACs."""
    edits = [edit for change in (Change.SHRINK, Change.DROP) for edit in list_edits(network, change)]
    changed = [(next(describe_edits(network, [edit])), apply_edits(network, [edit])) for edit in edits]
    yield from sorted(changed, key=lambda each: -count_macs(each[1]))
