"""Runs of inverted residuals of one width: how the tables of the zoo write them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mcupatch.zoo.blocks import Block, InvertedResidual

KernelAndExpansion = tuple[int, int]


@dataclass(frozen=True)
class Run:
    """Blocks with ``channels`` outputs each, as (kernel, expansion); the first has ``stride``, the others 1.

    ``squeeze`` as in ``InvertedResidual``.
    """

    channels: int
    stride: int
    blocks: tuple[KernelAndExpansion, ...]
    squeeze: int = 0


def expand_runs(runs: tuple[Run, ...], skip_first: bool = True) -> Iterator[Block]:
    """The blocks one by one; ``skip_first`` False: the first of a run never adds its input."""
    for run in runs:
        for repeat, (kernel, expand) in enumerate(run.blocks):
            yield InvertedResidual(
                kernel,
                run.stride if repeat == 0 else 1,
                expand,
                run.channels,
                skip=skip_first or repeat > 0,
                squeeze=run.squeeze,
            )
