"""The page of a compiled model: everything is on it, nothing is fetched, and it fits a phone."""

from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

import mcupatch
from mcupatch.cli.main import run_command_line
from mcupatch.model_inputs import random_inputs
from mcupatch.options import ByHand, LeastSram
from mcupatch.page_figures import collect_page
from mcupatch.pipeline import CompiledModel
from mcupatch.plan_schedules import SchedulePlanner
from mcupatch.report.page.figures import PageFigures
from mcupatch.report.page.page import draw_pictures, render_page
from mcupatch.saved_schedule import rebuild_plan, rebuild_schedule

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
VOID = {"meta", "br", "img", "link", "hr", "input"}


@pytest.fixture(scope="module")
def compiled() -> CompiledModel:
    return mcupatch.compile("zoo:mlperf_vww96@48", mode=LeastSram(0), stream_input=True)


@pytest.fixture(scope="module")
def directory(compiled: CompiledModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("report") / "net"
    mcupatch.save(compiled, place)
    return place


@pytest.fixture(scope="module")
def figures(directory: Path) -> PageFigures:
    saved = mcupatch.load(directory)
    return collect_page(saved, random_inputs(saved.graph))


def test_the_schedule_and_the_plan_come_back(compiled: CompiledModel, directory: Path) -> None:
    saved = mcupatch.load(directory)
    schedule = rebuild_schedule(saved.result)
    assert schedule == compiled.schedule
    assert (
        rebuild_plan(SchedulePlanner(saved.graph, schedule.streamed), schedule, saved.result) == compiled.plan
    )


def test_patches_by_hand_come_back() -> None:
    model = mcupatch.compile("zoo:mlperf_vww96@48", mode=ByHand(3, (2, 2)))
    result = mcupatch.api.describe_model(model)
    assert rebuild_schedule(result) == model.schedule


def test_figures_are_those_of_the_plan(compiled: CompiledModel, figures: PageFigures) -> None:
    assert len(figures.blocks) == len(compiled.plan.placed)
    assert max(block.offset + block.nbytes for block in figures.blocks) == compiled.plan.arena_bytes
    assert max(step.schedule_bytes for step in figures.steps) <= compiled.plan.arena_bytes
    assert max(s.per_layer_bytes for s in figures.steps) > max(s.schedule_bytes for s in figures.steps)
    assert any(step.stage is not None for step in figures.steps)
    total = sum(each.cost.instructions for each in figures.costs.operators) + figures.costs.glue.instructions
    assert figures.result.measured is not None and total == figures.result.measured.instructions
    assert figures.tiles is not None and max(stop for _, stop in figures.tiles.rows) == 48
    assert figures.advice


def test_every_figure_is_drawn(figures: PageFigures) -> None:
    pictures = draw_pictures(figures)
    assert set(pictures) == {"memory", "arena", "operators", "fronts", "graph", "tiles"}
    drawn = sum(1 for block in figures.blocks if block.nbytes)
    assert pictures["arena"].count('<g class="buffer">') == drawn
    assert pictures["memory"].count('<g class="operator">') == len(figures.steps)
    assert pictures["graph"].count('<g class="operator">') == len(figures.steps)


class _Checker(HTMLParser):
    """Every element that is opened is closed, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_fetches_nothing(figures: PageFigures) -> None:
    page = render_page(figures, draw_pictures(figures))
    checker = _Checker()
    checker.feed(page)
    assert checker.open == []
    assert page.count("<section>") == 8 and page.count("<svg") == 6
    links = set(re.findall(r"(?:https?:)?//[^\"'\s<]+", page))
    assert links == {"http://www.w3.org/2000/svg"}
    assert "<script" not in page
    for name in ("arena_bytes", "sram_bytes", "analytic_per_layer_bytes", "lower_bound_bytes"):
        assert f"<code>{name}</code>" in page


@pytest.mark.skipif(CHROMIUM is None, reason="needs a Chromium")
@pytest.mark.parametrize("width", [360, 1280])
def test_no_overflow_in_a_browser(figures: PageFigures, tmp_path: Path, width: int) -> None:
    page = render_page(figures, draw_pictures(figures))
    # Headless windows are at least 500 pixels wide; a frame is as narrow as it is told to be.
    script = "<script>parent.document.title = document.documentElement.scrollWidth</script>"
    (tmp_path / "page.html").write_text(page.replace("</body>", f"{script}</body>"))
    frame = f'<html><body><iframe src="page.html" style="width:{width}px;height:800px;border:0"></iframe></body></html>'
    (tmp_path / "frame.html").write_text(frame)
    command = [
        *(str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files"),
        *("--window-size=1400,900", "--virtual-time-budget=4000", "--disable-web-security"),
        *(f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", f"file://{tmp_path / 'frame.html'}"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    found = re.search(r"<title>(\d+)</title>", done.stdout)
    assert found, done.stderr[-500:]
    assert int(found[1]) <= width


def test_command(directory: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("resvg_py", reason="needs the extra 'report'")
    target, folder = tmp_path / "page.html", tmp_path / "png"
    assert run_command_line(["report", str(directory), "-o", str(target), "--png", str(folder)]) == 0
    assert "open it in a browser" in capsys.readouterr().out
    assert target.stat().st_size > 50_000
    pictures = sorted(folder.glob("*.png"))
    assert len(pictures) == 6 and all(p.read_bytes()[:4] == b"\x89PNG" for p in pictures)


def test_refusals(directory: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    for arguments, message in (
        ([str(tmp_path)], "no compiled model"),
        ([str(directory), "-o", "page.txt"], ".html"),
        ([str(directory), "-o", str(tmp_path / "none" / "page.html")], "cannot write"),
        ([str(directory), "-o", str(tmp_path / "p.html"), "--png", str(tmp_path / "file")], "folder"),
        ([str(directory), "-o", str(tmp_path / "p.html"), "--input", "absent.png"], "absent.png"),
    ):
        assert run_command_line(["report", *arguments]) == 2
        assert message in capsys.readouterr().err
    assert not (tmp_path / "p.html").exists()
