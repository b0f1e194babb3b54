"""The file of measured schedules: a line that says what it is, then a record a line. Small, and written whole.

{"mcupatch_tuning": 1, "cost": "instructions"}
{"task": {...}, "stages": [...], ..., "digest": "..."}
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path

from mcupatch.errors import BadInput
from mcupatch.files import read_user_file
from mcupatch.outputs import write_file
from mcupatch.tuning.record import COSTS, Record, Task, format_record, parse_record

VERSION = 1
_SAME_NETWORK = ("model", "io", "stream_input", "scaling")


@dataclass(frozen=True)
class Database:
    """``cost`` is what all records count: "instructions" or "cycles"."""

    cost: str
    records: tuple[Record, ...] = ()

    def of(self, task: Task) -> tuple[Record, ...]:
        """What was measured for ``task``."""
        return tuple(record for record in self.records if record.task == task)

    def add(self, records: Iterable[Record]) -> Database:
        """With ``records``, each in the place of an earlier one of the same schedule and kernels."""
        merged = {record.identity: record for record in (*self.records, *records)}
        return Database(self.cost, tuple(merged.values()))

    def explain_miss(self, task: Task) -> str:
        """Why there is nothing for ``task``: what differs in the records that are nearest."""
        same = [r.task for r in self.records if all(_same(r.task, task, name) for name in _SAME_NETWORK)]
        if not same:
            return "it holds nothing of this model with these inputs"
        differ = [[f.name for f in fields(Task) if not _same(t, task, f.name)] for t in same]
        nearest = min(differ, key=lambda names: len(names))
        return f"what it holds of this model was measured with another {' and '.join(nearest)}"


def _same(first: Task, second: Task, name: str) -> bool:
    return bool(getattr(first, name) == getattr(second, name))


def load_database(path: Path) -> Database:
    """Raises BadInput if it cannot be read, is something else, or is damaged."""
    lines = read_user_file(path, "the tuning database").decode(errors="replace").splitlines()
    try:
        header = json.loads(lines[0])
        version, cost = header["mcupatch_tuning"], header["cost"]
    except (IndexError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise BadInput(f"{str(path)!r} is no tuning database of mcupatch") from error
    if version != VERSION or cost not in COSTS:
        raise BadInput(
            f"{str(path)!r} is a tuning database of another version of mcupatch; tune into a new file"
        )
    records = []
    for number, line in enumerate(lines[1:], 2):
        try:
            records.append(parse_record(line))
        except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
            raise BadInput(
                f"line {number} of the tuning database {str(path)!r} is damaged; delete the line, or the file"
            ) from error
    return Database(cost, tuple(records))


def open_database(path: Path, cost: str) -> Database:
    """The database at ``path``, an empty one where there is none. Raises BadInput if its costs are others than ``cost``."""
    if not path.exists():
        return Database(cost)
    database = load_database(path)
    if database.cost != cost:
        raise BadInput(
            f"the tuning database {str(path)!r} counts {database.cost}; name another file for {cost} (--database)"
        )
    return database


def save_database(path: Path, database: Database) -> None:
    """Write it whole, or leave what was there. Raises BadInput if it cannot be written."""
    header = json.dumps({"mcupatch_tuning": VERSION, "cost": database.cost})
    write_file(path, "\n".join([header, *map(format_record, database.records)]) + "\n")
