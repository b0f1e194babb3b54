"""What the page of one compiled model shows, as plain frozen values."""

from __future__ import annotations

from dataclasses import dataclass

from mcupatch.report.figures import Fronts
from mcupatch.report.operator_costs import OperatorCosts
from mcupatch.result import Result

Span = tuple[int, int]  # half-open


@dataclass(frozen=True)
class StepMemory:
    """One operator: bytes that must be there while it runs, layer by layer and in the schedule.

    ``stage`` is the number of the stage in tiles that it belongs to, None for an operator that runs whole.
    """

    index: int
    name: str
    kind: str
    output_shape: tuple[int, ...]
    per_layer_bytes: int
    schedule_bytes: int
    stage: int | None
    inputs: tuple[int, ...]  # operators whose results it reads; -1 for a model input


@dataclass(frozen=True)
class ArenaBlock:
    """A buffer: bytes ``[offset, offset + nbytes)`` of memory ``memory``, in use in steps ``first`` to ``last``."""

    name: str
    kind: str
    memory: int
    offset: int
    nbytes: int
    first: int
    last: int


@dataclass(frozen=True)
class TilePicture:
    """How tiles lie on the first stage's input of ``height`` x ``width``: what each step (rows) and tile (columns) reads.

    Spans are of the input; where halos are kept only what is new is read. ``picture`` is a PNG as a data URI, or empty.
    """

    title: str
    height: int
    width: int
    rows: tuple[Span, ...]
    cols: tuple[Span, ...]
    picture: str = ""


@dataclass(frozen=True)
class Advice:
    """Something to try, and what it would give."""

    title: str
    text: str
    command: str = ""


@dataclass(frozen=True)
class PageFigures:
    """Everything on the page. ``budget_bytes`` is what the board has for the arena; ``tiles``: None if nothing is cut."""

    result: Result
    board: str
    board_cpu: str
    sram_bytes: int
    flash_bytes: int
    budget_bytes: int
    steps: tuple[StepMemory, ...]
    blocks: tuple[ArenaBlock, ...]
    memories: tuple[tuple[str, int], ...]  # name and bytes used of each memory of the arena
    tiles: TilePicture | None
    costs: OperatorCosts
    fronts: Fronts
    advice: tuple[Advice, ...]
    version: str
