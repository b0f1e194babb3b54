"""The compact form of a value for each tile equals every one of the values."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from tvm.sym.analyzer import Analyzer

from mcupatch.program.tile_affine import fit_tile_expression
from mcupatch.tvm_api import tirx


def evaluate(expression: object, tile: object, index: int) -> int:
    if isinstance(expression, int):
        return expression
    return int(Analyzer().simplify(tirx.Let(tile, tirx.const(index, "int32"), expression)))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.integers(0, 300), min_size=1, max_size=9))
def test_any_values(values: list[int]) -> None:
    tile = tirx.Var("tile", "int32")
    expression = fit_tile_expression(values, tile)
    assert [evaluate(expression, tile, i) for i in range(len(values))] == values


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 9), st.integers(1, 40), st.integers(-60, 60), st.integers(0, 200))
def test_clipped_lines_need_no_select(count: int, slope: int, offset: int, size: int) -> None:
    """What regions of equal tiles look like, clipped to the tensor."""
    values = [min(max(t * slope + offset, 0), size) for t in range(count)]
    tile = tirx.Var("tile", "int32")
    expression = fit_tile_expression(values, tile)
    assert [evaluate(expression, tile, i) for i in range(count)] == values
    if any(0 < a and b < size for a, b in zip(values, values[1:])):  # a whole step shows the slope
        assert "Select" not in str(expression)
