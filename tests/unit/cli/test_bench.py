"""``mcupatch bench`` on small networks: every instruction in one row, as table, JSON, Markdown and picture; refusals."""

from __future__ import annotations

import json
import shutil
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import run_cli
from tests.support.odd_models import small_model

NETWORK = "zoo:mcunet_vww0@32"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.tflite").write_bytes(small_model())
    return tmp_path


@pytest.mark.parametrize(
    "options",
    [
        ("--per-layer",),
        ("--stream-input", "--least-sram", "--max-extra-macs", "0"),  # tiles, kept halos, a mean in parts
        ("--grid", "2x2", "--ops", "5", "--board", "stm32f412"),
    ],
    ids=lambda options: options[0],
)
def test_the_rows_add_up_to_what_a_run_measures(
    options: tuple[str, ...], here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_cli(capsys, "compile", NETWORK, "--io", "int8", *options, "-o", "out")
    found: dict[str, Any] = json.loads(run_cli(capsys, "bench", "out", "--json", "-"))
    measured = json.loads(run_cli(capsys, "run", "out", "--json", "-"))["measured"]
    rows = [*found["operators"], found["glue"]]
    for key in ("instructions", "cycles_model"):
        assert sum(row[key] for row in rows) == found[key] == measured[key]
    assert sum(row["share"] for row in rows) == pytest.approx(1)
    assert all(row["instructions"] > 0 for row in rows) and found["matches_reference"]
    assert 0 < found["glue"]["share"] < 0.05


def test_operators_are_told_with_their_work(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(run_cli(capsys, "bench", NETWORK, "--io", "int8", "--json", "-"))
    first, second = found["operators"][:2]
    assert (first["kind"], first["kernel"], first["stride"]) == ("conv2d", [3, 3], [2, 2])
    assert (first["input_shape"], first["output_shape"]) == ([1, 32, 32, 3], [1, 16, 16, 16])
    assert first["macs"] == 16 * 16 * 16 * 27 and second["kind"] == "depthwise_conv2d"
    assert first["instructions_per_mac"] == first["instructions"] / first["macs"]
    assert found["macs"] == sum(each["macs"] for each in found["operators"])
    assert [each["index"] for each in found["operators"]] == list(range(len(found["operators"])))
    without = [each for each in found["operators"] if not each["macs"]]
    assert without and all(each["instructions_per_mac"] is None for each in without)


def test_a_model_and_its_directory_give_the_same(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for toolchain in ("zig", *(["gcc"] if shutil.which("arm-none-eabi-gcc") else [])):
        run_cli(capsys, "compile", "net.tflite", "--toolchain", toolchain, "-o", f"out_{toolchain}")
        kept = run_cli(capsys, "bench", f"out_{toolchain}", "--json", "-")
        assert run_cli(capsys, "bench", "net.tflite", "--toolchain", toolchain, "--json", "-") == kept


def test_table_fits_the_terminal_and_says_what_is_a_model(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = run_cli(capsys, "bench", NETWORK, "--io", "int8")
    assert max(map(len, text.splitlines())) <= 80
    assert "cycles" in text and "(model)" in text and "not measured" in " ".join(text.split())
    assert "depthwise" in text and "schedule:" in text and "100.0%" in text


def test_picture_has_two_bars_for_every_row(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(run_cli(capsys, "bench", NETWORK, "--io", "int8", "--json", "-", "--plot", "x.svg"))
    root = ElementTree.parse(here / "x.svg").getroot()
    bars = root.findall(f"{SVG}g")
    assert len(bars) == len(found["operators"]) + 1
    widths = [float(bar.findall(f"{SVG}rect")[0].attrib["width"]) for bar in bars]
    rows = [*found["operators"], found["glue"]]
    most = max(rows, key=lambda row: int(row["instructions"]))
    assert rows[widths.index(max(widths))] is most
    shares = [width / max(widths) for width in widths]
    assert shares == pytest.approx([row["instructions"] / most["instructions"] for row in rows], abs=0.002)


def test_markdown_to_a_file_and_to_standard_output(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = run_cli(capsys, "bench", "net.tflite", "-o", "x.md")
    page = (here / "x.md").read_text()
    assert "share" in text and page.count("\n| ") > 3
    assert run_cli(capsys, "bench", "net.tflite", "--markdown", "-") == page
    cells = {line.count("|") for line in page.splitlines() if line.startswith("|")}
    assert len(cells) == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("absent.tflite",), "absent.tflite"),
        ((), "MODEL"),
        (("folder",), "no compiled model"),
        (("net.tflite", "--plot", "x.png"), ".svg"),
        (("net.tflite", "--plot", "nowhere/x.svg"), "does not exist"),
        (("net.tflite", "-o", "nowhere/x.md"), "does not exist"),
        (("net.tflite", "--json", "nowhere/x.json"), "does not exist"),
        (("net.tflite", "--json", "-", "-o", "-"), "standard output"),
        (("net.tflite", "--json", "x", "-o", "x"), "same file"),
        (("net.tflite", "--board", "teapot"), "teapot"),
        (("net.tflite", "--per-layer", "--least-sram"), "choose one"),
        (("net.tflite", "--sram", "100B"), "no room for an arena"),
    ],
)
def test_refusals(
    here: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], says: str
) -> None:
    (here / "folder").mkdir()
    assert says in run_cli(capsys, "bench", *arguments, status=2)
    assert {p.name for p in here.iterdir()} == {"net.tflite", "folder"}


def test_a_compiled_model_takes_no_options_of_a_compilation(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_cli(capsys, "compile", "net.tflite", "-o", "out")
    assert "compiled already" in run_cli(capsys, "bench", "out", "--toolchain", "gcc", status=2)
