"""The benchmark of schedules: what it measures is there, and what it prints has a cell under every heading."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from mcupatch.result import ComputeFacts, FlashFacts, MeasuredFacts, MemoryFacts, ModelFacts, Result
from mcupatch.zoo.models import parse_network

_FILE = Path(__file__).parents[2] / "benchmarks" / "schedule_table.py"


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location("schedule_table", _FILE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_rows_without_a_folder_are_networks_of_the_zoo(benchmark: ModuleType) -> None:
    sources = [source for _, source in benchmark.choose_rows([], None)]
    assert len(sources) >= 15
    assert all(parse_network(source).name == source.removeprefix("zoo:") for source in sources)


def test_files_are_rows_where_they_are(benchmark: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "mlperf_vww96.tflite").touch()
    sources = {source for _, source in benchmark.choose_rows([], tmp_path)}
    assert str(tmp_path / "mlperf_vww96.tflite") in sources
    assert [row.title for row, _ in benchmark.choose_rows(["mcunet_in3"], tmp_path)] == ["mcunet_in3"]


def test_a_row_says_whether_the_aim_is_met(benchmark: ModuleType) -> None:
    row = benchmark.Row("net", "zoo:net", 80)
    figures = benchmark.Figures(
        row, _result(200, 0, 1000), _result(80, 0, 1100), _result(70, 5, 1200), _result(79, 0, 1050), ""
    )
    cells = dict(zip(benchmark.HEAD, benchmark.format_row(figures), strict=True))
    assert (cells["arena"], cells["aim"], cells["aim met"]) == ("80.00", "80", "yes")
    assert (cells["extra MACs"], cells["extra MACs then"]) == ("0", "+5.00 %")
    assert cells["more instructions"] == "+10.0 %"
    assert (cells["arena of the least work within the aim"], cells["more instructions then"]) == (
        "79.00",
        "+5.0 %",
    )
    assert figures.row.title in benchmark.format_page([figures])


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
