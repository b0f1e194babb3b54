"""``mcupatch demo``: a real network on an emulated chip, layer by layer, in patches, with kept halos, streamed."""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mcupatch.cli.console import Progress, output_console, show_progress
from mcupatch.options import ByHand, CompileOptions, LeastSram, PerLayer

if TYPE_CHECKING:
    from mcupatch.model_file import ModelFile
    from mcupatch.report.figures import Verdict

NETWORK = "zoo:mbv2_w0.35_r144"
BOARD = "stm32f746"
# What is compiled, by directory. The patches are those of MCUNetV2: over the first operators, halos recomputed.
TARGETS = {
    "per-layer": CompileOptions(BOARD, mode=PerLayer()),
    "patches": CompileOptions(BOARD, mode=ByHand(ops=6, grid=(6, 9))),
    "kept-halos": CompileOptions(BOARD, mode=LeastSram(0.0)),
    "streamed": CompileOptions(BOARD, mode=LeastSram(0.0), stream_input=True),
}


class StageClock:
    """Passes progress on, and remembers when each stage began, in seconds."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self.began: dict[str, float] = {}

    def __call__(self, step: str) -> None:
        self.began[step] = time.monotonic()
        self._progress(step)

    @property
    def import_to_c_seconds(self) -> float:
        return self.began["building the firmware"] - self.began["importing the model"]


@click.command("demo")
@click.option("-o", "--output", default="demo-out", show_default=True, metavar="DIR", help="Where to write.")
def command(output: str) -> None:
    """Compile MobileNetV2-0.35 at 144 pixels for an STM32F746 in four ways; run each on the emulated chip."""
    from mcupatch.model_file import load_model_file
    from mcupatch.outputs import check_replaceable
    from mcupatch.report.tables import verdict_table

    directory = Path(output)
    for name in TARGETS:
        check_replaceable(directory / name)
    console = output_console()
    console.print(f"{NETWORK} (seeded weights, random picture) on an emulated {BOARD}")
    with show_progress() as progress:
        progress("making the network")
        source = load_model_file(NETWORK)
        rows: list[Verdict] = []
        seconds = []
        for name, options in TARGETS.items():
            verdict, took = _compile_and_run(source, options, directory / name, progress)
            rows.append(verdict)
            seconds.append(took)
    console.print(verdict_table(rows))
    program = "mcupatch" if shutil.which("mcupatch") else sys.argv[0]  # as it was called, where PATH has none
    for line in (
        "arena: planned, activations and scratch. SRAM: measured, arena, data and stack.",
        "equal: the output has the bytes of the reference.",
        "patches: over the first operators, halos computed again by each patch, as MCUNetV2 does.",
        "kept-halos: the smallest arena at no extra MACs, in stages; streamed: the image comes row by row.",
        f"Import to C took {min(seconds):.1f} s to {max(seconds):.1f} s.",
        "",
        "Next:",
        f"  {program} run {directory / 'kept-halos'}",
        f"  {program} search-schedule {NETWORK} --stream-input",
        f"  {program} compile {NETWORK} --stream-input --sram 48KiB -o net",
        f"  the generated C is in {directory / 'kept-halos' / 'src'}",
    ):
        console.print(line, soft_wrap=True)
    if not all(row.matches_reference for row in rows):
        raise click.exceptions.Exit(1)


def _compile_and_run(
    source: ModelFile, options: CompileOptions, directory: Path, progress: Progress
) -> tuple[Verdict, float]:
    """One row of the table, and how long the way from the import to C took."""
    from mcupatch.describe import describe_run
    from mcupatch.model_inputs import random_inputs
    from mcupatch.pipeline import compile_model, measure_model
    from mcupatch.report.figures import Verdict
    from mcupatch.saved import save_compiled

    clock = StageClock(lambda step: progress(f"{directory.name}: {step}"))
    compiled = compile_model(source, options, clock)
    clock("running on the emulated chip")
    run = measure_model(compiled, random_inputs(compiled.graph))
    measured = describe_run(run)
    result = save_compiled(compiled, directory, measured)
    verdict = Verdict(
        directory.name,
        result.memory.arena_bytes,
        measured.sram_bytes or 0,
        measured.flash_bytes or 0,
        result.compute.macs + result.compute.extra_macs,
        measured.instructions or 0,
        measured.matches_reference,
    )
    return verdict, clock.import_to_c_seconds
