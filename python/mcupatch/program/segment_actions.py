"""What one step of a segment does, in order and in numbers: the moves before it, then for each tile moves and operators.

Every number is a ``Value``: a constant, or a variable of the step (rows) or of the tile (columns).
``segment_body`` writes it as TIR.
"""

from __future__ import annotations

from dataclasses import dataclass

from mcupatch.ir.ops import Operator
from mcupatch.ir.tensor import Tensor
from mcupatch.program.places import Storage
from mcupatch.program.series import AxisValues, Value


@dataclass(frozen=True)
class Spot:
    """A position of a storage: ``row`` and ``col`` count from the storage's first. ``width`` as in ``Place``."""

    storage: Storage
    tensor: Tensor
    row: Value
    col: Value
    width: int


@dataclass(frozen=True)
class Origin:
    """Tensor position (row0, col0) lies at the first position of the storage."""

    storage: Storage
    tensor: Tensor
    row0: Value
    col0: Value
    width: int


@dataclass(frozen=True)
class Area:
    """``rows`` x ``cols`` of a tensor from (row0, col0) on, in its own coordinates.

    ``origins`` says where it lies: in one storage, or in two, and then the rows from ``boundary`` on in the second.
    ``spots`` are where it begins in each of them; the first ``upper_rows`` of its rows lie in the first storage.
    """

    row0: Value
    rows: Value
    col0: Value
    cols: Value
    origins: tuple[Origin, ...]
    spots: tuple[Spot, ...]
    boundary: Value = 0
    upper_rows: Value = 0


@dataclass(frozen=True)
class Move:
    """``rows`` x ``cols`` positions, from one spot to another of the same tensor, row by row and forwards."""

    name: str
    rows: Value
    cols: Value
    source: Spot
    target: Spot


@dataclass(frozen=True)
class Run:
    """Operator ``op`` on its areas; ``inputs`` holds None for a constant of the graph. ``pads`` are [top, left].

    A reduction adds its input's area to its sums, and ``output`` is None.
    """

    op: Operator
    inputs: tuple[Area | None, ...]
    output: Area | None
    pads: tuple[Value, Value]
    may_be_empty: bool


@dataclass(frozen=True)
class Finish:
    """A reduction turns its sums into its output."""

    op: Operator
    output: Area


@dataclass(frozen=True)
class Fetch:
    """Row ``row`` of a streamed input comes to ``target``."""

    tensor: Tensor
    target: Spot


Action = Move | Run | Fetch


@dataclass(frozen=True)
class SegmentPlan:
    """``moves`` and then the ``actions`` of each tile; ``finish`` comes after the last tile of the last of the ``steps``.

    A streamed input is a plan too: a row a step, and no tiles.
    """

    steps: int
    tiles: int
    rows: AxisValues
    cols: AxisValues
    moves: tuple[Move, ...]
    actions: tuple[Action, ...]
    finish: Finish | None
