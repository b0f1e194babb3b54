"""Fits the numbers of ``mcupatch.schedule.work`` to what operators take on the emulated Cortex-M7.

    python -m benchmarks.fit_work [--models DIR] [--int8] [NAME...]

Every network of ``NETWORKS`` is run layer by layer, in patches and streamed within several budgets, with int8 ends and
int16 weights, or int8 ones. What is printed is to be copied into ``INT16_WEIGHTS`` or ``INT8_WEIGHTS``, in hundredths
of an instruction, with the errors over the operators that were measured: those that a fit leaves are the model's, not
the measurement's. The features are the model's own: it is linear, so each is what one number alone would give.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from scipy.optimize import nnls

from benchmarks.schedule_table import FLASH_BYTES, SRAM_BYTES
from benchmarks.side_by_side import exit_if_failed, measure_all
from mcupatch.bench import measure_operators
from mcupatch.ir.graph import Graph
from mcupatch.model_file import load_model_file
from mcupatch.model_inputs import random_inputs
from mcupatch.options import ByHand, CompileOptions, FitBudget, LeastSram, Mode, PerLayer
from mcupatch.pipeline import CompiledModel, compile_model
from mcupatch.schedule.holdings import lay_out_schedule
from mcupatch.schedule.moved_bytes import find_moved
from mcupatch.schedule.stage import Schedule
from mcupatch.schedule.work import (
    HUNDRED,
    CallCounts,
    CallWork,
    KernelWork,
    WorkModel,
    count_calls,
    count_whole,
    operator_work,
)
from mcupatch.target.board import STATICS_BYTES, load_board

NETWORKS = (
    "zoo:mcunet_in0",
    "zoo:mcunet_vww0",
    "zoo:mbv2_w0.35_r144",
    "zoo:proxyless_w0.3_r176",
    "mlperf_resnet8.tflite",
    "mlperf_vww96.tflite",
    "mcunet_vww1.tflite",
)
SLACKS = (1.04, 1.2, 1.6)  # budgets, over the least arena
UNIT = 1_000_000  # of a number alone, large beside what the model rounds
NONE = KernelWork(call=0)
KERNELS = tuple(field.name for field in fields(WorkModel) if field.name not in ("move", "moved_byte"))
NO_WORK = WorkModel(**{name: NONE for name in KERNELS}, move=0, moved_byte=0)  # type: ignore[arg-type]
WITH_NARROW = {k: f"narrow_{k}" for k in ("pointwise", "window", "depthwise", "strided_depthwise")}
EACH_ONCE = CallCounts(*(1 for _ in fields(CallCounts)))
LEAST_SAMPLES = 20

Numbers = Mapping[tuple[str, str], tuple[CallWork, ...]]  # by kernel and number of KernelWork


@dataclass(frozen=True)
class Sample:
    """An operator in one run: what its calls add up to, by kernel and number of ``KernelWork``, and what it took."""

    kernel: str
    features: Mapping[tuple[str, str], float]
    instructions: int
    is_tiled: bool


@dataclass(frozen=True)
class Glue:
    """Of one run: runs of bytes that are moved, their bytes, and what all code outside operators took."""

    copies: int
    nbytes: int
    instructions: int


@dataclass(frozen=True)
class Measured:
    samples: tuple[Sample, ...]
    glue: tuple[Glue, ...]


def measure_network(chosen: tuple[str, int | None]) -> Measured:
    """All runs of one network; operators that run whole are samples of the first alone. Raises McupatchError."""
    samples: list[Sample] = []
    glue: list[Glue] = []
    source, flash_bytes = chosen
    for compiled in compile_all(source, flash_bytes):
        graph, schedule = compiled.graph, compiled.schedule
        run = measure_operators(compiled, source, random_inputs(graph))
        numbers = single_numbers(graph)
        for cost, (count, is_tiled) in zip(run.operators, count_all(graph, schedule)):
            if is_tiled or not glue:
                samples.append(make_sample(numbers, cost.index, count, cost.cost.instructions, is_tiled))
        moved = [
            find_moved(graph, layout) for layout in lay_out_schedule(graph, schedule) if layout is not None
        ]
        glue.append(Glue(sum(m.copies for m in moved), sum(m.nbytes for m in moved), run.glue.instructions))
    return Measured(tuple(samples), tuple(glue))


def compile_all(source: str, flash_bytes: int | None) -> Iterator[CompiledModel]:
    """``flash_bytes``: what int16 weights may fill; None: int8 weights."""
    model = load_model_file(source)

    def compiled(mode: Mode, stream: bool, sram_bytes: int = SRAM_BYTES) -> CompiledModel:
        options = CompileOptions("generic", sram_bytes, flash_bytes, mode, io="int8", stream_input=stream)
        return compile_model(model, options)

    yield compiled(PerLayer(), stream=False)
    yield compiled(ByHand(6, (3, 3)), stream=False)
    least = compiled(LeastSram(0.0), stream=True)
    yield least
    beside = load_board("generic").stack_bytes + STATICS_BYTES
    for slack in SLACKS:
        yield compiled(FitBudget(), stream=True, sram_bytes=int(least.plan.arena_bytes * slack) + beside)


def count_all(graph: Graph, schedule: Schedule) -> list[tuple[CallCounts, bool]]:
    """By operator, and whether it runs in tiles."""
    counts = []
    for stage, layout in zip(schedule.stages, lay_out_schedule(graph, schedule)):
        for i in stage.operators:
            counts.append(
                (count_whole(graph, i) if layout is None else count_calls(layout, i), layout is not None)
            )
    return counts


def single_numbers(graph: Graph) -> Numbers:
    """The work of all operators where one number of one kernel is ``UNIT`` and all others are 0."""
    return {
        (kernel, field.name): operator_work(
            graph, replace(NO_WORK, **{kernel: replace(NONE, **{field.name: UNIT})})
        )
        for kernel in KERNELS
        for field in fields(KernelWork)
    }


def make_sample(numbers: Numbers, op: int, count: CallCounts, instructions: int, is_tiled: bool) -> Sample:
    features = {key: work[op].of(count) / UNIT for key, work in numbers.items()}
    used = {kernel for kernel in KERNELS if numbers[kernel, "call"][op].of(EACH_ONCE)}
    (kernel,) = used - set(WITH_NARROW.values())
    return Sample(kernel, {key: value for key, value in features.items() if value}, instructions, is_tiled)


def fit(rows: NDArray[np.float64], took: NDArray[np.float64]) -> NDArray[np.float64]:
    """Numbers of at least 0 that give ``took``; weighed between relative and absolute errors."""
    numbers, _ = nnls(rows / took[:, None] ** 0.75, took**0.25)
    return np.asarray(numbers)


def describe_fit(kernel: str, samples: Sequence[Sample]) -> Iterator[str]:
    chosen = [s for s in samples if s.kernel == kernel and s.instructions > 0]
    if len(chosen) < LEAST_SAMPLES:
        return
    names = sorted({name for s in chosen for name in s.features})
    rows = np.array([[s.features.get(name, 0.0) for name in names] for s in chosen])
    took = np.array([float(s.instructions) for s in chosen])
    numbers = fit(rows, took)
    errors = rows @ numbers / took - 1
    for owner in dict.fromkeys(owner for owner, _ in names):
        values = {f: round(n * HUNDRED) for (o, f), n in zip(names, numbers) if o == owner}
        text = ", ".join(f"{field}={value}" for field, value in values.items() if value or field == "call")
        yield f"{owner}: KernelWork({text})"
    for title, part in (("whole", False), ("tiled", True)):
        of_part = np.abs(errors[[s.is_tiled == part for s in chosen]]) * 100
        if of_part.size:
            half, most = np.quantile(of_part, [0.5, 0.9])
            yield f"  {title}: {of_part.size} operators, half within {half:.1f} %, nine in ten within {most:.1f} %"


def describe_glue(runs: Sequence[Glue]) -> str:
    moving = [g for g in runs if g.copies]
    rows = np.array([[g.copies, g.nbytes] for g in moving], dtype=float)
    took = np.array([float(g.instructions) for g in moving])
    move, moved_byte = fit(rows, took)
    return f"move={round(move * HUNDRED)}, moved_byte={round(moved_byte * HUNDRED)}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="networks of the zoo (zoo:NAME) and files")
    parser.add_argument("--models", metavar="DIR", help="where the real models are")
    parser.add_argument("--int8", action="store_true", help="weights stay int8")
    arguments = parser.parse_args()
    flash_bytes = None if arguments.int8 else FLASH_BYTES
    sources = arguments.names or [
        name if name.startswith("zoo:") else f"{arguments.models}/{name}"
        for name in NETWORKS
        if name.startswith("zoo:") or arguments.models
    ]
    console = Console(highlight=False, soft_wrap=True)
    found, failures = measure_all(
        measure_network, {source: (source, flash_bytes) for source in sources}, console
    )
    exit_if_failed(failures, found)
    samples = [sample for measured in found.values() for sample in measured.samples]
    for kernel in KERNELS:
        for line in describe_fit(kernel, samples):
            console.print(line)
    console.print(describe_glue([run for measured in found.values() for run in measured.glue]))


if __name__ == "__main__":
    main()
