"""The paper's figures, computed again: equal to its rounding, and written as pages, tables and pictures."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from mcupatch.cli.main import run_command_line
from mcupatch.errors import ToolMissing
from mcupatch.paper import draw, published
from mcupatch.paper.figure_1 import redo_figure_1
from mcupatch.paper.figure_5 import BACKBONES, GRID, PIXELS
from mcupatch.paper.figure_6 import networks_that_fit
from mcupatch.paper.item import Chart, PaperItem, Series
from mcupatch.paper.items import ITEMS
from mcupatch.paper.table_1 import redo_table_1
from mcupatch.paper.table_5 import change_without_overlap
from mcupatch.paper.write import format_csv, format_page
from mcupatch.patch_stage import build_graph, choose_patch_stage, measure_patches
from mcupatch.schedule.analytic import analytic_per_layer_bytes
from mcupatch.zoo.networks import find_network

BLOCKS = {"mobilenet_v2": 5, "mnasnet_b1": 6, "fbnet_a_paper": 4, "ofa_cpu_10ms": 5}


def test_table_1_to_the_papers_rounding() -> None:
    item = redo_table_1()
    rows = [dict(zip(item.head, row)) for row in item.rows]
    for paper, here in zip(rows[::2], rows[1::2]):
        assert (paper[""], here[""]) == ("paper", "here")
        exact = set(item.head[2:9]) - {"overlap in all %", "all M MACs"}
        if paper["network"] == "mbv2_rd":
            exact |= {"overlap in all %", "all M MACs"}
        assert {key: round(float(str(here[key]))) for key in exact} == {key: paper[key] for key in exact}
        assert here["halos kept: extra MACs"] == 0


def test_figure_1_has_five_heavy_blocks() -> None:
    item = redo_figure_1()
    plain, patched, kept = ([float(str(row[column])) for row in item.rows] for column in (1, 2, 3))
    assert max(plain) == published.FIGURE_1_PEAK_KB and sum(value > 450 for value in plain) == 5
    assert plain[:6] == [539.0, 588.0, 1372.0, 514.5, 514.5, 171.5]
    assert max(patched) == 171.5 and max(kept) < 100


@pytest.mark.parametrize("name", BACKBONES.values())
def test_figure_5_lies_in_the_papers_ranges(name: str) -> None:
    network = find_network(name, PIXELS)
    cost = measure_patches(network, BLOCKS[name], GRID)
    times = analytic_per_layer_bytes(build_graph(network)).peak_bytes / cost.peak_bytes
    assert published.FIGURE_5_REDUCTION[0] <= round(times, 1) <= published.FIGURE_5_REDUCTION[1]
    assert published.FIGURE_5_OVERHEAD[0] <= round(100 * cost.overhead) <= published.FIGURE_5_OVERHEAD[1]


def test_figure_8_the_best_stage() -> None:
    assert choose_patch_stage(find_network("mobilenet_v2")) == (5, (4, 4))
    assert measure_patches(find_network("mobilenet_v2"), 5, (3, 3)).peak_bytes > 171.5 * 1024


def test_patches_without_overlap_change_the_output_and_one_patch_does_not() -> None:
    network = find_network("mobilenet_v2", 64)
    assert change_without_overlap(network, 3, (1, 1)).relative == 0
    assert change_without_overlap(network, 3, (2, 2)).relative > 0.01


def test_scaled_networks_have_names_of_their_own() -> None:
    networks = networks_that_fit()
    assert len({network.name for network in networks}) == len(networks) == 4
    assert all(max(network.input_shape[:2]) <= 176 for network in networks)


def test_the_command_knows_every_item() -> None:
    from mcupatch.cli.paper_command import NAMES

    assert tuple(ITEMS) == NAMES


ITEM = PaperItem(
    "figure_0",
    "A title",
    "What is counted.",
    ("name", "KiB", "note"),
    (("a, b", 1.25, None), ("c", 2, "x")),
    "What is found.",
    (
        Chart("bars", "KiB", ("a", "c"), (Series("s", (1.0, None)), Series("t", (2.0, 3.0)))),
        Chart("lines", "KiB", ("a", "c"), (Series("s", (None, 2.0)),), lines=True, reference=1.5),
    ),
)


def test_pages_and_tables() -> None:
    page = format_page([ITEM])
    assert "## Figure 0: A title" in page and "| a, b | 1.2 |  |" in page and "(figure_0.svg)" in page
    assert list(csv.reader(format_csv(ITEM).splitlines())) == [
        ["name", "KiB", "note"],
        ["a, b", "1.25", ""],
        ["c", "2", "x"],
    ]


def test_pictures_are_the_same_every_time(tmp_path: Path) -> None:
    for name in ("one", "two"):
        draw.draw_charts(ITEM.charts, tmp_path / name)
    for kind in draw.FORMATS:
        first, second = ((tmp_path / f"{name}.{kind}").read_bytes() for name in ("one", "two"))
        assert first == second and len(first) > 1000
    assert b"<text" in (tmp_path / "one.svg").read_bytes()


def test_items_that_do_not_fit_together_are_refused() -> None:
    with pytest.raises(ValueError, match="values for"):
        Chart("c", "y", ("a", "b"), (Series("s", (1.0,)),))
    with pytest.raises(ValueError, match="cells"):
        PaperItem("k", "t", "d", ("a", "b"), (("x",),), "f")


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "out"
    assert run_command_line(["paper", "table_1", "-o", str(target)]) == 0
    assert "Table 1" in capsys.readouterr().out
    assert {"paper.md", "table_1.csv", "mcupatch.json"} <= {entry.name for entry in target.iterdir()}
    assert run_command_line(["paper", "figure_2"]) == 2
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").touch()
    assert run_command_line(["paper", "table_1", "-o", str(tmp_path / "mine")]) == 2


def test_without_matplotlib(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    with pytest.raises(ToolMissing, match="pip install"):
        draw.load_pyplot()
    assert run_command_line(["paper", "table_1", "-o", str(tmp_path / "out")]) == 2
    assert not (tmp_path / "out").exists()
