"""The best schedules of the zoo's networks and of real models, planned and measured, beside what was aimed at.

    python -m benchmarks.schedule_table [--models DIR] [NAME...]

Without a NAME: every network of ``ROWS`` (the real models only if ``--models`` says where they are), written to
``benchmarks/schedule.md``. Every schedule is compiled, run on the emulated chip and compared with the reference, byte
for byte; a difference is an error.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

from rich.console import Console

from benchmarks.markdown import format_table
from benchmarks.side_by_side import exit_if_failed, measure_all
from mcupatch.describe import describe_model, describe_run
from mcupatch.errors import McupatchError
from mcupatch.model_file import ModelFile, load_model_file
from mcupatch.model_inputs import random_inputs
from mcupatch.options import CompileOptions, FitBudget, LeastSram, Mode, PerLayer
from mcupatch.pipeline import CompiledModel, compile_model, measure_model
from mcupatch.result import MeasuredFacts, Result
from mcupatch.schedule.explain import describe_bottleneck
from mcupatch.scratch import find_schedule_scratch
from mcupatch.target.board import STATICS_BYTES, load_board

BOARD, SRAM_BYTES, FLASH_BYTES = "generic", 4 << 20, 16 << 20  # as much as any network needs layer by layer
EXTRA_SHARE = 0.05
CAN_STREAM = any(field.name == "stream_input" for field in fields(CompileOptions))


@dataclass(frozen=True)
class Row:
    """A network of the zoo, or a ``file`` of real models; ``aim_kib`` is what the arena should be at most."""

    title: str
    source: str
    aim_kib: float | None
    is_file: bool = False


@dataclass(frozen=True)
class Figures:
    """The same network layer by layer, without extra MACs, with a few, and the least work within the aim (None: no aim).

    ``bottleneck``: where the second needs its arena.
    """

    row: Row
    per_layer: Result
    least: Result
    with_extra: Result
    within_aim: Result | None
    bottleneck: str


ROWS = (
    Row("mobilenet_v2", "zoo:mobilenet_v2", 80),
    Row("mbv2_rd", "zoo:mbv2_rd", 52),
    Row("mbv2_w0.35_r144", "zoo:mbv2_w0.35_r144", 20),
    Row("proxyless_w0.3_r176", "zoo:proxyless_w0.3_r176", 39),
    Row("mnasnet_b1", "zoo:mnasnet_b1", 88),
    Row("mnasnet_a1", "zoo:mnasnet_a1", None),
    Row("mcunet_vww0", "zoo:mcunet_vww0", 12),
    Row("mcunet_vww1", "zoo:mcunet_vww1", 16),
    Row("mcunet_vww2", "zoo:mcunet_vww2", 49),
    Row("mcunet_in0", "zoo:mcunet_in0", 10.5),
    Row("mcunet_in1", "zoo:mcunet_in1", 19),
    Row("mcunet_in2", "zoo:mcunet_in2", 56),
    Row("mcunet_in3", "zoo:mcunet_in3", 61),
    Row("mcunet_in4", "zoo:mcunet_in4", 90),
    Row("person_det", "zoo:person_det", 48),
    Row("mlperf_vww96 (trained)", "mlperf_vww96.tflite", 13, is_file=True),
    Row("mlperf_resnet8 (trained)", "mlperf_resnet8.tflite", 11, is_file=True),
    Row("mcunet_vww1 (trained)", "mcunet_vww1.tflite", 16, is_file=True),
    Row("mcunet_person_det (trained)", "mcunet_person_det.tflite", 48, is_file=True),
)
HEAD = (
    "network",
    "per layer, analytic",
    "per layer, planned",
    "arena",
    "aim",
    "aim met",
    "lower bound",
    "optimal",
    "touched",
    "extra MACs",
    "instructions per layer M",
    "instructions M",
    "more instructions",
    "arena of the least work within the aim",
    "more instructions then",
    f"arena with {EXTRA_SHARE:.0%} MACs",
    "extra MACs then",
)


def measure_row(chosen: tuple[Row, str]) -> Figures:
    """Four compilations and runs of what ``choose_rows`` gave. Raises McupatchError, also where an output is not the
    reference's."""
    row, source = chosen
    model = load_model_file(source)
    least = compile_for(model, LeastSram(max_extra_macs=0), stream=True)
    return Figures(
        row,
        measure(compile_for(model, PerLayer(), stream=False)),
        measure(least),
        measure(compile_for(model, LeastSram(max_extra_macs=EXTRA_SHARE), stream=True)),
        None if row.aim_kib is None else measure(compile_within(model, row.aim_kib)),
        describe_bottleneck(least.graph, least.schedule, find_schedule_scratch(least.graph, least.schedule)),
    )


def compile_within(model: ModelFile, arena_kib: float) -> CompiledModel:
    """Streamed, the least work in so much arena: what stack and data take is added to the budget of SRAM."""
    beside = load_board(BOARD).stack_bytes + STATICS_BYTES
    return compile_for(model, FitBudget(), stream=True, sram_bytes=int(arena_kib * 1024) + beside)


