import json
import xml.etree.ElementTree as ET
from pathlib import Path

from click.testing import CliRunner

from mcupatch.cli.search_schedule_command import command

MODEL = "zoo:mlperf_resnet8"


def test_fronts_are_printed_written_and_drawn(tmp_path: Path) -> None:
    plot, figures = tmp_path / "fronts.svg", tmp_path / "fronts.json"
    arguments = [MODEL, "--stream-input", "--plot", str(plot), "--json", str(figures), "--explain"]
    result = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    fronts = json.loads(figures.read_text())
    for front, cost in (("by_macs", "extra_macs"), ("by_instructions", "instructions")):
        points = fronts[front]
        assert [p["nbytes"] for p in points] == sorted({p["nbytes"] for p in points})
        assert [p[cost] for p in points] == sorted({p[cost] for p in points}, reverse=True)
    assert fronts["by_instructions"][0]["nbytes"] < fronts["layer_by_layer_bytes"] / 2
    assert "the most of all stages" in result.output
    drawn = ET.parse(plot).getroot()
    circles = len(drawn.findall(".//{http://www.w3.org/2000/svg}circle"))
    assert circles == len(fronts["by_macs"]) + len(fronts["by_instructions"])


def test_a_picture_of_another_kind_is_refused(tmp_path: Path) -> None:
    result = CliRunner().invoke(command, [MODEL, "--plot", str(tmp_path / "fronts.png")])
    assert "FILE.svg" in str(result.exception)
