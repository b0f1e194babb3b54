"""Interval inference for all tiles of all tile lengths at once: what makes trying every grid cheap.

The same formula as ``regions.py``, on arrays: one entry per tile, the tiles of one tile length side by side.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcupatch.ir.graph import Graph
from mcupatch.schedule.regions import axis_reads

Int64Array = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class AxisTable:
    """Per tile count the lengths that each tensor needs along one axis.

    ``parts[i]`` tiles of ``lengths[i]`` positions. ``total[t][i]`` is the sum of tensor t's interval lengths over
    the tiles, ``largest[t][i]`` the longest of them.
    """

    parts: Int64Array
    lengths: Int64Array
    total: dict[str, Int64Array]
    largest: dict[str, Int64Array]


def useful_lengths(size: int, limit: int | None = None) -> list[int]:
    """The distinct tile lengths that 1, 2, ... ``limit`` equal parts of ``size`` have, largest first."""
    most = size if limit is None else min(size, limit)
    return sorted({-(-size // parts) for parts in range(1, most + 1)}, reverse=True)


def build_axis_table(graph: Graph, last: int, axis: int, limit: int | None = None) -> AxisTable:
    """The table of the patch stage over operators 0 to ``last``; every operator must be tileable."""
    size = graph.output_tensor(graph.ops[last]).hwc[axis]
    lengths = np.array(useful_lengths(size, limit), np.int64)
    parts = -(-size // lengths)
    starts = np.concatenate([np.arange(n) * length for n, length in zip(parts, lengths)]).astype(np.int64)
    stops = np.minimum(starts + np.repeat(lengths, parts), size)
    first_tile = np.concatenate([[0], np.cumsum(parts)[:-1]])

    reads = axis_reads(graph, 0, last, axis)
    needed: dict[str, tuple[Int64Array, Int64Array]] = {reads[0][0]: (starts, stops)}
    for output, inputs in reads:
        low, high = needed[output]
        for name, access, extent in inputs:
            assert access is not None, "the stage holds an operator that cannot be cut into tiles"
            first = np.maximum(low, -((access.extent - 1 - access.pad) // access.stride))
            last_one = np.minimum(high - 1, (extent - 1 + access.pad) // access.stride)
            start = np.clip(first * access.stride - access.pad, 0, extent)
            stop = np.clip(last_one * access.stride - access.pad + access.extent, 0, extent)
            stop = np.where(high > low, np.maximum(start, stop), start)
            if name in needed:
                start, stop = _hull((start, stop), needed[name])
            needed[name] = start, stop
    spans = {name: high - low for name, (low, high) in needed.items()}
    return AxisTable(
        parts=parts,
        lengths=lengths,
        total={name: np.add.reduceat(span, first_tile) for name, span in spans.items()},
        largest={name: np.maximum.reduceat(span, first_tile) for name, span in spans.items()},
    )


def _hull(
    a: tuple[Int64Array, Int64Array], b: tuple[Int64Array, Int64Array]
) -> tuple[Int64Array, Int64Array]:
    a_empty, b_empty = a[0] == a[1], b[0] == b[1]
    start = np.where(a_empty, b[0], np.where(b_empty, a[0], np.minimum(a[0], b[0])))
    stop = np.where(a_empty, b[1], np.where(b_empty, a[1], np.maximum(a[1], b[1])))
    return start, stop
