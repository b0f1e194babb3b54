"""The numbers of one axis of a segment on their way into TIR: a constant, or a variable that each step or tile sets.

rows = AxisValues()
top = rows.value([0, 7, 15, 23], "conv1_top")       # while the segment is planned
rows.bind(step, tables)                             # when its loop is written: conv1_top = max(step * 8 - 1, 0)
expression(top)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mcupatch.program.tile_affine import Form, Line, Table, fit_values
from mcupatch.tvm_api import IRBuilder, T

Expr = Any


@dataclass(eq=False)
class Varying:
    """A number that changes from step to step (or from tile to tile). ``bound`` is its variable."""

    name: str
    form: Form | Table
    bound: Expr = None


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

    def bind(self, index: Expr, tables: Mapping[Table, Any]) -> None:
        """Write the variables for step (or tile) ``index``; ``tables`` holds the buffers of the tables."""
        for (_, form), varying in self._found.items():
            if isinstance(form, Table):
                value = T.Cast("int32", tables[form][index])
            else:
                value = form.expression(index)
            varying.bound = T.bind(value)
            IRBuilder.name(varying.name, varying.bound)


def identifier(name: str) -> str:
    """A readable name for TVM's printers; it need not be unique."""
    text = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_")[:40]
    return text if text and not text[0].isdigit() else "t_" + text


def expression(value: Value) -> Expr:
    """The value as TIR. Its axis must have been bound."""
    return value.bound if isinstance(value, Varying) else value
