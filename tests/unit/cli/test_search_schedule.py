"""``mcupatch search-schedule`` and ``--explain`` on small networks: tables, JSON, picture, reasons, refusals."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest
from tflite import BuiltinOperator

from mcupatch.cli.main import run_command_line
from mcupatch.zoo.tflite_builder import TfliteBuilder
from tests.support.command_line import run_cli
from tests.support.odd_models import small_model

NETWORK = "zoo:mcunet_vww0@32"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.tflite").write_bytes(small_model())
    return tmp_path


def search(capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, Any]:
    arguments = ("search-schedule", NETWORK, "--io", "int8", "--max-extra-macs", "5%", *options)
    found: dict[str, Any] = json.loads(run_cli(capsys, *arguments, "--json", "-"))
    return found


def test_tables_begin_layer_by_layer_and_fit_the_terminal(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = run_cli(capsys, "search-schedule", NETWORK, "--io", "int8", "--points", "3", "--sram", "64KiB")
    lines = text.splitlines()
    assert max(map(len, lines)) <= 80
    heads = [i for i, line in enumerate(lines) if line.lstrip().startswith("───")]
    assert len(heads) == 2 and all("layer by layer" in lines[i + 1] for i in heads)
    rows = [sum("whole" in line or "layer" in line for line in lines[i + 1 : i + 6]) for i in heads]
    assert all(2 <= count <= 5 for count in rows)  # layer by layer, three points, and the one that is taken
    assert "taken" in text and "predicted" in text and "'mcupatch compile' takes" in text


def test_json_holds_both_fronts_without_beaten_points(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = search(capsys)
    assert found["budget_bytes"] is None and found["layer_by_layer"]["extra_macs"] == 0
    assert found["layer_by_layer"]["tiled"] == []
    for front, cost in (("by_macs", "extra_macs"), ("by_instructions", "predicted_instructions")):
        points = found[front]
        assert points and len(points) <= found[f"found_{front}"]
        for before, after in zip(points, points[1:]):
            assert before["arena_bytes"] < after["arena_bytes"] and before[cost] > after[cost]
        assert points[0]["arena_bytes"] < found["layer_by_layer"]["arena_bytes"]
        assert points[0]["tiled"] and points[0]["fits"] is None
    assert found["by_instructions"][0]["extra_macs"] == 0


def test_budget_says_what_fits_and_what_is_taken(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plain = search(capsys)["layer_by_layer"]["arena_bytes"]
    sram = plain + 3000  # too little for the arena with a stack beside it
    found = search(capsys, "--sram", str(sram))
    budget = found["budget_bytes"]
    assert budget < plain and found["miss"] == ""
    points = [found["layer_by_layer"], *found["by_macs"], *found["by_instructions"]]
    assert [p["fits"] for p in points] == [p["arena_bytes"] <= budget for p in points]
    arenas = {p["arena_bytes"] for p in points if p["taken"]}
    figures = run_cli(
        capsys, "compile", NETWORK, "--io", "int8", "--sram", str(sram), "-o", "out", "--json", "-"
    )
    assert arenas == {json.loads(figures)["memory"]["arena_bytes"]}


def test_budget_that_nothing_fits_is_told(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = search(capsys, "--sram", "6KiB")
    points = [found["layer_by_layer"], *found["by_macs"], *found["by_instructions"]]
    assert "No schedule fits" in found["miss"]
    assert not any(p["fits"] or p["taken"] for p in points)


def test_streamed_image_needs_less(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where what follows the image does not need as much anyway; but for what plans share beyond what is counted."""
    more = ("--max-extra-macs", "100%")
    whole, streamed = search(capsys, *more), search(capsys, *more, "--stream-input")

    def least(found: dict[str, Any], extra_macs: int) -> int:
        return min(int(p["arena_bytes"]) for p in found["by_macs"] if p["extra_macs"] <= extra_macs)

    pairs = [(least(streamed, m), least(whole, m)) for m in (p["extra_macs"] for p in whole["by_macs"])]
    assert all(with_rows <= held + held // 64 for with_rows, held in pairs)
    assert any(with_rows < held for with_rows, held in pairs)


def test_picture_is_svg_with_every_point(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = search(capsys, "--plot", "fronts.svg")
    root = ElementTree.parse(here / "fronts.svg").getroot()
    panels = root.findall(f"{SVG}g")
    assert [len(panel.findall(f"{SVG}circle")) for panel in panels] == [
        len(found["by_macs"]),
        len(found["by_instructions"]),
    ]
    assert [p.name for p in here.iterdir() if p.suffix in (".svg", ".tmp")] == ["fronts.svg"]


def test_explain_tells_stages_and_cuts(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = run_cli(capsys, "search-schedule", NETWORK, "--io", "int8", "--max-extra-macs", "0", "--explain")
    assert text.count("the bottleneck") >= 1 and "cut before operator" in text
    assert "no stage can span" in text  # the dense layer at the end


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("absent.tflite",), "absent.tflite"),
        ((), "MODEL"),
        (("net.tflite", "--points", "-3"), "--points"),
        (("net.tflite", "--points", "0"), "--points"),
        (("net.tflite", "--plot", "fronts.png"), ".svg"),
        (("net.tflite", "--plot", "one.svg", "--json", "./one.svg"), "the same file"),
        (("net.tflite", "--plot", "nowhere/fronts.svg"), "does not exist"),
        (("net.tflite", "--board", "teapot"), "teapot"),
        (("net.tflite", "--max-extra-macs", "-5%"), "-5%"),
    ],
)
def test_refusals(
    here: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], says: str
) -> None:
    assert says in run_cli(capsys, "search-schedule", *arguments, status=2)
    assert {p.name for p in here.iterdir()} == {"net.tflite"}


