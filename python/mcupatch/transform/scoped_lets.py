"""Lets where they belong: each behind the loop or the let that defines the last variable that it reads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mcupatch.tvm_api import free_variables, tirx


class ScopedLets:
    """Names for numbers that statements use: one let a name and value, however often it is used."""

    def __init__(self) -> None:
        self._scopes: list[tuple[Any, dict[tuple[str, str], Any]]] = []

    @contextmanager
    def scope(self, variable: Any = None) -> Iterator[list[Any]]:
        """While ``variable`` is defined; yields the lets that turn out to read it, to stand in front of the body.

        Without a variable: of one statement, for late lets.
        """
        lets: dict[tuple[str, str], Any] = {}
        found: list[Any] = []
        self._scopes.append((variable, lets))
        yield found
        self._scopes.pop()
        found += lets.values()

    def variable(self, name: str, value: Any, late: bool = False) -> Any:
        """A variable that holds ``value``, in the innermost scope whose variable it reads; ``late``: of all scopes."""
        read = free_variables(tirx.Evaluate(value))
        key = name, str(value)
        innermost = None
        for variable, lets in reversed(self._scopes):
            innermost = lets if innermost is None else innermost
            if key in lets:
                return lets[key].var
            if variable in read:
                break
        home = innermost if late else lets
        home[key] = tirx.Bind(tirx.Var(name, "int32"), value)
        return home[key].var


def sequence(statements: list[Any]) -> Any:
    """One statement for several; None for none."""
    flat = [s for statement in statements if statement is not None for s in _parts(statement)]
    if len(flat) > 1:
        return tirx.SeqStmt(flat)
    return flat[0] if flat else None


def _parts(statement: Any) -> list[Any]:
    return list(statement.seq) if isinstance(statement, tirx.SeqStmt) else [statement]
