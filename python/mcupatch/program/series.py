"""The numbers of one axis of a segment on their way into TIR: constants, or expressions of the step or the tile.

rows = AxisValues()
top = rows.value([0, 7, 15, 23], "conv1_top")       # while the segment is planned
rows.set_index(step, tables)                        # when its loop is written
expression(top)                                     # max(step * 8 - 1, 0)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mcupatch.program.tile_affine import Form, Line, Table, fit_values
from mcupatch.tvm_api import T

Expr = Any


@dataclass(eq=False)
class Varying:
    """A number that changes from step to step (or from tile to tile). ``expression`` is there once the index is."""

    name: str
    form: Form | Table
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

    @property
    def tables(self) -> list[Table]:
        """The forms that need a constant of the function."""
        return [form for _, form in self._found if isinstance(form, Table)]

    def set_index(self, index: Expr, tables: Mapping[Table, Any]) -> None:
        """Step (or tile) ``index`` is being written; ``tables`` holds the buffers of the tables.

        The expressions are repeated where they are used. A let for each would be shorter, but TVM's
        ``CompactBufferAllocation`` then takes time with the square of their number: twenty seconds for a network.
        """
        for (_, form), varying in self._found.items():
            if isinstance(form, Table):
                varying.expression = T.Cast("int32", tables[form][index])
            else:
                varying.expression = form.expression(index)


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
