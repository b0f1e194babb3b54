"""A window of a tensor in TIR: the part of it that an operator works on, addressed in the tensor's own coordinates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mcupatch.ir.tensor import Tensor
from mcupatch.tvm_api import T, ir, simplify, tirx

Expr = Any  # a TIR expression or a Python int


@dataclass(frozen=True)
class Stored:
    """Tensor position (row0, col0) lies at position ``start`` of a flat buffer, the next row ``width`` positions on."""

    start: int
    row0: Expr
    col0: Expr
    width: int


@dataclass(frozen=True)
class Window:
    """``rows`` rows from ``row0`` on and ``cols`` columns from ``col0`` on of ``tensor``, stored in ``buffer``.

    ``buffer`` has the tensor's shape and holds all of it; or it is flat, and ``stored`` says what lies where: in one
    place, or the rows from ``boundary`` on in a second.
    """

    tensor: Tensor
    buffer: Any
    row0: Expr
    rows: Expr
    col0: Expr
    cols: Expr
    stored: tuple[Stored, ...] = ()
    boundary: Expr = 0

    @property
    def channels(self) -> int:
        return self.tensor.hwc[2]

    def index(self, row: Expr, col: Expr, channel: Expr) -> list[Expr]:
        """Buffer indices of one element; a side of 1 is always index 0 (broadcasting)."""
        height, width, channels = self.tensor.hwc
        y = 0 if height == 1 else row
        x = 0 if width == 1 else col
        c = 0 if channels == 1 else channel
        if not self.stored:
            return _place(self.tensor.shape, y, x, c)
        return [self._position(y, x) * channels + c]

    def _position(self, row: Expr, col: Expr) -> Expr:
        """As one sum, with a select in it if there are two places: LLVM doubles loops to move a branch out of them.

        Terms that cancel are left out: TVM's analysis of regions divides by their factor, 0.
        """
        places = [simplify(_minus(row, s.row0) * s.width + (s.start - s.col0) + col) for s in self.stored]
        if len(places) == 1:
            return places[0]
        return tirx.Select(_as_expr(row) < self.boundary, *map(_as_expr, places))

    def load(self, row: Expr, col: Expr, channel: Expr) -> Expr:
        return self.buffer[tuple(self.index(row, col, channel))]

    def at(self, position: Expr) -> tuple[Expr, ...]:
        """Buffer indices of an element by its place in storage order, where the whole tensor lies in one piece."""
        if self.stored:
            return (position + self.stored[0].start * self.channels,)
        return tuple(_unravel(position, self.tensor.shape))


class FlatView:
    """A whole tensor addressed by the element's place in storage order."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self.elements = window.tensor.elements

    def __getitem__(self, position: Expr) -> Expr:
        return self._window.buffer[self._window.at(position)]

    def store(self, value: Expr, position: Expr) -> None:
        T.buffer_store(self._window.buffer, value, list(self._window.at(position)))


def whole_window(tensor: Tensor, buffer: Any) -> Window:
    height, width, _ = tensor.hwc
    return Window(tensor, buffer, 0, height, 0, width)


def whole_region(buffer: Any) -> Any:
    return tirx.BufferRegion(buffer, [ir.Range.from_min_extent(0, n) for n in buffer.shape])


def _minus(value: Expr, origin: Expr) -> Expr:
    """``value - origin``, without the noise of ``r0 - r0`` and ``r0 - 0``."""
    if value is origin:
        return 0
    return value if isinstance(origin, int) and origin == 0 else value - origin


def _as_expr(value: Expr) -> Expr:
    return tirx.const(value, "int32") if isinstance(value, int) else value


def _place(shape: tuple[int, ...], y: Expr, x: Expr, c: Expr) -> list[Expr]:
    """Indices into ``shape`` of the element (y, x, c) of its ``hwc`` view."""
    if len(shape) < 2:
        return [c] * len(shape)
    if len(shape) == 2:
        return [y, c]
    return [*_unravel(y, shape[:-2]), x, c]


def _unravel(position: Expr, sides: tuple[int, ...]) -> list[Expr]:
    """One index a side, last fastest; a side of 1 gets 0 and a single longer side the position itself."""
    indices: list[Expr] = []
    left = sum(side > 1 for side in sides)
    for side in reversed(sides):
        if side == 1:
            indices.append(0)
            continue
        left -= 1
        indices.append(position % side if left else position)
        position = position // side
    return indices[::-1]
