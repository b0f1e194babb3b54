"""The benchmark of QEMU: which networks are measured where, and a cell under every heading."""

from __future__ import annotations

from pathlib import Path

from benchmarks import qemu_table


def test_networks_of_the_zoo_need_no_folder() -> None:
    assert {job.source for job in qemu_table.list_jobs(None, []).values()} == {"zoo:mobilenet_v2"}


def test_every_network_is_on_every_core(tmp_path: Path) -> None:
    jobs = qemu_table.list_jobs(tmp_path, ["mlperf_vww96.tflite"]).values()
    assert {job.cpu for job in jobs} == set(qemu_table.BOARDS)
    assert {job.source for job in jobs} == {str(tmp_path / "mlperf_vww96.tflite")}


def test_a_row_is_told_under_its_headings() -> None:
    row = qemu_table.Row("net", "mps2-an386", "cortex-m4", "zig", 3, 1000, 2000, 1_000_004, 1_000_000)
    cells = dict(zip(qemu_table.HEAD, row.cells(), strict=True))
    assert (cells["QEMU"], cells["Unicorn"], cells["difference"]) == ("1,000,004", "1,000,000", "+4")
    alone = qemu_table.Row("net", "mps3-an547", "cortex-m55", "zig", 3, 1000, 2000, 1_000_004, None)
    assert dict(zip(qemu_table.HEAD, alone.cells(), strict=True))["Unicorn"] == "-"
