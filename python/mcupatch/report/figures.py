"""The results that reports show, as plain frozen values."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from mcupatch.result import StageFacts


@dataclass(frozen=True)
class LayerMemory:
    """One operator: the bytes of all activations alive while it runs whole, and of its scratch."""

    index: int
    name: str
    kind: str
    output_shape: tuple[int, ...]
    live_bytes: int
    scratch_bytes: int


@dataclass(frozen=True)
class ScheduleFigures:
    """One schedule of a network, before anything is built.

    ``ops`` operators run in tiles (0: layer by layer), in ``stages`` stages; ``grid`` is that of the first of them
    (1x1 if there is none). MACs: ``macs`` of the model and what borders clipped (``extra_macs``) or borders at full size
    (``extra_macs_unclipped``) add to them. ``patch_pixels`` is the largest input region of a tile, rows x columns.
    """

    title: str
    ops: int
    stages: int
    grid: tuple[int, int]
    arena_bytes: int
    analytic_bytes: int
    macs: int
    extra_macs: int
    extra_macs_unclipped: int
    patch_pixels: tuple[int, int]


@dataclass(frozen=True)
class Verdict:
    """One measured run, a row of the demo's table."""

    title: str
    arena_bytes: int
    sram_bytes: int
    flash_bytes: int
    macs: int
    instructions: int
    matches_reference: bool


@dataclass(frozen=True)
class BoardFigures:
    """A board: its core, clock (0 if it has none), memories, and the arena that fits beside the stack."""

    name: str
    cpu: str
    clock_hz: int
    sram_bytes: int
    arena_budget_bytes: int
    flash_bytes: int


@dataclass(frozen=True)
class ZooFigures:
    """A network of the zoo: its input ``[H, W, C]``, MACs of one run, and weights and biases together."""

    name: str
    input_shape: tuple[int, int, int]
    macs: int
    parameters: int


@dataclass(frozen=True)
class PlannedPoint:
    """A schedule of a Pareto front. ``arena_bytes`` as planned, ``predicted_instructions`` are not measured.

    ``fits`` the budget (None: there is none); ``taken`` by a compilation for it. ``stages`` counts operators that
    run whole too; ``tiled`` leaves them out.
    """

    arena_bytes: int
    extra_macs: int
    predicted_instructions: int
    stages: int
    title: str
    fits: bool | None
    taken: bool
    tiled: tuple[StageFacts, ...]


@dataclass(frozen=True)
class Fronts:
    """Both fronts of a network, each in the order of the arenas, and how many schedules the search found for each.

    ``macs`` of the model run whole. ``layer_by_layer`` is None where a streamed input forbids it. ``miss`` says why
    nothing can be compiled for the budget, if that is so.
    """

    name: str
    macs: int
    budget_bytes: int | None
    layer_by_layer: PlannedPoint | None
    by_macs: tuple[PlannedPoint, ...]
    by_instructions: tuple[PlannedPoint, ...]
    found_by_macs: int
    found_by_instructions: int
    miss: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)