def test_input_that_cannot_be_streamed(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    builder = TfliteBuilder("flat")
    source = builder.tensor("x", (1, 8), "int8", 0.05, -3)
    target = builder.tensor("y", (1, 8), "int8", 1 / 256, -128)
    builder.operator(BuiltinOperator.LOGISTIC, [source], [target])
    (here / "flat.tflite").write_bytes(builder.finish([source], [target]))
    said = run_cli(capsys, "search-schedule", "flat.tflite", "--stream-input", status=2)
    assert "row by row" in said
    text = run_cli(capsys, "search-schedule", "flat.tflite", "--explain", "--plot", "flat.svg")
    assert "layer by layer" in text and "operator 0" in text


def test_compile_explains_on_the_terminal_and_in_the_dump(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("compile", "net.tflite", "--least-sram", "-o", "out", "--explain", "--dump", "dump")
    text = run_cli(capsys, *words)
    told = text[text.index("Run it: ") :].splitlines()[1:]
    assert any("the bottleneck" in line for line in told)
    assert (here / "dump" / "schedule.txt").read_text().endswith("\n".join(told) + "\n")
    # figures alone where they go to standard output
    assert run_command_line([*words, "--json", "-"]) == 0
    shown = capsys.readouterr()
    json.loads(shown.out)
    assert shown.err.split() == " ".join(told).split()
    assert run_command_line(["search-schedule", "net.tflite", "--explain", "--json", "-"]) == 0
    shown = capsys.readouterr()
    json.loads(shown.out)
    assert "the bottleneck" in shown.err


def test_the_least_point_is_what_least_sram_takes(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The search counts less than the plan of its own schedule needs here; smaller tiles make up for it."""
    arguments = ("zoo:mlperf_vww96", "--io", "int8", "--stream-input", "--json", "-")
    found = json.loads(run_cli(capsys, "search-schedule", *arguments, "--max-extra-macs", "5%"))
    for share in ("0%", "5%"):
        figures = run_cli(
            capsys, "compile", *arguments, "-o", share, "--least-sram", "--max-extra-macs", share
        )
        compiled = json.loads(figures)
        points = [p for p in found["by_macs"] if p["extra_macs"] <= compiled["compute"]["extra_macs"]]
        assert min(p["arena_bytes"] for p in points) == compiled["memory"]["arena_bytes"]


def test_flash_predicts_for_int16_weights(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    narrow, wide = search(capsys), search(capsys, "--flash", "1MiB")
    assert (
        wide["layer_by_layer"]["predicted_instructions"] < narrow["layer_by_layer"]["predicted_instructions"]
    )
    for options, found in (((), narrow), (("--flash", "1MiB"), wide)):
        arguments = ("--io", "int8", "--least-sram", "--max-extra-macs", "0%", *options)
        out = f"out{len(options)}"
        run_cli(capsys, "compile", NETWORK, *arguments, "-o", out)
        run = json.loads(run_cli(capsys, "run", out, "--json", "-"))
        predicted = found["by_instructions"][0]["predicted_instructions"]
        assert abs(predicted / run["measured"]["instructions"] - 1) < 0.05


def test_no_more_points_than_are_found_and_none_recomputes_where_halos_are_kept(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The schedule that is taken was among both fronts, whatever it recomputes, and not counted."""
    found = search(capsys, "--sram", "7900")
    for front in ("by_macs", "by_instructions"):
        assert len(found[front]) <= found[f"found_{front}"]
    assert any(point["taken"] and point["extra_macs"] for point in found["by_macs"])
    assert all(point["extra_macs"] <= 0 for point in found["by_instructions"])
