"""``mcupatch tune`` and ``compile --tuned`` on a small network: what is kept, what is used, what is refused."""

from __future__ import annotations

import importlib.util
import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from mcupatch.schedule.stage import Schedule
from mcupatch.trials import TrialRunner
from mcupatch.tuning.database import load_database, save_database
from mcupatch.tuning.record import Record
from tests.support.command_line import run_cli
from tests.support.odd_models import small_model

TIGHT = ("--stream-input", "--sram", "6900B")
needs_xgboost = pytest.mark.skipif(
    importlib.util.find_spec("xgboost") is None, reason="xgboost is not installed (the extra 'tune')"
)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.tflite").write_bytes(small_model())
    return tmp_path


@needs_xgboost
def test_a_compilation_takes_what_was_tuned(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    figures = json.loads(run_cli(capsys, "tune", "net.tflite", *TIGHT, "--trials", "3", "--json", "-"))
    untuned, best, trials = figures["untuned"], figures["best"], figures["trials"]
    assert 1 < len(trials) <= 3 and trials[0]["cost"] == untuned["cost"]
    assert best["cost"] == min(trial["cost"] for trial in trials) <= untuned["cost"]
    assert trials[0]["expected"] is None and all(trial["expected"] for trial in trials[1:])
    again = json.loads(run_cli(capsys, "tune", "net.tflite", *TIGHT, "--trials", "1", "--json", "-"))
    assert again["trials"] == [] and again["known"] == len(trials) and again["best"] == best

    # as if the untuned schedule were a bad one: kernels change, and with them what a network this small can gain
    database = load_database(here / "net.tuned.jsonl")
    plain, *others = database.records
    save_database(here / "db", database.add([replace(plain, glue=plain.glue + 10**7)]))
    cost = min(record.cost for record in others)
    run_cli(capsys, "compile", "net.tflite", *TIGHT, "-o", "plain")
    text = run_cli(capsys, "compile", "net.tflite", *TIGHT, "--tuned", "db", "-o", "tuned")
    assert f"Tuned: {cost:,} instructions" in " ".join(text.split())
    for folder, instructions in (("plain", plain.cost), ("tuned", cost)):
        measured = json.loads(run_cli(capsys, "run", folder, "--json", "-"))["measured"]
        assert measured["instructions"] == instructions and measured["matches_reference"]
    # with more room another one is taken untuned, and it was not measured
    text = run_cli(capsys, "compile", "net.tflite", "--stream-input", "--tuned", "db", "-o", "x")
    assert "was not measured" in " ".join(text.split())


@needs_xgboost
def test_rows_of_another_format_are_tuned_for_themselves(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The decoder takes its part of the budget, and its instructions and its flash are those of every trial."""
    words = ("--stream-input", "--input-format", "jpeg", "--sram", "7800B", "--toolchain", "zig")
    run_cli(capsys, "tune", "net.tflite", *words, "--trials", "1", "--database", "db")
    (record,) = load_database(here / "db").records
    text = run_cli(capsys, "compile", "net.tflite", *words, "--tuned", "db", "-o", "jpeg")
    assert "holds nothing better" in " ".join(text.split())
    measured = json.loads(run_cli(capsys, "run", "jpeg", "--json", "-"))["measured"]
    assert measured["instructions"] == record.cost
    text = run_cli(capsys, "compile", "net.tflite", "--stream-input", "--tuned", "db", "-o", "raw")
    assert "measured with another input_format" in " ".join(text.split())


@needs_xgboost
def test_the_same_seed_measures_the_same(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a", "b"):
        options = (
            "--trials",
            "3",
            "--seed",
            "5",
            "--cost",
            "cycles",
            "--board",
            "stm32f412",
            "--database",
            name,
        )
        text = run_cli(capsys, "tune", "net.tflite", *TIGHT, *options)
    assert (here / "a").read_bytes() == (here / "b").read_bytes()
    assert "cycles" in text and "(model)" in text
    assert load_database(here / "a").cost == "cycles"
    assert "counts cycles" in run_cli(capsys, "tune", "net.tflite", *TIGHT, "--database", "a", status=2)


@needs_xgboost
def test_flash_holds_what_gains_most(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = (*TIGHT, "--flash", "15000B")
    figures = json.loads(run_cli(capsys, "tune", "net.tflite", *options, "--trials", "1", "--json", "-"))
    assert figures["best"]["cost"] <= figures["untuned"]["cost"]
    assert figures["best"]["flash_bytes"] <= 15000
    run_cli(capsys, "compile", "net.tflite", *options, "--tuned", "net.tuned.jsonl", "-o", "out")
    measured = json.loads(run_cli(capsys, "run", "out", "--json", "-"))["measured"]
    assert measured["instructions"] == figures["best"]["cost"] and measured["matches_reference"]
    # int16 weights are for this budget of flash
    text = run_cli(capsys, "compile", "net.tflite", *TIGHT, "--tuned", "net.tuned.jsonl", "-o", "out")
    assert "another flash_bytes" in " ".join(text.split())


@needs_xgboost
def test_an_interruption_keeps_what_was_measured(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    measure = TrialRunner.measure
    done: list[Schedule] = []

    def measure_twice(self: TrialRunner, schedule: Schedule, wide: tuple[str, ...] = ()) -> Record | None:
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(schedule)
        return measure(self, schedule, wide)

    monkeypatch.setattr(TrialRunner, "measure", measure_twice)
    text = run_cli(capsys, "tune", "net.tflite", *TIGHT, status=130)
    assert "what was measured is in 'net.tuned.jsonl'" in text
    assert [record.schedule for record in load_database(here / "net.tuned.jsonl").records] == done


@needs_xgboost
def test_a_stale_database_is_not_used_and_a_damaged_one_refused(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run_cli(capsys, "tune", "net.tflite", *TIGHT, "--trials", "1", "--database", "db")
    (here / "other.tflite").write_bytes(small_model(8))
    text = run_cli(capsys, "compile", "other.tflite", *TIGHT, "--tuned", "db", "-o", "o", "--json", "x.json")
    assert "nothing of this model" in " ".join(text.split())
    monkeypatch.setattr("mcupatch.tuned.digest_sources", lambda folder: "other kernels")
    text = run_cli(capsys, "compile", "net.tflite", *TIGHT, "--tuned", "db", "-o", "p")
    assert "another kernels" in " ".join(text.split())
    monkeypatch.undo()
    monkeypatch.chdir(here)
    (here / "db").write_text((here / "db").read_text()[:-20])
    assert "damaged" in run_cli(capsys, "compile", "net.tflite", *TIGHT, "--tuned", "db", "-o", "q", status=2)
    assert "damaged" in run_cli(capsys, "tune", "net.tflite", *TIGHT, "--database", "db", status=2)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("tune", "absent.tflite"), "absent.tflite"),
        (("tune", "net.tflite", "--trials", "0"), "trials"),
        (("tune", "net.tflite", "--cost", "time"), "cost"),
        (("tune", "net.tflite", "--database", "net.tflite"), "same file"),
        (("tune", "net.tflite", "--database", "nowhere/x"), "does not exist"),
        (("tune", "net.tflite", "--json", "x", "--database", "x"), "same file"),
        (("compile", "net.tflite", "--tuned", "absent"), "absent"),
        (("compile", "net.tflite", "--tuned", "net.tflite"), "no tuning database"),
        (("compile", "net.tflite", "--per-layer", "--tuned", "x"), "budget of SRAM"),
        (("compile", "net.tflite", "--memories", "dtcm", "--tuned", "x"), "budget of SRAM"),
        (("compile", "net.tflite", "--fast-rounding", "--tuned", "x"), "exact rounding"),
        (("compile", "net.tflite", "--target", "llvm", "--tuned", "x"), "stages in C"),
    ],
)
def test_refusals(
    here: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], says: str
) -> None:
    assert says in run_cli(capsys, *arguments, status=2)
    assert {p.name for p in here.iterdir()} == {"net.tflite"}


def test_without_xgboost_it_is_said_what_to_install(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "xgboost", None)
    text = run_cli(capsys, "tune", "net.tflite", *TIGHT, status=2)
    assert "pip install 'mcupatch[tune]'" in text
    assert {p.name for p in here.iterdir()} == {"net.tflite"}
