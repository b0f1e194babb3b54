"""A window of a tensor in TIR: where one tile's part of it lies, addressed in the tensor's own coordinates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mcupatch.ir.tensor import Tensor
from mcupatch.tvm_api import T, ir, tirx

Expr = Any  # a TIR expression or a Python int


@dataclass(frozen=True)
class Window:
    """``rows`` rows from ``row0`` on and ``cols`` columns from ``col0`` on of ``tensor``, stored in ``buffer``.

    ``origin`` is the tensor position that ``buffer`` holds at row 0, column 0: (0, 0) when the buffer is the whole
    tensor, (row0, col0) when it holds one tile.
    """

    tensor: Tensor
    buffer: Any
    row0: Expr
    rows: Expr
    col0: Expr
    cols: Expr
    origin: tuple[Expr, Expr]

    @property
    def channels(self) -> int:
        return self.tensor.hwc[2]

    def index(self, row: Expr, col: Expr, channel: Expr) -> list[Expr]:
        """Buffer indices of one element; a side of 1 is always index 0 (broadcasting)."""
        height, width, channels = self.tensor.hwc
        y = 0 if height == 1 else _minus(row, self.origin[0])
        x = 0 if width == 1 else _minus(col, self.origin[1])
        c = 0 if channels == 1 else channel
        return _place(self.tensor.shape, y, x, c)

    def load(self, row: Expr, col: Expr, channel: Expr) -> Expr:
        return self.buffer[tuple(self.index(row, col, channel))]

    def region(self) -> Any:
        """The window as a TIR buffer region, for the block's reads and writes."""
        if len(self.tensor.shape) != 4:
            return whole_region(self.buffer)
        ranges = [
            ir.Range.from_min_extent(0, 1),
            ir.Range.from_min_extent(_as_expr(_minus(self.row0, self.origin[0])), _as_expr(self.rows)),
            ir.Range.from_min_extent(_as_expr(_minus(self.col0, self.origin[1])), _as_expr(self.cols)),
            ir.Range.from_min_extent(0, self.channels),
        ]
        return tirx.BufferRegion(self.buffer, ranges)


class FlatView:
    """A whole tensor addressed by the element's place in storage order."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self.elements = window.tensor.elements

    def _at(self, position: Expr) -> tuple[Expr, ...]:
        return tuple(_unravel(position, self._window.tensor.shape))

    def __getitem__(self, position: Expr) -> Expr:
        return self._window.buffer[self._at(position)]

    def store(self, value: Expr, position: Expr) -> None:
        T.buffer_store(self._window.buffer, value, list(self._at(position)))


def whole_window(tensor: Tensor, buffer: Any) -> Window:
    height, width, _ = tensor.hwc
    return Window(tensor, buffer, 0, height, 0, width, (0, 0))


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
