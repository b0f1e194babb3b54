"""A small model through compile, run and analyze: files, figures, JSON."""

from __future__ import annotations

import hashlib
import json
import signal
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mcupatch.cli.main import run_command_line
from mcupatch.outputs import MANIFEST
from tests.support.command_line import run_cli
from tests.support.odd_models import float_ends_model, small_model

MEMORY = {
    "arena_bytes",
    "statics_bytes",
    "input_bytes",
    "streamed_input_bytes",
    "output_bytes",
    "lower_bound_bytes",
    "optimal",
    "analytic_per_layer_bytes",
    "analytic_schedule_bytes",
    "pools",
}
MEASURED = {
    "cycles",
    "milliseconds",
    "timer_cycles",
    "backend",
    "cpu",
    "instructions",
    "arena_touched_bytes",
    "pools_touched_bytes",
    "stack_bytes",
    "sram_bytes",
    "flash_bytes",
    "matches_reference",
    "max_abs_diff",
    "cycles_model",
    "as_compiled",
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.tflite").write_bytes(small_model())
    return tmp_path


def test_compile_writes_everything_and_run_measures(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = run_cli(capsys, "compile", "net.tflite", "--grid", "2x3", "--ops", "2", "--json", "figures.json")
    assert "operators 0 to 1 in 2x3 patches, the other 1 whole" in text
    assert "net" in text and max(map(len, text.splitlines())) <= 80
    names = {p.name for p in (here / "net").iterdir()}
    assert names == {
        "mcupatch.json", "build.json", "firmware.elf", "model.tar", "model.tflite", "src", "include", MANIFEST
    }  # fmt: skip
    figures = json.loads((here / "net" / "mcupatch.json").read_text())
    assert figures == json.loads((here / "figures.json").read_text())
    check_shape(figures)
    stages = [{key: stage[key] for key in ("ops", "grid", "tile", "halo")} for stage in figures["schedule"]]
    assert stages == [
        {"ops": [0, 1], "grid": [2, 3], "tile": [8, 6], "halo": "recompute"},
        {"ops": [2, 2], "grid": [1, 1], "tile": [16, 16], "halo": "none"},
    ]
    with tarfile.open(here / "net" / "model.tar") as archive:
        assert any(name.endswith("metadata.json") for name in archive.getnames())

    text = run_cli(capsys, "run", "net")
    assert "output equals the reference, byte for byte" in text and "instructions" in text
    figures = json.loads((here / "net" / "mcupatch.json").read_text())
    check_shape(figures)
    measured = figures["measured"]
    assert set(measured) == MEASURED
    assert measured["matches_reference"] is True and measured["max_abs_diff"] == 0
    assert measured["cpu"] == "cortex-m7" and measured["instructions"] > 10_000
    assert measured["arena_touched_bytes"] <= figures["memory"]["arena_bytes"] < measured["sram_bytes"]


def check_shape(figures: dict[str, Any]) -> None:
    assert set(figures) - {"measured"} == {"model", "schedule", "memory", "compute", "flash"}
    assert set(figures["model"]) == {"name", "digest", "input", "output"}
    assert set(figures["memory"]) == MEMORY
    assert set(figures["compute"]) == {"macs", "extra_macs"}
    assert set(figures["flash"]) == {"weights_bytes", "code_bytes"}
    assert figures["model"]["digest"].startswith("sha256:")
    assert figures["memory"]["lower_bound_bytes"] <= figures["memory"]["arena_bytes"]


def test_json_on_standard_output_is_nothing_but_json(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    check_shape(json.loads(run_cli(capsys, "compile", "net.tflite", "--json", "-")))
    check_shape(json.loads(run_cli(capsys, "run", "net", "--on", "host", "--json", "-")))
    analysis = json.loads(run_cli(capsys, "analyze", "net.tflite", "--json", "-"))
    assert len(analysis["layers"]) == 3 and analysis["schedules"][0]["ops"] == 0


def test_the_same_input_gives_the_same_bytes(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    contents = []
    for name in ("first", "second"):
        run_cli(capsys, "compile", "net.tflite", "-o", name)
        contents.append({p.relative_to(name): p.read_bytes() for p in Path(name).rglob("*") if p.is_file()})
    assert contents[0] == contents[1]


def test_run_takes_files_and_saves_outputs(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_cli(capsys, "compile", "net.tflite", "--per-layer")
    value = np.random.default_rng(5).integers(-128, 128, (1, 16, 16, 3)).astype(np.int8)
    np.save("x.npy", value)
    Path("x.bin").write_bytes(value.tobytes())
    for name in ("x.npy", "x.bin"):
        run_cli(capsys, "run", "net", "--input", name, "--save", f"{name}.npz", "--seed", "3")
    with np.load("x.npy.npz") as first, np.load("x.bin.npz") as second:
        assert first.files == ["c"] and np.array_equal(first["c"], second["c"])
    assert "inputs" in error_of(capsys, "run", "net", "--input", "x.npy", "--input", "x.bin")


def error_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run_command_line(list(arguments)) == 2
    return capsys.readouterr().err


def test_a_difference_is_exit_status_1(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The reference is that of another model here, so the bytes must differ."""
    run_cli(capsys, "compile", "net.tflite")
    other = small_model(seed=8)
    Path("net/model.tflite").write_bytes(other)
    facts = json.loads(Path("net/build.json").read_text())
    facts["digests"]["model.tflite"] = hashlib.sha256(other).hexdigest()
    Path("net/build.json").write_text(json.dumps(facts))
    text = run_cli(capsys, "run", "net", status=1)
    assert "DIFFERS" in text
    measured = json.loads(Path("net/mcupatch.json").read_text())["measured"]
    assert measured["matches_reference"] is False and measured["max_abs_diff"] > 0


def test_fast_rounding_says_what_it_gives_up(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A difference that was asked for is told, and is no failure."""
    text = run_cli(capsys, "compile", "zoo:mbv2_w0.35_r144@32", "--fast-rounding", "-o", "fast")
    assert "may differ from the reference" in " ".join(text.split()) and "It saves little" in text
    text = " ".join(run_cli(capsys, "run", "fast").split())
    assert "DIFFERS from the reference by up to" in text and "as --fast-rounding allows" in text
    measured = json.loads(Path("fast/mcupatch.json").read_text())["measured"]
    assert measured["matches_reference"] is False and measured["as_compiled"] is True
    assert measured["max_abs_diff"] > 0


def test_int8_ends_leave_out_the_conversions(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("ends.tflite").write_bytes(float_ends_model())
    types = {}
    for io in ("model", "int8"):
        run_cli(capsys, "compile", "ends.tflite", "--io", io, "-o", io)
        run_cli(capsys, "run", io)
        model = json.loads(Path(io, "mcupatch.json").read_text())["model"]
        types[io] = [port["dtype"] for port in (*model["input"], *model["output"])]
    assert types == {"model": ["float32", "float32"], "int8": ["int8", "int8"]}
    assert "quantize" not in run_cli(capsys, "analyze", "ends.tflite", "--io", "int8").replace(
        "dequantize", ""
    )


def test_least_sram_and_budget_never_do_worse_than_layer_by_layer(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def arena(*options: str) -> int:
        figures = json.loads(run_cli(capsys, "compile", "net.tflite", *options, "--json", "-"))
        return int(figures["memory"]["arena_bytes"])

    whole = arena("--per-layer")
    least = arena("--least-sram")
    assert least <= whole
    assert arena("--least-sram", "--max-extra-macs", "0%") <= whole
    assert arena() == whole  # it fits the board, so nothing is computed twice


def test_dump_writes_every_stage(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_cli(capsys, "compile", "net.tflite", "--grid", "2x2", "--ops", "2", "--dump", "dump")
    texts = {p.name: p.read_text() for p in Path("dump").iterdir()}
    assert set(texts) == {"module.txt", "graph.txt", "schedule.txt", "plan.txt", "tiled_module.txt"}
    assert "2x2 tiles of 8x8" in texts["schedule.txt"]
    assert "conv2d" in texts["graph.txt"] and "arena" in texts["plan.txt"]


def test_analyze_shows_layers_bottleneck_and_schedules(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = run_cli(capsys, "analyze", "net.tflite", "--grid", "2x2", "--ops", "2")
    assert "Bottleneck: operator" in text and "peak" in text and "2x2 patches" in text
    assert max(map(len, text.splitlines())) <= 80


def test_patches_by_hand_that_save_nothing_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("small.tflite").write_bytes(small_model())
    assert run_command_line(["compile", "small.tflite", "--grid", "2x2", "--ops", "1", "-o", "net"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    arena = json.loads(Path("net/mcupatch.json").read_text())["memory"]["arena_bytes"]
    assert run_command_line(["compile", "small.tflite", "--per-layer", "-o", "whole"]) == 0
    whole = json.loads(Path("whole/mcupatch.json").read_text())["memory"]["arena_bytes"]
    assert ("save nothing" in printed) == (arena >= whole)
    assert arena >= whole, "choose operators that gain nothing, or the test shows nothing"


def test_sigterm_is_left_as_it_was() -> None:
    before = signal.getsignal(signal.SIGTERM)
    assert run_command_line(["boards"]) == 0
    assert signal.getsignal(signal.SIGTERM) is before
