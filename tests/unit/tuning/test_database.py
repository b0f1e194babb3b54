"""The file of measured schedules: what is written is read back, and what is damaged or stale is never used."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mcupatch.errors import BadInput
from mcupatch.schedule.stage import Schedule, Segment, Stage
from mcupatch.tuning.database import Database, load_database, open_database, save_database
from mcupatch.tuning.record import Record, Task

TASK = Task("sha256:ab", "int8", True, (0.5, -1.0), "cortex-m7", "zig 1", "0.1.0", "cd", None)
SCHEDULE = Schedule(
    (
        Stage((Segment(0, 2, (1, 4), (0,), (0, 1), (1,)), Segment(3, 3, (2, 16)))),
        Stage((Segment(4, 4, (8, 8)),)),
    ),
    ("image",),
)
RECORD = Record(TASK, SCHEDULE, ("conv \N{GREEK SMALL LETTER ALPHA}",), 1024, 9000, (10, 20, 30, 40, 50), 7)


def test_round_trip(tmp_path: Path) -> None:
    plain = replace(RECORD, task=replace(TASK, scaling=None, flash_bytes=4096), wide=())
    written = Database("cycles", (RECORD, plain))
    save_database(tmp_path / "x", written)
    assert load_database(tmp_path / "x") == written
    assert RECORD.cost == 157


def test_what_is_measured_again_replaces_what_was() -> None:
    again = replace(RECORD, glue=8)
    other = replace(RECORD, wide=())
    database = Database("instructions", (RECORD,)).add([again, other])
    assert database.records == (again, other)


def test_only_the_same_task_counts() -> None:
    stale = replace(RECORD, task=replace(TASK, kernels="ef"))
    database = Database("instructions", (stale,))
    assert database.of(TASK) == () and database.of(stale.task) == (stale,)
    assert "another kernels" in database.explain_miss(TASK)
    assert "nothing of this model" in database.explain_miss(replace(TASK, model="sha256:00"))
    assert "nothing of this model" in Database("instructions").explain_miss(TASK)


@pytest.mark.parametrize("text", ["", "{}", "[1]", "\x00\xff", '{"cost": "instructions"}', "[" * 100_000])
def test_other_files_are_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "x").write_text(text)
    with pytest.raises(BadInput, match="no tuning database"):
        load_database(tmp_path / "x")


@pytest.mark.parametrize(
    "head", ['{"mcupatch_tuning":9,"cost":"cycles"}', '{"mcupatch_tuning":1,"cost":"tea"}']
)
def test_other_versions_are_refused(head: str, tmp_path: Path) -> None:
    (tmp_path / "x").write_text(head + "\n")
    with pytest.raises(BadInput, match="another version"):
        load_database(tmp_path / "x")


def test_every_changed_line_is_refused(tmp_path: Path) -> None:
    save_database(tmp_path / "x", Database("instructions", (RECORD,)))
    head, line = (tmp_path / "x").read_text().splitlines()
    cut = [line[:at] for at in range(1, len(line), 29)]
    edited = [line.replace("9000", "9001"), line.replace('"glue":7', '"glue":6'), "null", "[]", "{}"]
    for damaged in [*cut, *edited]:
        (tmp_path / "x").write_text(f"{head}\n{damaged}\n")
        with pytest.raises(BadInput, match="line 2 .* damaged"):
            load_database(tmp_path / "x")


def test_a_database_counts_one_thing(tmp_path: Path) -> None:
    assert open_database(tmp_path / "x", "cycles") == Database("cycles")
    save_database(tmp_path / "x", Database("cycles", (RECORD,)))
    assert open_database(tmp_path / "x", "cycles").records == (RECORD,)
    with pytest.raises(BadInput, match="counts cycles"):
        open_database(tmp_path / "x", "instructions")
