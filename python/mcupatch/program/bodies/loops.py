"""Loop shapes that the operator bodies share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mcupatch.ir.ops import Padding
from mcupatch.program.window import Window
from mcupatch.tvm_api import T, tirx

Expr = Any


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
def each_tap(
    y: Expr,
    x: Expr,
    source: Window,
    kernel: tuple[int, int],
    stride: tuple[int, int],
    dilation: tuple[int, int],
    padding: Padding,
) -> Iterator[tuple[Expr, Expr, Expr, Expr]]:
    """Loops over the taps of output pixel (y, x) that lie inside the tensor; yields (ky, kx, row, col).

    The loops' bounds are clipped, so that their bodies have no condition: LLVM multiplies loops to move
    conditions out of them, and a stage of twenty operators then takes minutes to compile.
    """
    height, width, _ = source.tensor.hwc
    row0, col0 = y * stride[0] - padding.top, x * stride[1] - padding.left
    with _taps(row0, height, kernel[0], dilation[0], padding.top + padding.bottom) as ky:
        with _taps(col0, width, kernel[1], dilation[1], padding.left + padding.right) as kx:
            yield ky, kx, row0 + ky * dilation[0], col0 + kx * dilation[1]


@contextmanager
def _taps(start: Expr, size: int, kernel: int, dilation: int, padded: int) -> Iterator[Expr]:
    """One axis: ``k`` with ``0 <= start + k * dilation < size``."""
    first, stop = (0, kernel)
    if padded:
        first = tirx.max(_ceil_divide(0 - start, dilation), 0)
        stop = tirx.max(tirx.min(_ceil_divide(size - start, dilation), kernel), first)
    with T.serial(first, stop) as k:
        yield k


def _ceil_divide(value: Expr, divisor: int) -> Expr:
    return value if divisor == 1 else (value + (divisor - 1)) // divisor
