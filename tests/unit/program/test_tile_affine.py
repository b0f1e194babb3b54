"""The compact form of a number for each step equals every one of the numbers, as a value and as TIR."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tvm.sym.analyzer import Analyzer

from mcupatch.program.tile_affine import Line, Pieces, Pulse, Saw, Stairs, Table, fit_values
from mcupatch.tvm_api import tirx


def evaluate(expression: object, step: object, index: int) -> int:
    if isinstance(expression, int):
        return expression
    return int(Analyzer().simplify(tirx.Let(step, tirx.const(index, "int32"), expression)))


def assert_exact(values: list[int | None]) -> Line | Stairs | Saw | Pulse | Pieces | Table:
    form = fit_values(values)
    step = tirx.Var("step", "int32")
    for t, value in enumerate(values):
        if value is not None:
            assert form.value(t) == value
            if not isinstance(form, Table):
                assert evaluate(form.expression(step), step, t) == value
    return form


@settings(max_examples=200, deadline=None)
@given(st.lists(st.none() | st.integers(-9, 300), min_size=1, max_size=12))
def test_any_values(values: list[int | None]) -> None:
    assert_exact(values)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.none() | st.integers(0, 2), min_size=1, max_size=20))
def test_few_values(values: list[int | None]) -> None:
    assert_exact(values)


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 9), st.integers(-40, 40), st.integers(-60, 60), st.integers(0, 200))
def test_clipped_lines_are_lines(count: int, slope: int, offset: int, size: int) -> None:
    """What regions of equal tiles look like, clipped to the tensor."""
    values = [min(max(t * slope + offset, 0), size) for t in range(count)]
    form = assert_exact(values)
    if slope and any(0 < a and b < size for a, b in zip(sorted(values), sorted(values)[1:])):
        assert isinstance(form, Line)  # a whole step shows the slope


@settings(max_examples=150, deadline=None)
@given(st.integers(2, 6), st.integers(1, 5), st.integers(0, 5), st.integers(0, 3), st.integers(0, 30))
def test_stairs_with_a_head_and_an_end(width: int, height: int, phase: int, head: int, high: int) -> None:
    """Where a row window begins whose reader takes several rows at a time."""
    steps = [min((t + phase % width) // width * height, high) for t in range(5 * width)]
    form = assert_exact([7] * head + list(steps))
    assert not isinstance(form, Table)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([5, 5, None, 5], Line),
        ([None, None], Line),
        ([0, 2, 3, 4, 5], Pieces),
        ([0, 0, 0, 4, 4, 4, 8, 8, 8, 12, 12], Stairs),
        ([1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4, 1, 2], Saw),
        ([0, 0, 1, 0, 0, 1, 0, 0, 1, 0], Pulse | Saw),
        ([3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9], Table),
    ],
)
def test_each_form(values: list[int | None], kind: type) -> None:
    assert isinstance(assert_exact(values), kind)
