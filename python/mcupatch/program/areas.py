"""Which part of a tensor an operator is given in each step and tile, and where in its storages that part begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mcupatch.ir.access import input_access, is_reduction, slides_window
from mcupatch.ir.graph import Graph
from mcupatch.ir.ops import Operator
from mcupatch.ir.region import ELEMENTWISE, AxisAccess, Interval
from mcupatch.program.places import Place
from mcupatch.program.segment_actions import Area, Origin, Spot
from mcupatch.program.series import AxisValues, identifier
from mcupatch.program.tile_affine import Values


@dataclass(frozen=True)
class Part:
    """One axis of an area in numbers by step or tile: where it begins and how long it is, None if nobody looks."""

    begin: Values
    length: Values


@dataclass(frozen=True)
class PlacedPart:
    """Rows and columns of a tensor, and the one or two storages that they lie in."""

    places: tuple[Place, ...]
    rows: Part
    cols: Part


def computed_part(computed: Sequence[Interval]) -> Part:
    return Part(tuple(c.start if c.length else None for c in computed), tuple(c.length for c in computed))


def read_part(
    graph: Graph,
    op: Operator,
    position: int,
    places: tuple[Place, ...],
    rows: Sequence[Interval],
    cols: Sequence[Interval],
) -> PlacedPart:
    """What is given of an input in each step and tile, when the operator computes ``rows`` and ``cols``.

    An operator that goes position by position is given just those. One with windows is given the storage from its
    first position on, as far as it reads, so that the pointer seldom changes: its pads say where its windows begin.
    """
    access = input_access(graph, op, position)
    if access is None:
        raise ValueError(f"operator '{op.name}' ({op.kind}) cannot be cut into tiles")
    height, width, _ = graph.tensors[op.inputs[position]].hwc
    places = _places_of_rows(places, [access.rows.needed(r, height) for r in rows])
    by_position = is_reduction(graph, op) or not (position == 0 and slides_window(op))
    if access == ELEMENTWISE and by_position:
        return PlacedPart(places, computed_part(rows), computed_part(cols))
    first, last = places[0], places[-1]
    return PlacedPart(
        places,
        _from_first(access.rows, rows, height, first.row0, first.has_all_rows),
        _from_first(access.cols, cols, width, last.col0, last.has_all_cols),
    )


def _from_first(
    access: AxisAccess, computed: Sequence[Interval], size: int, first: Values, has_all: bool
) -> Part:
    if has_all:
        return Part((0,) * len(computed), (size,) * len(computed))
    begins: list[int | None] = []
    lengths: list[int | None] = []
    for c, stored in zip(computed, first):
        needed = access.needed(c, size)
        begin = needed.start if stored is None else stored
        begins.append(begin if c.length else None)
        lengths.append(max(needed.stop - begin, 0) if c.length else None)
    return Part(tuple(begins), tuple(lengths))


def _places_of_rows(places: tuple[Place, ...], needed: Sequence[Interval]) -> tuple[Place, ...]:
    """Without the cache, or without the tile below it, if no step reads from it."""
    if len(places) == 1:
        return places
    upper, lower = places
    pairs = [(n, b) for n, b in zip(needed, lower.row0) if n.length and b is not None]
    if all(n.stop <= b for n, b in pairs):
        return (upper,)
    return (lower,) if all(n.start >= b for n, b in pairs) else places


def find_pads(access: AxisAccess, computed: Sequence[Interval], begin: Values) -> list[int | None]:
    """Position ``y`` of the output's area reads from position ``y * stride - pad`` of the input's area on."""
    return [
        None if first is None or not c.length else first - (c.start * access.stride - access.pad)
        for c, first in zip(computed, begin)
    ]


def make_area(part: PlacedPart, rows: AxisValues, cols: AxisValues) -> Area:
    """The numbers of ``part`` as values of the two axes."""
    tensor = part.places[0].tensor
    name = identifier(tensor.name)

    def origin(place: Place) -> Origin:
        label = f"{name}_{place.storage.value}"
        row0, col0 = rows.value(place.row0, f"{label}_row0"), cols.value(place.col0, f"{label}_col0")
        return Origin(place.storage, tensor, row0, col0, place.width)

    def spot(place: Place) -> Spot:
        row = rows.value(_rows_into(place, part), f"{name}_at_row")
        col = cols.value(map(_minus, part.cols.begin, place.col0), f"{name}_at_col")
        return Spot(place.storage, tensor, row, col, place.width)

    boundary, upper_rows = _split(part)
    return Area(
        rows.value(part.rows.begin, f"{name}_row0"),
        rows.value(part.rows.length, f"{name}_rows"),
        cols.value(part.cols.begin, f"{name}_col0"),
        cols.value(part.cols.length, f"{name}_cols"),
        tuple(map(origin, part.places)),
        tuple(map(spot, part.places)),
        rows.value(boundary, f"{name}_boundary"),
        rows.value(upper_rows, f"{name}_upper_rows"),
    )


def _split(part: PlacedPart) -> tuple[Values, Values]:
    """The first row in the lower storage, and how many rows of the part lie above it."""
    if len(part.places) == 1:
        return (0,), (0,)
    boundary = part.places[1].row0
    upper = [
        None if begin is None or length is None or first is None else min(max(first - begin, 0), length)
        for begin, length, first in zip(part.rows.begin, part.rows.length, boundary)
    ]
    return boundary, tuple(upper)


def _rows_into(place: Place, part: PlacedPart) -> list[int | None]:
    """How many rows from the storage's first the part begins: its first row here, if another storage holds those above."""
    at = [_minus(begin, first) for begin, first in zip(part.rows.begin, place.row0)]
    if len(part.places) == 1:
        return at
    if place is part.places[1]:
        return [None if row is None else max(row, 0) for row in at]
    _, upper_rows = _split(part)
    return [row if above else None for row, above in zip(at, upper_rows)]


def _minus(value: int | None, first: int | None) -> int | None:
    return None if value is None or first is None else value - first