def compile_for(model: ModelFile, mode: Mode, stream: bool, sram_bytes: int = SRAM_BYTES) -> CompiledModel:
    """For a board that holds anything, or has so much SRAM, with int8 ends."""
    streamed = {"stream_input": True} if stream and CAN_STREAM else {}
    return compile_model(
        model,
        CompileOptions(BOARD, sram_bytes, FLASH_BYTES, mode, io="int8", **streamed),  # type: ignore[arg-type]
    )


def measure(compiled: CompiledModel) -> Result:
    """One run. Raises McupatchError where the output is not the reference's."""
    run = measure_model(compiled, random_inputs(compiled.graph))
    if not run.matches_reference:
        raise McupatchError(
            f"{compiled.options.mode}: the output differs from the reference by {run.max_abs_diff}"
        )
    return replace(describe_model(compiled), measured=describe_run(run))


def format_row(figures: Figures) -> list[str]:
    """The cells under ``HEAD``."""
    plain, least, more, aim = figures.per_layer, figures.least, figures.with_extra, figures.row.aim_kib
    arena = least.memory.arena_bytes
    before, after = _measured(plain).instructions or 0, _measured(least).instructions or 0
    return [
        figures.row.title,
        _kib(plain.memory.analytic_per_layer_bytes),
        _kib(plain.memory.arena_bytes),
        _kib(arena),
        "" if aim is None else f"{aim:g}",
        "" if aim is None else ("yes" if arena <= aim * 1024 else "no"),
        _kib(least.memory.lower_bound_bytes),
        "yes" if least.memory.optimal else "no",
        _kib(_measured(least).arena_touched_bytes or 0),
        _share(least),
        f"{before / 1e6:.2f}",
        f"{after / 1e6:.2f}",
        _more(before, after),
        *_within_aim(figures.within_aim, before),
        _kib(more.memory.arena_bytes),
        _share(more),
    ]


def _within_aim(result: Result | None, before: int) -> tuple[str, str]:
    """Its arena, and its instructions against ``before`` of layer-by-layer execution."""
    if result is None:
        return "", ""
    return _kib(result.memory.arena_bytes), _more(before, _measured(result).instructions or 0)


def _more(before: int, after: int) -> str:
    return f"{100 * (after / before - 1):+.1f} %"


def _measured(result: Result) -> MeasuredFacts:
    assert result.measured is not None
    return result.measured


def _kib(count: int) -> str:
    return f"{count / 1024:.2f}"


def _share(result: Result) -> str:
    extra = 100 * result.compute.extra_macs / result.compute.macs
    return f"{extra:+.2f} %" if extra else "0"


def choose_rows(names: Sequence[str], models: Path | None) -> Iterator[tuple[Row, str]]:
    """The rows asked for (all without ``names``), each with what to compile."""
    for row in ROWS:
        if names and row.title not in names and row.source.removeprefix("zoo:") not in names:
            continue
        if not row.is_file:
            yield row, row.source
        elif models is not None and (models / row.source).exists():
            yield row, str(models / row.source)


def format_page(figures: Sequence[Figures]) -> str:
    """The reviewed file."""
    end = "streamed, so it has no buffer," if CAN_STREAM else "held in the arena,"
    text = (
        "The arena of the least-SRAM schedule that computes nothing twice, and of the same network layer by layer. The\n"
        f"input is {end} in every column but those of layer-by-layer execution, where it is held. Sizes are KiB;\n"
        'the analytic figure is the definition of the MCUNetV2 paper; "optimal": no placement of the schedule\'s\n'
        'buffers is smaller; "touched": the bytes of the arena that were written on an emulated Cortex-M7. One random\n'
        "input, int8 ends, int16 weights (16 MiB of flash); the output of every schedule equals the NumPy reference, byte\n"
        "for byte. Networks without a remark have seeded weights. Made by `make bench-schedule`.\n"
    )
    stops = "\n".join(f"- {each.row.title}: {each.bottleneck}." for each in figures)
    return (
        f"# Schedule table\n\n{text}\n{format_table(HEAD, [format_row(each) for each in figures])}\n\n"
        f"## Where the arena without extra MACs is needed\n\n{stops}\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", type=Path, help="folder of the real models")
    parser.add_argument("names", nargs="*", metavar="NAME")
    arguments = parser.parse_intermixed_args()
    jobs = {row.title: (row, source) for row, source in choose_rows(arguments.names, arguments.models)}
    found, failures = measure_all(measure_row, jobs, Console(stderr=True))
    figures = list(found.values())
    print(format_table(HEAD, [format_row(each) for each in figures]))
    exit_if_failed(failures, figures)
    if not arguments.names:
        Path(__file__).with_name("schedule.md").write_text(format_page(figures))


if __name__ == "__main__":
    main()
