"""A value for each step or tile in its compact form, and that form as one TIR expression.

    [0, 7, 15, 23], where the windows of four tiles begin        ->  max(tile * 8 - 1, 0)
    [0, 0, 2, 2, 4, 4], where a row window begins                ->  step // 2 * 2
    [0, 1, 1, 3, 5, 7]                                           ->  select(step < 2, step, max(step * 2 - 3, 1))

None stands for a value that nobody looks at. The numbers are the decision (they were checked); a form is tried
against every one of them before it is used.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from mcupatch.tvm_api import T, tirx

Expr = Any
Values = tuple[int | None, ...]

_MOST_PIECES = 4
_LONGEST_PERIOD = 64
_FEWEST_BEATS = 3


@dataclass(frozen=True)
class Line:
    """``slope * t + offset``, not below ``low`` nor above ``high`` where they are given; a constant if slope is 0."""

    slope: int
    offset: int
    low: int | None = None
    high: int | None = None

    def value(self, t: int) -> int:
        return _clamp(self.slope * t + self.offset, self.low, self.high)

    def expression(self, t: Expr) -> Expr:
        if not self.slope:
            return self.offset
        line = t * self.slope if self.slope != 1 else t
        return _clamp_expression(line + self.offset if self.offset else line, self.low, self.high)


@dataclass(frozen=True)
class Stairs:
    """``(t + phase) // width * height + offset``, clamped like a line."""

    width: int
    height: int
    phase: int
    offset: int
    low: int | None = None
    high: int | None = None

    def value(self, t: int) -> int:
        return _clamp((t + self.phase) // self.width * self.height + self.offset, self.low, self.high)

    def expression(self, t: Expr) -> Expr:
        step = T.truncdiv(t + self.phase if self.phase else t, tirx.const(self.width, "int32")) * self.height
        return _clamp_expression(step + self.offset if self.offset else step, self.low, self.high)


@dataclass(frozen=True)
class Saw:
    """``(t + phase) % width * slope + offset``."""

    width: int
    slope: int
    phase: int
    offset: int

    def value(self, t: int) -> int:
        return (t + self.phase) % self.width * self.slope + self.offset

    def expression(self, t: Expr) -> Expr:
        at = T.truncmod(t + self.phase if self.phase else t, tirx.const(self.width, "int32"))
        rise = at * self.slope if self.slope != 1 else at
        return rise + self.offset if self.offset else rise


@dataclass(frozen=True)
class Pulse:
    """``beat`` where ``t % period == phase``, else ``rest``."""

    period: int
    phase: int
    beat: int
    rest: int

    def value(self, t: int) -> int:
        return self.beat if t % self.period == self.phase else self.rest

    def expression(self, t: Expr) -> Expr:
        at = T.truncmod(t, tirx.const(self.period, "int32"))
        return _select(at == self.phase, self.beat, self.rest)


@dataclass(frozen=True)
class Pieces:
    """One form for ``t < boundary``, another from there on."""

    boundary: int
    before: Form
    after: Form

    def value(self, t: int) -> int:
        return (self.before if t < self.boundary else self.after).value(t)

    def expression(self, t: Expr) -> Expr:
        return _select(t < self.boundary, self.before.expression(t), self.after.expression(t))


@dataclass(frozen=True)
class Table:
    """Each value by itself: the last resort."""

    values: tuple[int, ...]

    def value(self, t: int) -> int:
        return self.values[t]


Form = Line | Stairs | Saw | Pulse | Pieces


def fit_values(values: Sequence[int | None]) -> Form | Table:
    """The simplest form that is ``values[t]`` for every ``t`` whose value is given."""
    form = _fit(tuple(values), _MOST_PIECES)
    return form or Table(tuple(0 if v is None else v for v in values))


def _fit(values: Values, pieces: int) -> Form | None:
    for form in _single_forms(values):
        if all(v is None or form.value(t) == v for t, v in enumerate(values)):
            return form
    if pieces == 1:
        return None
    return _fit_head(values, pieces) or _fit_tail(values, pieces)


def _single_forms(values: Values) -> Iterator[Form]:
    given = [(t, v) for t, v in enumerate(values) if v is not None]
    if len({v for _, v in given}) <= 1:
        yield Line(0, given[0][1] if given else 0)
        return
    yield from _lines(given)
    jumps = _find_jumps(values)
    if len(jumps) >= _FEWEST_BEATS:  # fewer say nothing about a rhythm
        yield from _stairs(values, jumps)
        yield from _saws(values, jumps)
        yield from _pulses(given)


def _lines(given: list[tuple[int, int]]) -> Iterator[Form]:
    """The line through each pair of neighbours, with the clamps that it needs."""
    low, high = min(v for _, v in given), max(v for _, v in given)
    lines = dict.fromkeys(
        ((b - a) // (u - t), a - (b - a) // (u - t) * t)
        for (t, a), (u, b) in pairwise(given)
        if a != b and (b - a) % (u - t) == 0
    )
    for slope, offset in lines:
        raw = [slope * t + offset for t, _ in given]
        yield Line(slope, offset, low if min(raw) < low else None, high if max(raw) > high else None)


def _find_jumps(values: Values) -> list[tuple[int, int]]:
    """Where the values leave the pace that they mostly have, and by how much."""
    filled = _fill(values)
    pace = Counter(b - a for a, b in pairwise(filled)).most_common(1)[0][0]
    return [(t + 1, b - a - pace) for t, (a, b) in enumerate(pairwise(filled)) if b - a != pace]


def _stairs(values: Values, jumps: list[tuple[int, int]]) -> Iterator[Form]:
    filled = _fill(values)
    low, high = min(filled), max(filled)
    for width, t, height in _rhythms(jumps):
        phase = -t % width
        plain = Stairs(width, height, phase, filled[t] - (t + phase) // width * height)
        raw = [plain.value(i) for i, v in enumerate(values) if v is not None]
        clamps = low if min(raw) < low else None, high if max(raw) > high else None
        yield Stairs(width, height, phase, plain.offset, *clamps)


def _saws(values: Values, jumps: list[tuple[int, int]]) -> Iterator[Form]:
    filled = _fill(values)
    for width, t, _ in _rhythms(jumps):
        if t + 1 < len(filled):
            yield Saw(width, filled[t + 1] - filled[t], -t % width, filled[t])


def _rhythms(jumps: list[tuple[int, int]]) -> dict[tuple[int, int, int], None]:
    """(distance to the next jump, where, by how much), each distance, phase and height once."""
    found: dict[tuple[int, int, int], tuple[int, int, int]] = {}
    for (t, height), (u, _) in pairwise(jumps):
        if 2 <= u - t <= _LONGEST_PERIOD:
            found.setdefault((u - t, t % (u - t), height), (u - t, t, height))
    return dict.fromkeys(found.values())


def _pulses(given: list[tuple[int, int]]) -> Iterator[Form]:
    """Two values, one of which comes again and again after the same number of steps."""
    both = {v for _, v in given}
    if len(both) != 2:
        return
    for beat, rest in (sorted(both), sorted(both, reverse=True)):
        at = [t for t, v in given if v == beat]
        if len(at) >= _FEWEST_BEATS and 2 <= at[1] - at[0] <= _LONGEST_PERIOD:
            yield Pulse(at[1] - at[0], at[0] % (at[1] - at[0]), beat, rest)


def _fit_head(values: Values, pieces: int) -> Form | None:
    """The longest line that the values begin with, and a form for the others."""
    boundary, line = _leading_line(list(enumerate(values)))
    rest = _fit((None,) * boundary + values[boundary:], pieces - 1)
    return Pieces(boundary, line, rest) if rest else None


def _fit_tail(values: Values, pieces: int) -> Form | None:
    """The longest line that the values end with, and a form for the others."""
    last, line = _leading_line(list(enumerate(values))[::-1])
    boundary = last + 1
    rest = _fit(values[:boundary] + (None,) * (len(values) - boundary), pieces - 1)
    return Pieces(boundary, rest, line) if rest else None


def _leading_line(pairs: list[tuple[int, int | None]]) -> tuple[int, Line]:
    """The line through as many of the first pairs (t, value) as there are on one, and the ``t`` where it ends."""
    line: Line | None = None
    first: tuple[int, int] | None = None
    for t, v in pairs:
        if v is None:
            continue
        if first is None:
            first = (t, v)
        elif line is None:
            slope, rest = divmod(v - first[1], t - first[0])
            if rest:
                return t, Line(0, first[1])
            line = Line(slope, v - slope * t)
        elif line.value(t) != v:
            return t, line
    return pairs[-1][0], line or Line(0, first[1] if first else 0)


def _fill(values: Values) -> list[int]:
    """The value before in the place of each that is not given (the first given one at the start)."""
    current = next(v for v in values if v is not None)
    filled = []
    for v in values:
        current = current if v is None else v
        filled.append(current)
    return filled


def _clamp(value: int, low: int | None, high: int | None) -> int:
    value = value if low is None else max(value, low)
    return value if high is None else min(value, high)


def _clamp_expression(value: Expr, low: int | None, high: int | None) -> Expr:
    value = value if low is None else tirx.max(value, low)
    return value if high is None else tirx.min(value, high)


def _select(condition: Expr, first: Expr, second: Expr) -> Expr:
    return tirx.Select(
        condition, *(tirx.const(v, "int32") if isinstance(v, int) else v for v in (first, second))
    )
