"""Real networks booted in QEMU on each core and by each compiler, beside the same on Unicorn.

    python -m benchmarks.qemu_table [--models DIR] [NAME...]

Every network is compiled for the first board of each core that holds it, linked once more for QEMU's machine with that
core, booted, and compared with the reference, byte for byte; a difference is an error, and so are counts that are more
than 1 % apart. Without a NAME all of them (the real models only if ``--models`` says where they are) are written to
``benchmarks/qemu.md``.
"""

from __future__ import annotations

import argparse
import shutil
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from benchmarks.markdown import format_table
from benchmarks.side_by_side import exit_if_failed, measure_all
from mcupatch.errors import EmulationFault, Infeasible
from mcupatch.model_file import ModelFile, load_model_file
from mcupatch.model_inputs import random_inputs
from mcupatch.options import CompileOptions
from mcupatch.pipeline import compile_model, measure_model

OUTPUT = Path(__file__).with_name("qemu.md")
ON_UNICORN = ("cortex-m4", "cortex-m7")
BOARDS = {
    "cortex-m4": ("stm32f412", "mps2-an386"),
    "cortex-m7": ("stm32f746", "mps2-an500"),
    "cortex-m55": ("mps3-an547",),
}
NETWORKS = (
    "mcunet_vww1.tflite",
    "mcunet_person_det.tflite",
    "mlperf_vww96.tflite",
    "mobilenet_v1_0.25_128_quant.tflite",
    "zoo:mobilenet_v2",
)
WITHIN = 0.01
HEAD = ("network", "board", "core", "compiler", "stages", "SRAM", "flash", "QEMU", "Unicorn", "difference")
INTRODUCTION = """\
# Booted in QEMU

Each network runs with a random input in QEMU, as a bare-metal image with the memory sizes of the board, and gives the bytes
of the reference. Instructions are those of one inference: in QEMU by a timer (`-icount shift=6`), on Unicorn counted block
by block. SRAM is data, arena and the stack's high-water mark. Boards: the STM32 where the network fits its flash, else
Arm's FPGA board with the same core. Unicorn has no Cortex-M55, and the MPS3's ITCM holds 512 KiB of code and weights.

Made by `make bench-qemu`.
"""


@dataclass(frozen=True)
class Job:
    """A network on a core: ``source`` is a path or ``zoo:NAME``."""

    source: str
    cpu: str
    toolchain: str


@dataclass(frozen=True)
class Row:
    """One network on one board. ``unicorn`` is None for a core that Unicorn lacks."""

    network: str
    board: str
    cpu: str
    toolchain: str
    stages: int
    sram_bytes: int
    flash_bytes: int
    qemu: int
    unicorn: int | None

    def cells(self) -> list[str]:
        figures = [f"{n:,}" for n in (self.stages, self.sram_bytes, self.flash_bytes, self.qemu)]
        unicorn = (
            ["-", "-"] if self.unicorn is None else [f"{self.unicorn:,}", f"{self.qemu - self.unicorn:+d}"]
        )
        return [self.network, self.board, self.cpu, self.toolchain, *figures, *unicorn]


def measure(job: Job) -> Row | None:
    """On the first board that holds the network; None: none does. Raises EmulationFault where results differ."""
    source = load_model_file(job.source)
    for board in BOARDS[job.cpu]:
        try:
            return measure_on(board, source, job)
        except Infeasible:
            continue
    return None


def measure_on(board: str, source: ModelFile, job: Job) -> Row:
    """Raises Infeasible where the board is too small, EmulationFault where results differ."""
    compiled = compile_model(source, CompileOptions(board, toolchain=job.toolchain))
    inputs = random_inputs(compiled.graph)
    run = measure_model(compiled, inputs, "qemu")
    found = run.measurement
    if not run.matches_reference:
        raise EmulationFault(f"{board}: the output differs from the reference")
    assert found.instructions and found.sram_bytes and found.flash_bytes
    unicorn = None
    if job.cpu in ON_UNICORN:
        unicorn = measure_model(compiled, inputs).measurement.instructions
        assert unicorn is not None
        if abs(found.instructions / unicorn - 1) > WITHIN:
            raise EmulationFault(f"{board}: {found.instructions} in QEMU, {unicorn} on Unicorn")
    return Row(
        source.name,
        board,
        job.cpu,
        job.toolchain,
        len(compiled.schedule.stages),
        found.sram_bytes,
        found.flash_bytes,
        found.instructions,
        unicorn,
    )


def list_jobs(models: Path | None, names: list[str]) -> dict[str, Job]:
    """By title: each network (all without ``names``) on each core by each compiler that is installed."""
    toolchains = ("zig", "gcc") if shutil.which("arm-none-eabi-gcc") else ("zig",)
    jobs = {}
    for network in NETWORKS:
        is_zoo = network.startswith("zoo:")
        if (names and network not in names) or (models is None and not is_zoo):
            continue
        source = network if is_zoo or models is None else str(models / network)
        for cpu in BOARDS:
            for toolchain in toolchains:
                jobs[f"{network}, {cpu}, {toolchain}"] = Job(source, cpu, toolchain)
    return jobs


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", type=Path, help="the folder of the real models")
    parser.add_argument("names", nargs="*", metavar="NAME", help="networks, as NETWORKS has them")
    arguments = parser.parse_args()
    jobs = list_jobs(arguments.models, arguments.names)
    found, failures = measure_all(measure, jobs, Console(stderr=True))
    table = format_table(HEAD, [row.cells() for row in found.values() if row is not None])
    print(table)
    exit_if_failed(failures, found)
    if not arguments.names:
        OUTPUT.write_text(f"{INTRODUCTION}\n{table}\n")


if __name__ == "__main__":
    main()
