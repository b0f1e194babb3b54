"""Regions of a tensor, and how an operator's output region maps to the input region that it reads.

Everything is separable: rows and columns follow the same formula, so one axis is enough here.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Interval:
    """Half-open ``[start, stop)`` along one axis; empty when both are equal."""

    start: int
    stop: int

    def __post_init__(self) -> None:
        if self.stop < self.start:
            raise ValueError(f"interval [{self.start}, {self.stop}) runs backwards")

    @property
    def length(self) -> int:
        return self.stop - self.start

    def hull(self, other: Interval) -> Interval:
        """The smallest interval that holds both; an empty one adds nothing."""
        if self.length == 0:
            return other
        if other.length == 0:
            return self
        return Interval(min(self.start, other.start), max(self.stop, other.stop))


@dataclass(frozen=True)
class Region:
    """Half-open ``[row0, row1) x [col0, col1)`` of one tensor, in that tensor's own coordinates."""

    rows: Interval
    cols: Interval

    @property
    def pixels(self) -> int:
        return self.rows.length * self.cols.length

    def hull(self, other: Region) -> Region:
        return Region(self.rows.hull(other.rows), self.cols.hull(other.cols))


@dataclass(frozen=True)
class AxisAccess:
    """Output position ``o`` reads input positions ``[o*stride - pad, o*stride - pad + extent)``, clipped.

    ``extent`` is ``(kernel - 1) * dilation + 1``. Positions outside the tensor hold its zero point and are
    never read. An elementwise operator is ``AxisAccess(1, 1, 0)``, stride 0 reads the same positions always.
    """

    stride: int
    extent: int
    pad: int

    def needed(self, out: Interval, size: int) -> Interval:
        """The part of ``[0, size)`` that computing ``out`` reads; possibly empty, never outside."""
        if out.length == 0:
            return Interval(0, 0)
        if self.stride == 0:
            return Interval(0, min(self.extent, size))
        # windows that lie outside altogether read nothing, so they do not widen the part
        first = max(out.start, -((self.extent - 1 - self.pad) // self.stride))
        last = min(out.stop - 1, (size - 1 + self.pad) // self.stride)
        start = min(max(first * self.stride - self.pad, 0), size)
        stop = min(max(last * self.stride - self.pad + self.extent, 0), size)
        return Interval(start, max(start, stop))


@dataclass(frozen=True)
class Access:
    """How one operator input is read: rows and columns."""

    rows: AxisAccess
    cols: AxisAccess

    def needed(self, out: Region, height: int, width: int) -> Region:
        return Region(self.rows.needed(out.rows, height), self.cols.needed(out.cols, width))


ELEMENTWISE = Access(AxisAccess(1, 1, 0), AxisAccess(1, 1, 0))
BROADCAST = Access(AxisAccess(0, 1, 0), AxisAccess(0, 1, 0))
