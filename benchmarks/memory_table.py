"""Memory and instructions of real networks, layer by layer and in patches, measured on the emulated chip.

    python benchmarks/memory_table.py MODEL...        (.tflite, .onnx, or zoo:NAME)

Prints the table and writes it to ``benchmarks/memory.md``. Every row is a compilation and a run whose output
equals the reference, byte for byte; a row that does not is an error.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from mcupatch.describe import describe_model
from mcupatch.errors import McupatchError
from mcupatch.model_file import load_model_file
from mcupatch.model_inputs import random_inputs
from mcupatch.options import CompileOptions, LeastSram, Mode, PerLayer
from mcupatch.pipeline import CompiledModel, compile_model, measure_model

BOARD = "stm32h743"
MODES: dict[str, Mode] = {"per layer": PerLayer(), "+10 % MACs": LeastSram(0.10), "least SRAM": LeastSram()}
HEAD = (
    "model",
    "schedule",
    "patches",
    "operators",
    "arena B",
    "SRAM B",
    "flash B",
    "MACs M",
    "instructions M",
    "insn/MAC",
)


def measure_rows(model: str) -> Iterator[list[str]]:
    """One row a schedule, each schedule once, with int8 ends."""
    source, seen = load_model_file(model), set()
    for title, mode in MODES.items():
        compiled = compile_model(source, CompileOptions(BOARD, mode=mode, io="int8"))
        if compiled.schedule not in seen:
            seen.add(compiled.schedule)
            yield measure_row(compiled, title)


def measure_row(compiled: CompiledModel, title: str) -> list[str]:
    """One run. Raises McupatchError where the output is not the reference's."""
    run = measure_model(compiled, random_inputs(compiled.graph))
    if not run.matches_reference:
        raise McupatchError(
            f"{compiled.source.name}, {title}: the output differs from the reference by {run.max_abs_diff}"
        )
    result, measured = describe_model(compiled), run.measurement
    stage = result.patched
    macs = result.compute.macs + result.compute.extra_macs
    instructions = measured.instructions or 0
    return [
        compiled.source.name,
        title,
        f"{stage.grid[0]}x{stage.grid[1]}" if stage else "",
        str(stage.ops[1] + 1) if stage else "",
        f"{result.memory.arena_bytes:,}",
        f"{measured.sram_bytes:,}",
        f"{measured.flash_bytes:,}",
        f"{macs / 1e6:.2f}",
        f"{instructions / 1e6:.2f}",
        f"{instructions / macs:.2f}",
    ]


def main(models: list[str]) -> None:
    if not models:
        sys.exit(__doc__)
    lines = [f"| {' | '.join(HEAD)} |", "|" + "---|" * 3 + "---:|" * (len(HEAD) - 3)]
    for model in models:
        for row in measure_rows(model):
            lines.append(f"| {' | '.join(row)} |")
            print(lines[-1], flush=True)
    header = (
        f"Measured on an emulated Cortex-M7 ({BOARD}'s memories), one random input, int8 ends; the output of every\n"
        "row equals the NumPy reference, byte for byte. SRAM is arena, data and the stack's high-water mark. Where a\n"
        "limit on extra MACs has no row, no patch schedule within it needs less than layer-by-layer execution.\n\n"
    )
    Path(__file__).with_name("memory.md").write_text("# Memory table\n\n" + header + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
