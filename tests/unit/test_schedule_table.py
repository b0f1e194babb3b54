"""The benchmark of schedules: what it measures is there, and what it prints has a cell under every heading."""

from __future__ import annotations

from pathlib import Path

from benchmarks import schedule_table
from mcupatch.result import ComputeFacts, FlashFacts, MeasuredFacts, MemoryFacts, ModelFacts, Result
from mcupatch.zoo.models import parse_network


def test_rows_without_a_folder_are_networks_of_the_zoo() -> None:
    sources = [source for _, source in schedule_table.choose_rows([], None)]
    assert len(sources) >= 15
    assert all(parse_network(source).name == source.removeprefix("zoo:") for source in sources)


def test_files_are_rows_where_they_are(tmp_path: Path) -> None:
    (tmp_path / "mlperf_vww96.tflite").touch()
    sources = {source for _, source in schedule_table.choose_rows([], tmp_path)}
    assert str(tmp_path / "mlperf_vww96.tflite") in sources
    assert [row.title for row, _ in schedule_table.choose_rows(["mcunet_in3"], tmp_path)] == ["mcunet_in3"]


def test_a_row_says_whether_the_aim_is_met() -> None:
    row = schedule_table.Row("net", "zoo:net", 80)
    figures = schedule_table.Figures(
        row, _result(200, 0, 1000), _result(80, 0, 1100), _result(70, 5, 1200), _result(79, 0, 1050), ""
    )
    cells = dict(zip(schedule_table.HEAD, schedule_table.format_row(figures), strict=True))
    assert (cells["arena"], cells["aim"], cells["aim met"]) == ("80.00", "80", "yes")
    assert (cells["extra MACs"], cells["extra MACs then"]) == ("0", "+5.00 %")
    assert cells["more instructions"] == "+10.0 %"
    assert (cells["arena of the least work within the aim"], cells["more instructions then"]) == (
        "79.00",
        "+5.0 %",
    )
    assert figures.row.title in schedule_table.format_page([figures])


def _result(arena_kib: int, extra_macs: int, instructions: int) -> Result:
    arena = arena_kib * 1024
    return Result(
        ModelFacts("net", "", (), ()),
        (),
        MemoryFacts(arena, 0, 0, 0, arena, True, arena, arena, ()),
        ComputeFacts(100, extra_macs),
        FlashFacts(0, 0),
        MeasuredFacts("unicorn", None, instructions, arena, None, None, None, None, True, 0.0),
    )
