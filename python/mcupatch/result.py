"""All figures of one compiled (and perhaps measured) model: what ``mcupatch.json`` and ``--json`` hold."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from mcupatch.errors import BadInput


@dataclass(frozen=True)
class PortFacts:
    """An input or output. ``scale`` and ``zero_point`` are None for a float.

    A ``streamed`` input comes row by row and has no buffer.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    scale: float | None
    zero_point: int | None
    streamed: bool = False


@dataclass(frozen=True)
class ModelFacts:
    name: str
    digest: str
    input: tuple[PortFacts, ...]
    output: tuple[PortFacts, ...]


@dataclass(frozen=True)
class SegmentFacts:
    """``ops`` is [first, last], both included; the others list operators (``schedule/stage.py``)."""

    ops: tuple[int, int]
    grid: tuple[int, int]
    tile: tuple[int, int]
    recomputed_rows: tuple[int, ...]
    recomputed_cols: tuple[int, ...]
    early: tuple[int, ...]


@dataclass(frozen=True)
class StageFacts:
    """``ops`` is [first, last], both included; ``grid`` and ``tile`` are those of the last segment.

    ``halo``: what becomes of what tiles share inside the stage: "none" (they share nothing), "keep", "recompute",
    or "mixed".
    """

    ops: tuple[int, int]
    grid: tuple[int, int]
    tile: tuple[int, int]
    halo: str
    segments: tuple[SegmentFacts, ...]

    @property
    def is_tiled(self) -> bool:
        return self.ops[0] != self.ops[1] or self.grid != (1, 1)


@dataclass(frozen=True)
class PoolFacts:
    """``bytes`` of the arena lie in ``memory``, which is one RAM of the board or several that follow each other."""

    memory: str
    bytes: int


@dataclass(frozen=True)
class MemoryFacts:
    """``input_bytes`` are those of the inputs in the arena, ``streamed_input_bytes`` those that come row by row.

    ``statics_bytes`` are the .data and .bss of the firmware beside the arena: what a JPEG decoder takes.
    """

    arena_bytes: int
    input_bytes: int
    streamed_input_bytes: int
    output_bytes: int
    lower_bound_bytes: int
    optimal: bool
    analytic_per_layer_bytes: int
    analytic_schedule_bytes: int
    pools: tuple[PoolFacts, ...]
    statics_bytes: int = 0


@dataclass(frozen=True)
class ComputeFacts:
    """``macs`` of the model run whole, and how many more this schedule computes."""

    macs: int
    extra_macs: int


@dataclass(frozen=True)
class FlashFacts:
    weights_bytes: int
    code_bytes: int


@dataclass(frozen=True)
class MeasuredFacts:
    """One run. A figure is None where the backend cannot measure it. ``cycles_model`` is a model's, not measured;
    ``timer_cycles`` are of the system's clock, which in an emulator is none; ``cycles`` and ``milliseconds`` were measured
    on a board.

    ``as_compiled``: the output equals that of whole tensors with the rounding of the compilation (``--fast-rounding``).
    """

    backend: str
    cpu: str | None
    instructions: int | None
    arena_touched_bytes: int | None
    pools_touched_bytes: tuple[int, ...] | None
    stack_bytes: int | None
    sram_bytes: int | None
    flash_bytes: int | None
    matches_reference: bool
    max_abs_diff: float
    cycles_model: int | None = None
    timer_cycles: int | None = None
    as_compiled: bool = True
    cycles: int | None = None
    milliseconds: float | None = None


@dataclass(frozen=True)
class Result:
    """``measured`` is None before a run."""

    model: ModelFacts
    schedule: tuple[StageFacts, ...]
    memory: MemoryFacts
    compute: ComputeFacts
    flash: FlashFacts
    measured: MeasuredFacts | None = None

    def as_json(self) -> dict[str, Any]:
        """The JSON object; the key ``measured`` is there after a run only."""
        values = asdict(self)
        if self.measured is None:
            del values["measured"]
        return values

    @property
    def tiled(self) -> tuple[StageFacts, ...]:
        """The stages that run in tiles, in order."""
        return tuple(stage for stage in self.schedule if stage.is_tiled)


def parse_result(values: Any) -> Result:
    """The ``Result`` of an object that ``as_json`` made. Raises BadInput if it is something else."""
    try:
        return Result(
            ModelFacts(
                values["model"]["name"],
                values["model"]["digest"],
                _ports(values["model"]["input"]),
                _ports(values["model"]["output"]),
            ),
            tuple(_stage(s) for s in values["schedule"]),
            _memory(values["memory"]),
            ComputeFacts(**values["compute"]),
            FlashFacts(**values["flash"]),
            _measured(values["measured"]) if "measured" in values else None,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(
            f"the figures are not those of mcupatch ({error!r}); compile the model again"
        ) from error


def _stage(values: Any) -> StageFacts:
    segments = tuple(
        SegmentFacts(
            *(_pair(s[key]) for key in ("ops", "grid", "tile")),
            *(tuple(map(int, s[key])) for key in ("recomputed_rows", "recomputed_cols", "early")),
        )
        for s in values["segments"]
    )
    ops, grid, tile = (_pair(values[key]) for key in ("ops", "grid", "tile"))
    return StageFacts(ops, grid, tile, str(values["halo"]), segments)


def _memory(values: Any) -> MemoryFacts:
    return MemoryFacts(**{**values, "pools": tuple(PoolFacts(**pool) for pool in values["pools"])})


def _measured(values: Any) -> MeasuredFacts:
    touched = values["pools_touched_bytes"]
    return MeasuredFacts(**{**values, "pools_touched_bytes": None if touched is None else tuple(touched)})


def _ports(values: Any) -> tuple[PortFacts, ...]:
    return tuple(PortFacts(**{**v, "shape": tuple(v["shape"])}) for v in values)


def _pair(values: Any) -> tuple[int, int]:
    first, second = values
    return int(first), int(second)
