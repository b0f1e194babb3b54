"""The benchmark of kernels: its networks are what they say, and its tables have a cell under every heading."""

from __future__ import annotations

from pathlib import Path

from benchmarks import kernel_table
from mcupatch.ir import ops
from mcupatch.ir.access import macs
from mcupatch.pipeline import read_graph
from mcupatch.zoo.models import parse_network


def test_kernels_are_networks_of_one_operator() -> None:
    found = {}
    for kernel in kernel_table.KERNELS:
        graph = read_graph(kernel_table.build_kernel_model(kernel), "int8")
        (op,) = graph.ops
        found[kernel.title] = macs(graph, op)
        window = getattr(op, "kernel", (1, 1)), getattr(op, "stride", (1, 1))
        assert window == ((kernel.window,) * 2, (kernel.stride,) * 2)
        assert isinstance(op, ops.Conv2D | ops.DepthwiseConv2D | ops.Dense)
        assert (op.clamp.low, op.clamp.high) == (-128, 127)
    assert found["pointwise 20x20x48 to 96"] == 400 * 48 * 96
    assert found["depthwise 3x3, 20x20x96"] == 400 * 96 * 9
    assert found["first 3x3 stride 2, 96x96x3 to 16"] == 48 * 48 * 16 * 27


def test_jobs_are_every_core_compiler_and_mode(tmp_path: Path) -> None:
    (tmp_path / "mlperf_vww96.tflite").touch()
    jobs = list(kernel_table.list_jobs([], tmp_path, ["zig", "gcc"]))
    assert len({job.key for job in jobs}) == len(jobs) == 2 * (3 * len(kernel_table.KERNELS) + 2 * 2)
    sources = {job.source for job in jobs}
    assert sources == {"", "zoo:mobilenet_v2", str(tmp_path / "mlperf_vww96.tflite")}
    assert parse_network("zoo:mobilenet_v2").name == "mobilenet_v2"
    (one, other) = kernel_table.list_jobs(["mobilenet_v2"], None, ["zig"])
    assert (one.mode, other.mode) == (kernel_table.PER_LAYER, kernel_table.STREAMED)


def test_a_kernel_is_measured_alone() -> None:
    job = next(job for job in kernel_table.list_jobs(["dense 1024 to 256"], None, ["zig"]) if job.cpu == "M4")
    figures = kernel_table.measure(job)
    assert figures.macs == 1024 * 256
    assert 0.5 * figures.macs < figures.instructions < 20 * figures.macs
    assert figures.cycles_model > figures.instructions  # the M4 issues one instruction a cycle
    assert 500 < figures.text_bytes < 100_000


def test_tables_have_a_cell_under_every_heading() -> None:
    was, now = kernel_table.Figures(1000, 4000, 3000, 2048), kernel_table.Figures(1000, 1500, 900, 1024)
    keys = [f"{kernel.title} | {cpu} | zig" for kernel in kernel_table.KERNELS for cpu in kernel_table.BOARDS]
    keys += [f"mobilenet_v2 | M7 | zig | {mode}" for mode in (kernel_table.PER_LAYER, kernel_table.STREAMED)]
    page = kernel_table.format_page(dict.fromkeys(keys, now), dict.fromkeys(keys, was))
    for head in ("| kernel |", "| network |"):
        table = page[page.index(head) :].split("\n\n")[0].splitlines()
        assert len(table) > 2 and len({line.count("|") for line in table}) == 1
    assert page.count("4.00 → **1.50**") == len(keys) - 1
    assert "1.0 KiB with zig (before: 2.0)" in page
