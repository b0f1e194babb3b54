"""The numbers of an axis: one of each value, and a table where there are few tiles."""

from __future__ import annotations

import pytest

from mcupatch.program.series import AxisValues, Column, Varying, narrowest
from mcupatch.program.tile_affine import Table


def varying(axis: AxisValues, values: list[int | None], name: str) -> Varying:
    value = axis.value(values, name)
    assert isinstance(value, Varying)
    return value


def test_equal_numbers_of_one_name_are_one() -> None:
    axis = AxisValues()
    assert axis.value([3, 3, 3], "a") == 3
    assert axis.value([0, 2, 4], "a") is axis.value([0, None, 4], "a")
    assert axis.value([0, 2, 4], "a") is not axis.value([0, 2, 4], "b")


def test_a_few_tiles_are_tabulated() -> None:
    axis = AxisValues()
    first = varying(axis, [0, 2, 4], "a")
    again = varying(axis, [0, 2, 4], "b")
    other = varying(axis, [7, -1, 5], "c")
    axis.tabulate(3)
    table = Table((0, 7, 2, -1, 4, 5))
    assert axis.tables == [table]
    assert first.form == again.form == Column(table, 2, 0)
    assert other.form == Column(table, 2, 1)


def test_many_tiles_keep_their_forms() -> None:
    axis = AxisValues()
    line = varying(axis, list(range(0, 80, 2)), "a")
    form = line.form
    axis.tabulate(40)
    assert line.form is form and axis.tables == []


def test_nothing_varies() -> None:
    axis = AxisValues()
    axis.value([1, 1], "a")
    axis.tabulate(2)
    assert axis.tables == []


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([0, 255], "uint8"),
        ([-128, 127], "int8"),
        ([-1, 128], "int16"),
        ([0, 256], "int16"),
        ([0, 32768], "int32"),
    ],
)
def test_tables_take_the_smallest_type(values: list[int], dtype: str) -> None:
    assert narrowest(values).dtype == dtype
