"""Tables fit 80 columns, show what they are given, and survive pipes."""

from __future__ import annotations

import io

import numpy as np
import pytest
from rich.console import Console, RenderableType

from mcupatch.report.compiled import describe_macs
from mcupatch.report.figures import LayerMemory, ScheduleFigures, Verdict
from mcupatch.report.run import best_classes, describe_output, looks_like_scores
from mcupatch.report.tables import layer_table, make_bar, schedule_table, verdict_table
from mcupatch.report.units import format_bytes, format_count, format_percent
from mcupatch.result import ComputeFacts, PortFacts


def rendered(thing: RenderableType) -> str:
    stream = io.StringIO()
    Console(file=stream, width=80).print(thing)
    return stream.getvalue()


def test_bars_are_in_proportion_and_never_empty() -> None:
    assert len(make_bar(100, 100, 24)) == 24
    assert make_bar(50, 100, 24) == "█" * 12
    assert make_bar(1, 10**9) == "▏"
    assert make_bar(0, 10) == ""
    assert make_bar(50, 100, 24, ascii_only=True) == "#" * 12


def test_layer_table_marks_the_peak() -> None:
    layers = [
        LayerMemory(0, "conv", "conv2d", (1, 112, 112, 32), 100_000, 0),
        LayerMemory(1, "a/very/long/name" * 9, "depthwise_conv2d", (1, 112, 112, 96), 1_404_928, 64),
    ]
    text = rendered(layer_table(layers))
    assert "1372.0" in text and "peak" in text
    assert max(map(len, text.splitlines())) <= 80


def test_schedule_and_verdict_tables_hold_their_figures() -> None:
    rows = [
        ScheduleFigures("per layer", 0, 0, (1, 1), 1_404_928, 1_404_928, 300_000_000, 0, 0, (224, 224)),
        ScheduleFigures(
            "4x4 patches", 15, 1, (4, 4), 200_000, 175_616, 300_000_000, 27_900_000, 38_000_000, (75, 75)
        ),
    ]
    rows.append(ScheduleFigures("20x20 patches", 15, 1, (20, 20), 1, 2, 3, 40, 50, (117, 101)))
    rows.append(ScheduleFigures("12 stages in tiles", 115, 12, (56, 1), 1, 2, 3, 40, 50, (117, 101)))
    text = rendered(schedule_table(rows))
    assert "20x20 patches" in text and "stages" in text and "117x101" in text
    assert "171.5" in text and "+9.3 %" in text and "75x75" in text
    assert max(map(len, text.splitlines())) <= 80
    verdicts = [Verdict("per layer", 311_040, 315_000, 800_000, 23_500_000, 150_000_000, True)]
    text = rendered(verdict_table([*verdicts, Verdict("4x4 patches", 1, 2, 3, 4, 5, False)]))
    assert "303.8" in text and "150.0 M" in text and "yes" in text and "NO" in text
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize(
    ("count", "text"), [(981, "981"), (12_345, "12.3 k"), (1_234_567, "1.23 M"), (23_541_000, "23.5 M")]
)
def test_counts(count: int, text: str) -> None:
    assert format_count(count) == text


def test_units() -> None:
    assert format_bytes(65_536) == "65,536 B (64.0 KiB)"
    assert format_percent(93, 1000) == "+9.3 %"
    assert format_percent(0, 0) == "0 %"


def test_macs_are_recomputed_or_left_out() -> None:
    assert describe_macs(ComputeFacts(1000, 20)) == "1000, +2.0 % recomputed"
    assert describe_macs(ComputeFacts(1000, -19)) == "1000, -1.9 %: what nothing reads is left out"


def test_scores_are_ranked_and_named() -> None:
    port = PortFacts("y", (1, 3), "uint8", 0.5, 10)
    value = np.array([[12, 250, 30]], np.uint8)
    assert looks_like_scores(value) and not looks_like_scores(np.zeros((1, 4, 4, 2)))
    assert best_classes(value) == [1, 2, 0]
    text = describe_output(port, value, ["cat", "dog"])
    assert "1         120  dog" in text
    assert "2          10\n" in text
    grid = describe_output(
        PortFacts("m", (1, 2, 2, 3), "float32", None, None), np.zeros((1, 2, 2, 3), np.float32), None
    )
    assert grid == "output m [1, 2, 2, 3] float32: 0, 0, 0, 0, 0, 0, 0, 0, ..."
