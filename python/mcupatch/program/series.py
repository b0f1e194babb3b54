"""The numbers of one axis of a segment on their way into TIR: constants, or expressions of the step or the tile.

rows = AxisValues()
top = rows.value([0, 7, 15, 23], "conv1_top")       # while the segment is planned
rows.set_index(step, tables)                        # when its loop is written
expression(top)                                     # max(step * 8 - 1, 0)

Where there are few tiles, a table of all numbers is smaller than the arithmetic and quicker: ``tabulate``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcupatch.program.tile_affine import Form, Line, Table, fit_values
from mcupatch.tvm_api import T

Expr = Any


_MOST_BYTES = 24  # of a number's column: about what the code of a form takes


@dataclass(frozen=True)
class Column:
    """Column ``at`` of a table of ``width`` numbers for each tile."""

    table: Table
    width: int
    at: int


@dataclass(eq=False)
class Varying:
    """A number that changes from step to step (or from tile to tile). ``expression`` is there once the index is."""

    name: str
    form: Form | Table | Column
    expression: Expr = None


Value = int | Varying


class AxisValues:
    """All numbers of one axis of a segment, equal ones of one name once."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, Form | Table], Varying] = {}

    def value(self, values: Iterable[int | None], name: str) -> Value:
        """``values`` by step (or tile), None where nobody looks. ``name`` is for readers of the code."""
        form = fit_values(tuple(values))
        if isinstance(form, Line) and form.slope == 0:
            return form.offset
        return self._found.setdefault((name, form), Varying(name, form))

    def tabulate(self, count: int) -> None:
        """All numbers become columns of one table for indices below ``count``, equal ones one column, if it is small.

        No more of them can be found after this.
        """
        columns = {v: tuple(map(v.form.value, range(count))) for v in self._found.values()}
        distinct = list(dict.fromkeys(columns.values()))
        table = Table(tuple(v for row in zip(*distinct) for v in row))
        if not distinct or count * narrowest(table.values).itemsize > _MOST_BYTES:
            return
        for varying, values in columns.items():
            varying.form = Column(table, len(distinct), distinct.index(values))

    @property
    def tables(self) -> list[Table]:
        """What needs a constant of the function."""
        forms = [varying.form for varying in self._found.values()]
        tables = (form.table if isinstance(form, Column) else form for form in forms)
        return list(dict.fromkeys(table for table in tables if isinstance(table, Table)))

    def set_index(self, index: Expr, tables: Mapping[Table, Any]) -> None:
        """Step (or tile) ``index`` is being written; ``tables`` holds the buffers of the tables.

        The expressions are repeated where they are used. A let for each would be shorter, but TVM's
        ``CompactBufferAllocation`` then takes time with the square of their number: twenty seconds for a network.
        """
        for varying in self._found.values():
            form = varying.form
            if isinstance(form, Column):
                entry = index * form.width + form.at
                varying.expression = T.Cast("int32", tables[form.table][entry])
            elif isinstance(form, Table):
                varying.expression = T.Cast("int32", tables[form][index])
            else:
                varying.expression = form.expression(index)


def narrowest(values: Sequence[int]) -> NDArray[np.generic]:
    """``values`` in the smallest type that holds them all: tables lie in flash."""
    array = np.array(values, np.int32)
    for dtype in (np.uint8, np.int8, np.int16):
        narrow = array.astype(dtype)
        if (narrow == array).all():
            return narrow
    return array


def identifier(name: str) -> str:
    """A readable name for TVM's printers; it need not be unique."""
    text = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_")[:40]
    return text if text and not text[0].isdigit() else "t_" + text


def expression(value: Value) -> Expr:
    """The value as TIR. The index of its axis must be set."""
    return value.expression if isinstance(value, Varying) else value


def named(value: Value) -> Expr:
    """The value for an annotation: an integer, or [name, expression]."""
    return [value.name, value.expression] if isinstance(value, Varying) else value
