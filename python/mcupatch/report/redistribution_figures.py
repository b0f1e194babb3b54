"""The figures of a redistributed network, as plain frozen values."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class ScheduleCost:
    """One kind of schedule: the planned arena, what it computes twice, and predicted instructions."""

    title: str
    arena_bytes: int
    macs: int
    extra_macs: int
    predicted_instructions: int


@dataclass(frozen=True)
class NetworkFigures:
    """A network whose first ``blocks`` blocks run in ``grid`` patches, each of ``patch_pixels`` of the picture.

    Overlap as a share: ``stage_overhead`` of patches of equal size in the stage, ``overhead`` of clipped ones in
    all. ``receptive_field`` in pixels; ``analytic_bytes``: the MCUNetV2 paper's peak.
    """

    name: str
    blocks: int
    grid: tuple[int, int]
    macs: int
    receptive_field: float
    parameters: int
    patch_pixels: int
    stage_overhead: float
    overhead: float
    analytic_bytes: int
    schedules: tuple[ScheduleCost, ...]


@dataclass(frozen=True)
class FittingEdit:
    """A change after which a network fits: its least arena then, and the share of its MACs that it takes away."""

    title: str
    arena_bytes: int
    fewer_macs: float


@dataclass(frozen=True)
class RedistributionFigures:
    """``before`` and ``after``, and the edits between them as sentences."""

    before: NetworkFigures
    after: NetworkFigures
    early: tuple[str, ...]
    late: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)
