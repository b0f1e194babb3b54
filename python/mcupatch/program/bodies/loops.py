"""Loop shapes that the operator bodies share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from mcupatch.ir.ops import Padding
from mcupatch.program.window import Window
from mcupatch.tvm_api import T, tirx

Expr = Any


@contextmanager
def each_pixel(window: Window) -> Iterator[tuple[Expr, Expr]]:
    """Loops over the window's rows and columns; yields tensor coordinates."""
    with T.grid(window.rows, window.cols) as (i, j):
        yield window.row0 + i, window.col0 + j


@contextmanager
def each_element(window: Window) -> Iterator[tuple[Expr, Expr, Expr]]:
    """Loops over the window's rows, columns and channels; yields tensor coordinates."""
    with T.grid(window.rows, window.cols, window.channels) as (i, j, c):
        yield window.row0 + i, window.col0 + j, c


@contextmanager
def accumulate(start: Expr, dtype: str = "int32") -> Iterator[Any]:
    """A one-element accumulator that begins at ``start``."""
    acc = T.alloc_buffer((1,), dtype)
    T.buffer_store(acc, start, [0])
    yield acc


@contextmanager
def inside(row: Expr, col: Expr, height: int, width: int, padding: Padding) -> Iterator[None]:
    """Runs its body only where (row, col) lies in the tensor; without padding nothing can lie outside."""
    conditions = []
    if padding.top or padding.bottom:
        conditions += [row >= 0, row < height]
    if padding.left or padding.right:
        conditions += [col >= 0, col < width]
    if not conditions:
        with nullcontext():
            yield
        return
    with T.If(tirx.all(*conditions)), T.Then():
        yield
