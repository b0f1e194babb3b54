"""Figure 6's setting: SRAM and work on an STM32F746, here emulated, of networks scaled to fit layer by layer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mcupatch.describe import describe_run
from mcupatch.errors import Infeasible, McupatchError
from mcupatch.model_file import ModelFile
from mcupatch.model_inputs import random_inputs
from mcupatch.options import ByHand, CompileOptions, LeastSram, Mode, PerLayer
from mcupatch.paper import published
from mcupatch.paper.item import Cell, Chart, PaperItem, Series
from mcupatch.patch_stage import choose_patch_stage, count_operators
from mcupatch.pipeline import compile_model, measure_model
from mcupatch.zoo.blocks import Network
from mcupatch.zoo.networks import find_network
from mcupatch.zoo.width import scale_width
from mcupatch.zoo.write_tflite import build_tflite

BOARD = "stm32f746"
GRIDS = ((2, 2), (3, 3))
SCALED = {"mbv2_rd": 0.35, "fbnet_a": 0.3}  # to these widths: their weights must fit the flash
PIXELS = 144
HEAD = (
    "network",
    "schedule",
    "SRAM KiB",
    "times less",
    "M instructions",
    "more than layer by layer %",
    "equal bytes",
)


def networks_that_fit() -> tuple[Network, ...]:
    """Two of MCUNet's baselines, and the paper's other backbones scaled alike."""
    scaled = (
        replace(scale_width(find_network(name, PIXELS), width), name=f"{name}_w{width:g}_r{PIXELS}")
        for name, width in SCALED.items()
    )
    return (find_network("mbv2_w0.35_r144"), *scaled, find_network("proxyless_w0.3_r176"))


def redo_figure_6() -> PaperItem:
    """Raises McupatchError where an output differs from the reference."""
    rows: list[tuple[Cell, ...]] = []
    for network in networks_that_fit():
        rows += _rows(network)
    names = tuple(dict.fromkeys(str(row[0]) for row in rows))
    titles = tuple(dict.fromkeys(str(row[1]) for row in rows))
    cells = {(str(row[0]), str(row[1])): row for row in rows}
    least, most = published.FIGURE_6_REDUCTION
    return PaperItem(
        "figure_6",
        f"Measured on an emulated {BOARD}",
        "SRAM: .data, .bss with the arena, and the stack's high-water mark. Instructions are exact "
        "counts of the emulator; the paper's latency is milliseconds of a chip. Patches recompute "
        "their halos, the picture held whole; halos kept: the smallest arena without recomputation, "
        "held or row by row. Weights are seeded, the input is random. Blocks in patches: those of the "
        "least analytic peak for the grid.",
        HEAD,
        tuple(rows),
        f"Paper: {least} to {most} times less SRAM, +{published.FIGURE_6_RD_LATENCY_PERCENT} % latency "
        "for MbV2-RD. Its networks are larger, with the picture outside of what is counted; compare "
        "the last two rows of each.",
        (
            Chart(
                "SRAM",
                "KiB",
                names,
                tuple(
                    Series(title, tuple(_value(cells, name, title, 2) for name in names)) for title in titles
                ),
            ),
            Chart(
                "Instructions",
                "million",
                names,
                tuple(
                    Series(title, tuple(_value(cells, name, title, 4) for name in names)) for title in titles
                ),
            ),
        ),
    )


def _rows(network: Network) -> Iterator[tuple[Cell, ...]]:
    model = ModelFile(network.file_stem, ".tflite", build_tflite(network))
    before: tuple[int, int] | None = None
    for title, mode, stream in _schedules(network):
        sram, instructions = _measure(model, mode, stream)
        before = before or (sram, instructions)
        yield (
            network.name,
            title,
            sram / 1024,
            before[0] / sram,
            instructions / 1e6,
            100 * (instructions / before[1] - 1),
            "yes",
        )


def _schedules(network: Network) -> Iterator[tuple[str, Mode, bool]]:
    yield "layer by layer", PerLayer(), False
    for grid in GRIDS:
        try:
            blocks, _ = choose_patch_stage(network, grid=grid)
        except Infeasible:
            continue
        yield f"{grid[0]}x{grid[1]} patches", ByHand(count_operators(network, blocks), grid), False
    yield "halos kept", LeastSram(0), False
    yield "halos kept, streamed", LeastSram(0), True


def _measure(model: ModelFile, mode: Mode, stream: bool) -> tuple[int, int]:
    compiled = compile_model(model, CompileOptions(BOARD, mode=mode, io="int8", stream_input=stream))
    run = measure_model(compiled, random_inputs(compiled.graph))
    if not run.matches_reference:
        raise McupatchError(
            f"{model.name}, {mode}: the output differs from the reference by {run.max_abs_diff}"
        )
    facts = describe_run(run)
    assert facts.sram_bytes is not None and facts.instructions is not None
    return facts.sram_bytes, facts.instructions


def _value(
    cells: dict[tuple[str, str], tuple[Cell, ...]], name: str, title: str, column: int
) -> float | None:
    value = cells[name, title][column] if (name, title) in cells else None
    return float(value) if isinstance(value, int | float) else None
