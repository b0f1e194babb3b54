"""Real networks booted in QEMU on each core and by each compiler, beside the same on Unicorn.

    python benchmarks/qemu_table.py [--models DIR] [--only NAME]

Every network is compiled for the first board of each core that holds it, linked once more for QEMU's machine with that
core, booted, and compared with the reference, byte for byte; a difference is an error. The real models are left out
unless ``--models`` says where they are. The table is written to ``benchmarks/qemu.md``.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mcupatch.errors import Infeasible
from mcupatch.model_file import ModelFile, load_model_file
from mcupatch.model_inputs import random_inputs
from mcupatch.options import CompileOptions
from mcupatch.pipeline import compile_model, measure_model

OUTPUT = Path(__file__).with_name("qemu.md")
CORES = {
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


HEADER = """\
# Booted in QEMU

Each network runs with a random input in QEMU, as a bare-metal image with the memory sizes of the board, and gives the bytes
of the reference. Instructions are those of one inference: in QEMU by a timer (`-icount shift=6`), on Unicorn counted block
by block. SRAM is data, arena and the stack's high-water mark. Boards: the STM32 where the network fits its flash, else
Arm's FPGA board with the same core. Unicorn has no Cortex-M55, and the MPS3's ITCM holds 512 KiB of code and weights.

Made by `{command}`.

| network | board | core | compiler | stages | SRAM | flash | QEMU | Unicorn | difference |
|---|---|---|---|---|---|---|---|---|---|
"""


def measure(name: str, source: ModelFile, board: str, toolchain: str) -> Row:
    """Raises Infeasible where the board is too small."""
    compiled = compile_model(source, CompileOptions(board, toolchain=toolchain))
    inputs = random_inputs(compiled.graph)
    run = measure_model(compiled, inputs, "qemu")
    found = run.measurement
    if not run.matches_reference:
        raise SystemExit(f"{name} on {board} ({toolchain}): the output differs from the reference")
    assert found.instructions and found.sram_bytes and found.flash_bytes
    unicorn = None
    if found.cpu != "cortex-m55":
        unicorn = measure_model(compiled, inputs, "unicorn").measurement.instructions
        assert unicorn is not None
        if abs(found.instructions / unicorn - 1) > WITHIN:
            raise SystemExit(
                f"{name} on {board} ({toolchain}): {found.instructions} in QEMU, {unicorn} on Unicorn"
            )
    stages = len(compiled.schedule.stages)
    return Row(
        name, board, found.cpu, toolchain, stages, found.sram_bytes, found.flash_bytes, found.instructions, unicorn
    )  # fmt: skip


def measure_all(models: Path | None, only: str | None) -> Iterator[Row]:
    toolchains = ("zig", "gcc") if shutil.which("arm-none-eabi-gcc") else ("zig",)
    for network in NETWORKS:
        if only not in (None, network) or (models is None and not network.startswith("zoo:")):
            continue
        source = load_model_file(network if network.startswith("zoo:") else models / network)
        for boards in CORES.values():
            for toolchain in toolchains:
                row = next(filter(None, (try_board(source, board, toolchain) for board in boards)), None)
                if row is not None:
                    print(row, file=sys.stderr)
                    yield row


def try_board(source: ModelFile, board: str, toolchain: str) -> Row | None:
    try:
        return measure(source.name, source, board, toolchain)
    except Infeasible:
        return None


def format_row(row: Row) -> str:
    unicorn = "-" if row.unicorn is None else f"{row.unicorn:,}"
    difference = "-" if row.unicorn is None else f"{row.qemu - row.unicorn:+d}"
    cells = (
        row.network,
        row.board,
        row.cpu,
        row.toolchain,
        row.stages,
        f"{row.sram_bytes:,}",
        f"{row.flash_bytes:,}",
    )
    return f"| {' | '.join(map(str, cells))} | {row.qemu:,} | {unicorn} | {difference} |\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, help="the folder of the real models")
    parser.add_argument("--only", help="one network")
    arguments = parser.parse_args()
    rows = list(measure_all(arguments.models, arguments.only))
    command = "python benchmarks/qemu_table.py" + (" --models DIR" if arguments.models else "")
    text = HEADER.format(command=command) + "".join(map(format_row, rows))
    if arguments.only:
        print(text)
    else:
        OUTPUT.write_text(text)


if __name__ == "__main__":
    main()
