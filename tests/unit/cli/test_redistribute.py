"""``mcupatch redistribute``: the paper's figures, files that compile, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mcupatch.cli.main import run_command_line


def test_mobilenet_v2_reaches_the_papers_redistribution(capsys: pytest.CaptureFixture[str]) -> None:
    """Table 1 of MCUNetV2: MbV2-RD has patches of 63 pixels, +18 % in the stage and +3 % in all."""
    assert (
        run_command_line(
            ["redistribute", "zoo:mobilenet_v2", "--blocks", "5", "--grid", "4x4", "--json", "-"]
        )
        == 0
    )
    figures = json.loads(capsys.readouterr().out)
    before, after = figures["before"], figures["after"]
    assert (before["blocks"], before["grid"], before["patch_pixels"]) == (5, [4, 4], 75)
    assert (after["blocks"], after["grid"], after["patch_pixels"]) == (4, [4, 4], 63)
    assert round(100 * before["stage_overhead"]) == 42 and round(100 * after["stage_overhead"]) == 18
    assert after["overhead"] <= 0.03
    for figure in ("macs", "receptive_field", "parameters"):
        assert abs(after[figure] / before[figure] - 1) <= 0.05
    patches = [next(s for s in each["schedules"] if "patches" in s["title"]) for each in (before, after)]
    assert patches[1]["arena_bytes"] < patches[0]["arena_bytes"]
    assert patches[1]["extra_macs"] < patches[0]["extra_macs"] / 3


def test_the_new_network_compiles(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "new.json"
    arguments = ["redistribute", "zoo:mlperf_vww96@64", "--max-overhead", "10%", "-o", str(target)]
    assert run_command_line([*arguments, "--sram", "24KiB"]) == 0
    assert "mlperf_vww96_rd" in capsys.readouterr().out
    assert json.loads(target.read_text())["name"] == "mlperf_vww96_rd"
    assert run_command_line(["analyze", str(target), "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["name"].startswith("mlperf_vww96_rd")


def test_what_makes_it_fit(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["redistribute", "zoo:mlperf_vww96", "--sram", "24KiB", "--json", "-"]
    assert run_command_line(arguments) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["least_arena_bytes"] > figures["budget_bytes"]
    edits = figures["fitting_edits"]
    assert edits and all(edit["arena_bytes"] <= figures["budget_bytes"] for edit in edits)
    assert edits == sorted(edits, key=lambda edit: edit["fewer_macs"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["zoo:nothing"], "no network"),
        (["model.tflite"], "no network definition"),
        (["absent.json"], "cannot read"),
        (["zoo:mlperf_vww96", "--blocks", "99"], "has 14"),
        (["zoo:mlperf_vww96", "--blocks", "5", "--grid", "1x1"], "1x1"),
        (["zoo:mlperf_vww96", "-o", "net.txt"], ".json"),
        (["zoo:mlperf_vww96", "--max-overhead", "90%"], "nothing is to be redistributed"),
        (["zoo:mlperf_resnet8"], "--tolerance"),
        (["zoo:mlperf_vww96", "--board", "none"], "none"),
    ],
)
def test_refusals(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command_line(["redistribute", *arguments]) == 2
    captured = capsys.readouterr()
    assert message in captured.err and captured.out == ""
