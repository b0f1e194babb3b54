"""The benchmark of tuning: what it prints has a cell under every heading, with the figures of its row."""

from __future__ import annotations

from benchmarks import tuning_table
from mcupatch.report.tuning import TrialFigures, TuningFigures


def test_every_row_has_a_title_of_its_own() -> None:
    assert len({row.title for row in tuning_table.ROWS}) == len(tuning_table.ROWS)


def test_a_row_is_told_under_its_headings() -> None:
    row = tuning_table.Row("net", 16, 400)
    untuned, best = (
        TrialFigures(2000, None, 1900, 1, 1, 0, 1, 0),
        TrialFigures(1500, 1650, 1200, 1, 1, 50, 2, 0),
    )
    wide = TrialFigures(1400, None, 1, 1, 1, 0, 1, 3)
    figures = TuningFigures(
        "net", 1000, "board", "cortex-m7", "instructions", untuned, best, (untuned, best, wide), 0, False
    )
    cells = dict(zip(tuning_table.HEAD, tuning_table.format_row(row, figures), strict=True))
    assert (cells["network"], cells["SRAM KiB"], cells["flash KiB"]) == ("net", "16", "400")
    assert (cells["change"], cells["extra MACs then"], cells["of which better"]) == ("-25.0%", "+5.0%", "2")
    # 1900 for 2000 and 1200 for 1500; 1650 for 1500; what has int16 weights is not counted
    assert (cells["error of the fitted model"], cells["of the learned one"]) == ("12.5%", "10.0%")
