"""The picture and the tables of the fronts: round axes, everything inside its panel, nothing over something else."""

from __future__ import annotations

import io
import math
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import pytest
from rich.console import Console

from mcupatch.report.axis_ticks import MOST_TICKS, choose_axis
from mcupatch.report.figures import Fronts, PlannedPoint
from mcupatch.report.front_panel import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, lay_out_panel
from mcupatch.report.front_picture import draw_fronts
from mcupatch.report.fronts import fronts_report, spread

SVG = "{http://www.w3.org/2000/svg}"
LETTER = 7.0  # pixels of a letter at most, at the picture's size of text


def point(kib: float, extra: int, instructions: int, taken: bool = False) -> PlannedPoint:
    return PlannedPoint(int(kib * 1024), extra, instructions, 12, "3 in tiles, 9 <whole>", None, taken, ())


FRONTS = Fronts(
    "a <net> & more",
    1_000_000,
    96 * 1024,
    replace(point(140, 0, 41_900_000), title="layer by layer"),
    (point(70.5, 90_000, 45_000_000), point(77, 10_000, 43_500_000), point(91, 0, 42_100_000, True)),
    (point(91, 0, 42_100_000, True), point(120, 0, 42_000_000)),
    9,
    2,
)  # fmt: skip


@pytest.mark.parametrize(
    "ends",
    [(0.0, 0.0), (3.0, 3.0), (0.0, 12.7), (155.2, 156.1), (19.4, 1372.0), (1e-3, 2e-3), (764.27, 772.1)],
)
def test_axes_are_round_and_hold_their_values(ends: tuple[float, float]) -> None:
    axis = choose_axis(*ends)
    assert axis.low <= ends[0] + 1e-9 and ends[1] <= axis.high + 1e-9
    assert 2 <= len(axis.ticks) <= MOST_TICKS
    mantissa = axis.step / 10.0 ** math.floor(math.log10(axis.step) + 1e-9)
    assert min(abs(mantissa - round_one) for round_one in (1, 2, 5)) < 1e-6
    labels = [axis.label(tick) for tick in axis.ticks]
    assert len(set(labels)) == len(labels)
    for label, tick in zip(labels, axis.ticks):
        assert abs(float(label) - tick) < 1e-6 * max(1.0, abs(tick))


def test_picture_lies_inside_its_panels() -> None:
    root = ElementTree.fromstring(draw_fronts(FRONTS))
    panels = root.findall(f"{SVG}g")
    assert [len(panel.findall(f"{SVG}circle")) for panel in panels] == [3, 2]
    for panel in panels:
        for circle in panel.findall(f"{SVG}circle"):
            assert LEFT <= float(circle.get("cx", "")) <= RIGHT
            assert TOP <= float(circle.get("cy", "")) <= BOTTOM
        (budget,) = (line for line in panel.findall(f"{SVG}line") if line.get("class") == "budget")
        assert LEFT <= float(budget.get("x1", "")) <= RIGHT
        (plain,) = (rect for rect in panel.findall(f"{SVG}rect") if rect.get("class") == "plain")
        assert LEFT <= float(plain.get("x", "")) + 4 <= RIGHT
    assert "a <net> & more" in "".join(root.itertext())


def test_labels_do_not_overlap() -> None:
    root = ElementTree.fromstring(draw_fronts(FRONTS))
    for panel in root.findall(f"{SVG}g"):
        texts = panel.findall(f"{SVG}text")
        across = [t for t in texts if t.get("class") == "x"]
        ends = [(float(t.get("x", "")), LETTER * len(t.text or "") / 2) for t in across]
        for (x, half), (next_x, next_half) in zip(ends, ends[1:]):
            assert x + half < next_x - next_half
        heights = sorted(float(t.get("y", "")) for t in texts if t.get("class") == "y")
        assert all(after - before > 12 for before, after in zip(heights, heights[1:]))
        for text in texts:
            if text.get("text-anchor") is None:  # titles and legends
                assert float(text.get("x", "")) + LETTER * len(text.text or "") < WIDTH + LETTER
                assert float(text.get("y", "")) < TOP
    assert BOTTOM < HEIGHT


def test_what_is_far_off_is_told_in_words() -> None:
    plain = replace(point(1372, 0, 41_900_000), title="layer by layer")
    far = replace(FRONTS, layer_by_layer=plain, budget_bytes=1_000_000)
    panel = lay_out_panel("title", "extra MACs, %", far, far.by_macs, lambda p: p.extra_macs / 1e4)
    assert panel.plain is None and panel.budget is None
    assert "1372.0 KiB, out of sight" in panel.plain_note and "out of sight" in panel.budget_note
    assert float(panel.x_ticks[-1].label) <= 100


def test_picture_of_nothing_is_still_one() -> None:
    empty = Fronts("net", 0, None, None, (), (), 0, 0)
    assert ElementTree.fromstring(draw_fronts(empty)).findall(f".//{SVG}circle") == []


def test_long_fronts_are_thinned_evenly() -> None:
    assert spread(range(5), 12) == [0, 1, 2, 3, 4]
    assert spread(range(101), 5) == [0, 25, 50, 75, 100]
    assert spread(range(7), 1) == [0]


def test_tables_mark_what_fits_and_what_is_taken() -> None:
    stream = io.StringIO()
    Console(file=stream, width=80).print(fronts_report(FRONTS, 2))
    text = stream.getvalue()
    assert max(map(len, text.splitlines())) <= 80
    assert "2 of 9 found" in text and "taken" in text and "+9.0 %" in text and "45.00 M" in text
    assert "98,304 B (96.0 KiB)" in text and "layer by layer" in text
    assert "below 0" not in text


def test_less_work_than_the_whole_network_is_explained() -> None:
    stream = io.StringIO()
    skipping = replace(FRONTS, by_macs=(point(70.5, -19_000, 45_000_000),))
    Console(file=stream, width=80).print(fronts_report(skipping, 2))
    text = stream.getvalue()
    assert "-1.9 %" in text and "below 0: tiles leave out what nothing reads" in text
