"""One measured schedule, and what the measurement belongs to; as a line of JSON and back.

A line carries a digest of itself, so that one that was edited or cut off is told from one that was measured.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

from mcupatch.schedule.stage import Schedule, Segment, Stage

COSTS = ("instructions", "cycles")


@dataclass(frozen=True)
class Task:
    """What has to be the same for a measurement to hold.

    ``model`` and ``kernels`` are digests, ``core`` is that of a board. ``scaling`` is that of a streamed float input,
    ``flash_bytes`` the budget that int16 weights may fill (None: there are none). The last two say what makes the rows
    of a streamed image.
    """

    model: str
    io: str
    stream_input: bool
    scaling: tuple[float, float] | None
    core: str
    toolchain: str
    version: str
    kernels: str
    flash_bytes: int | None
    input_format: str = "raw"
    jpeg_bytes: int | None = None


@dataclass(frozen=True)
class Record:
    """A firmware that ran, its output equal to the reference.

    ``wide``: the operators with int16 weights. ``operators``: the cost of each, ``glue`` that of everything else.
    """

    task: Task
    schedule: Schedule
    wide: tuple[str, ...]
    arena_bytes: int
    flash_bytes: int
    operators: tuple[int, ...]
    glue: int

    @property
    def cost(self) -> int:
        return sum(self.operators) + self.glue

    @property
    def identity(self) -> tuple[Task, Schedule, tuple[str, ...]]:
        """What is measured once."""
        return self.task, self.schedule, self.wide


def format_record(record: Record) -> str:
    """One line, without its end."""
    values = {
        "task": asdict(record.task),
        "stages": [[_write_segment(s) for s in stage.segments] for stage in record.schedule.stages],
        "streamed": record.schedule.streamed,
        "wide": record.wide,
        "arena_bytes": record.arena_bytes,
        "flash_bytes": record.flash_bytes,
        "operators": record.operators,
        "glue": record.glue,
    }
    return json.dumps({**values, "digest": _digest(values)}, separators=(",", ":"))


def parse_record(line: str) -> Record:
    """Raises ValueError, KeyError or TypeError where ``format_record`` did not write it."""
    values = json.loads(line)
    if values.pop("digest") != _digest(values):
        raise ValueError("it was changed")
    task = values["task"]
    scaling = None if task["scaling"] is None else (float(task["scaling"][0]), float(task["scaling"][1]))
    stages = tuple(Stage(tuple(_read_segment(s) for s in stage)) for stage in values["stages"])
    return Record(
        Task(**{**task, "scaling": scaling}),
        Schedule(stages, tuple(map(str, values["streamed"]))),
        tuple(map(str, values["wide"])),
        int(values["arena_bytes"]),
        int(values["flash_bytes"]),
        tuple(map(int, values["operators"])),
        int(values["glue"]),
    )


def _write_segment(s: Segment) -> list[Any]:
    return [s.first, s.last, s.tile, s.recomputed_rows, s.recomputed_cols, s.early]


def _read_segment(values: list[Any]) -> Segment:
    first, last, tile, rows, cols, early = values
    return Segment(first, last, (tile[0], tile[1]), tuple(rows), tuple(cols), tuple(early))


def _digest(values: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]
