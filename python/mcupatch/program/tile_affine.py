"""A value for each tile index as one TIR expression.

    [0, 7, 15, 23], the region starts of four tiles  ->  max(tile_row * 8 - 1, 0)

The numbers are the decision (they were checked); the expression is only their compact form, and it is evaluated
against every one of them before it is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mcupatch.tvm_api import tirx

Expr = Any


def fit_tile_expression(values: Sequence[int], tile: Expr) -> Expr:
    """An expression equal to ``values[t]`` for ``tile == t``: a constant, a clamped line, or nested selects."""
    if len(set(values)) == 1:
        return values[0]
    line = _fit_clamped_line(values)
    if line is None:
        expression: Expr = tirx.const(values[-1], "int32")
        for index in reversed(range(len(values) - 1)):
            expression = tirx.Select(tile == index, tirx.const(values[index], "int32"), expression)
        return expression
    slope, offset, low, high = line
    expression = tile * slope + offset if offset else tile * slope
    raw = [t * slope + offset for t in range(len(values))]
    if min(raw) < low:
        expression = tirx.max(expression, low)
    if max(raw) > high:
        expression = tirx.min(expression, high)
    return expression


def _fit_clamped_line(values: Sequence[int]) -> tuple[int, int, int, int] | None:
    """``(slope, offset, low, high)`` with ``values[t] == min(max(t * slope + offset, low), high)``, or None."""
    low, high = min(values), max(values)
    for anchor in range(len(values) - 1):
        slope = values[anchor + 1] - values[anchor]
        offset = values[anchor] - slope * anchor
        if slope > 0 and all(
            value == min(max(t * slope + offset, low), high) for t, value in enumerate(values)
        ):
            return slope, offset, low, high
    return None
