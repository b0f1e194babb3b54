"""The micro-kernels' instructions a MAC, alone and in whole networks, beside what was aimed at and what others need.

    python -m benchmarks.kernel_table [--models DIR] [--keep-as-before] [NAME...]

Without a NAME: every kernel of ``KERNELS`` as a network of one operator, and every network of ``NETWORKS`` (the real
models only if ``--models`` says where they are), with zig and with gcc if it is installed; written to
``benchmarks/kernels.md``, beside the figures of ``benchmarks/kernels_before.json``, which ``--keep-as-before`` writes.
Everything goes through the ordinary compilation, so it is always the kernels as they are that are measured; every output
is compared with the reference, byte for byte, and a difference is an error.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from tflite import BuiltinOperator

from benchmarks.markdown import format_table
from benchmarks.side_by_side import measure_all
from mcupatch.errors import McupatchError
from mcupatch.firmware.elf import read_elf
from mcupatch.firmware.kernel_objects import compile_kernels
from mcupatch.firmware.toolchain import find_toolchain
from mcupatch.ir.access import macs
from mcupatch.measure.cycle_model import model_cycles
from mcupatch.measure.unicorn_backend import run_on_unicorn
from mcupatch.model_file import ModelFile, load_model_file
from mcupatch.model_inputs import random_inputs
from mcupatch.options import CompileOptions, LeastSram, Mode, PerLayer
from mcupatch.pipeline import CompiledModel, compare_with_reference, compile_model
from mcupatch.zoo.tflite_builder import TfliteBuilder
from mcupatch.zoo.tflite_options import conv2d_options, depthwise_options, fully_connected_options

BOARDS = {"M7": "generic", "M4": "stm32f412", "M3": "stm32f207"}  # the M3 has no DSP extension
SRAM_BYTES, FLASH_BYTES = 4 << 20, 16 << 20  # of the generic board: as much as any network needs
TOOLCHAINS = ("zig", "gcc")
PER_LAYER, STREAMED = "per layer", "streamed"
PAGE, BEFORE = (Path(__file__).with_name(name) for name in ("kernels.md", "kernels_before.json"))


@dataclass(frozen=True)
class Kernel:
    """One operator. Shapes are ``[H, W, C]``; ``aim`` and those of others are instructions a MAC (None: not known)."""

    title: str
    code: int  # of the operator in a .tflite file
    input_shape: tuple[int, int, int]
    channels: int
    window: int
    stride: int
    aim: float
    cmsis_nn: float | None = None
    tiny_engine: float | None = None


@dataclass(frozen=True)
class Network:
    """A network of the zoo, or a ``file`` of real models; ``aim`` is in instructions a MAC, the others in millions."""

    title: str
    source: str
    aim: float | None = None
    aim_millions: float | None = None
    tflm_millions: float | None = None
    tiny_engine_millions: float | None = None
    is_file: bool = False


@dataclass(frozen=True)
class Job:
    """One measured run. ``key`` names it in the files; ``source`` is empty for a kernel."""

    key: str
    title: str
    source: str
    cpu: str
    toolchain: str
    mode: str


@dataclass(frozen=True)
class Figures:
    """``text_bytes`` of the kernels that were linked."""

    macs: int
    instructions: int
    cycles_model: int
    text_bytes: int

    @property
    def per_mac(self) -> float:
        return self.instructions / self.macs

    @property
    def cycles_per_mac(self) -> float:
        return self.cycles_model / self.macs


CONV, DEPTHWISE = BuiltinOperator.CONV_2D, BuiltinOperator.DEPTHWISE_CONV_2D
DENSE = BuiltinOperator.FULLY_CONNECTED
KERNELS = (
    Kernel("pointwise 20x20x48 to 96", CONV, (20, 20, 48), 96, 1, 1, 1.00, 2.24, 2.68),
    Kernel("depthwise 3x3, 20x20x96", DEPTHWISE, (20, 20, 96), 96, 3, 1, 1.75, 8.47, 8.37),
    Kernel("depthwise 3x3 stride 2, 20x20x96", DEPTHWISE, (20, 20, 96), 96, 3, 2, 2.6),
    Kernel("first 3x3 stride 2, 96x96x3 to 16", CONV, (96, 96, 3), 16, 3, 2, 1.30, 4.86, 2.94),
    Kernel("depthwise 5x5, 20x20x96", DEPTHWISE, (20, 20, 96), 96, 5, 1, 1.5),
    Kernel("depthwise 7x7, 20x20x96", DEPTHWISE, (20, 20, 96), 96, 7, 1, 1.5),
    Kernel("dense 1024 to 256", DENSE, (1, 1, 1024), 256, 1, 1, 1.3),
)
NETWORKS = (
    Network("mobilenet_v2", "zoo:mobilenet_v2", aim=1.3),
    Network("mcunet_vww1 (trained)", "mcunet_vww1.tflite", 1.5, 17.4, 48.4, 33.5, is_file=True),
    Network("mlperf_vww96 (trained)", "mlperf_vww96.tflite", 1.5, 11.2, 24.5, 19.7, is_file=True),
    Network("mcunet_person_det (trained)", "mcunet_person_det.tflite", None, 27.4, 75.2, 53.2, is_file=True),
    Network("mlperf_resnet8 (trained)", "mlperf_resnet8.tflite", None, 15.5, 29.9, is_file=True),
)
TEXT_NETWORK, TEXT_AIM_KIB = "mobilenet_v2", 24


def build_kernel_model(kernel: Kernel) -> ModelFile:
    """A .tflite file of the one operator, int8, channels of different scale, weights from a seed, no activation."""
    rng = np.random.default_rng(11)
    rows, cols, depth = kernel.input_shape
    n, k = kernel.channels, kernel.window
    size = kernel.stride
    shapes = {CONV: (n, k, k, depth), DEPTHWISE: (1, k, k, n), DENSE: (n, depth)}
    shape = shapes[kernel.code]
    is_dense = kernel.code == DENSE
    scales = np.full(1, 0.008) if is_dense else rng.uniform(0.004, 0.01, n)
    builder = TfliteBuilder("kernel")
    in_shape, out_shape = (1, rows, cols, depth), (1, -(-rows // size), -(-cols // size), n)
    source = builder.tensor("x", (1, depth) if is_dense else in_shape, "int8", 0.02, -128)
    weights = builder.tensor(
        "w",
        shape,
        "int8",
        scales,
        axis=3 if kernel.code == DEPTHWISE else 0,
        data=rng.integers(-127, 128, shape),
    )
    bias = builder.tensor("b", (n,), "int32", 0.02 * scales, data=rng.integers(-2000, 2000, n))
    target = builder.tensor("y", (1, n) if is_dense else out_shape, "int8", 0.05, -3)
    options = {
        CONV: conv2d_options("SAME", (size, size)),
        DEPTHWISE: depthwise_options("SAME", (size, size)),
        DENSE: fully_connected_options(),
    }[kernel.code]
    builder.operator(kernel.code, [source, weights, bias], [target], options, version=3)
    return ModelFile("kernel", ".tflite", builder.finish([source], [target]))


def list_jobs(names: Sequence[str], models: Path | None, toolchains: Sequence[str]) -> Iterator[Job]:
    """Every run that the names (all without any) ask for; networks run on the M7 alone: the M4's flash is too small."""
    for toolchain in toolchains:
        for kernel in KERNELS:
            if not names or kernel.title in names:
                for cpu in BOARDS:
                    key = f"{kernel.title} | {cpu} | {toolchain}"
                    yield Job(key, kernel.title, "", cpu, toolchain, PER_LAYER)
        for network in NETWORKS:
            source = str(models / network.source) if network.is_file and models else network.source
            if names and network.title.split()[0] not in names:
                continue
            if network.is_file and not (models and Path(source).exists()):
                continue
            for mode in (PER_LAYER, STREAMED):
                key = f"{network.title} | M7 | {toolchain} | {mode}"
                yield Job(key, network.title, source, "M7", toolchain, mode)


def measure(job: Job) -> Figures:
    """Raises McupatchError, also where the output is not the reference's."""
    model = load_model_file(job.source) if job.source else build_kernel_model(_kernel(job.title))
    compiled = compile_job(model, job)
    values = list(random_inputs(compiled.graph).values())
    (run,) = run_on_unicorn(compiled.firmware, [values], profile=False)
    compared = compare_with_reference(compiled.graph, values, run)
    if not compared.matches_reference:
        raise McupatchError(f"{job.key}: the output differs from the reference by {compared.max_abs_diff}")
    assert run.profile is not None and run.instructions is not None
    cycles = model_cycles(run.profile, run.cpu)
    if not job.source:  # the kernel alone, without the entry function around it
        (name,) = run.profile.operators
        instructions, modelled = run.profile.operators[name].instructions, cycles.operators[name]
    else:
        instructions, modelled = run.instructions, cycles.total
    total = sum(macs(compiled.graph, op) for op in compiled.graph.ops)
    return Figures(total, instructions, modelled, kernel_text_bytes(compiled))


def compile_job(model: ModelFile, job: Job) -> CompiledModel:
    """With int8 ends; streamed without extra MACs."""
    mode: Mode = LeastSram(0) if job.mode == STREAMED else PerLayer()
    sizes = (SRAM_BYTES, FLASH_BYTES) if BOARDS[job.cpu] == "generic" else (None, None)
    options = CompileOptions(
        BOARDS[job.cpu], *sizes, mode, io="int8", toolchain=job.toolchain, stream_input=job.mode == STREAMED
    )
    return compile_model(model, options)


def kernel_text_bytes(compiled: CompiledModel) -> int:
    """Code of the micro-kernels in the firmware, their literals included."""
    toolchain = find_toolchain(compiled.options.toolchain, compiled.board.cpu)
    objects = (read_elf(path) for path in compile_kernels(toolchain))
    kernels = {s.name for elf in objects for s in elf.symbols if s.is_function}
    return sum(s.size for s in compiled.firmware.elf.symbols if s.is_function and s.name in kernels)


def _kernel(title: str) -> Kernel:
    return next(kernel for kernel in KERNELS if kernel.title == title)


def read_before() -> Mapping[str, Figures]:
    if not BEFORE.exists():
        return {}
    return {key: Figures(**values) for key, values in json.loads(BEFORE.read_text()).items()}


def kernel_table(found: Mapping[str, Figures], before: Mapping[str, Figures]) -> str:
    """Instructions a MAC of every kernel, cores and compilers side by side."""
    columns = [(cpu, toolchain) for cpu in BOARDS for toolchain in TOOLCHAINS]
    head = [
        "kernel",
        "aim",
        *(f"{cpu} {tool}" for cpu, tool in columns),
        *(f"{cpu} cycles (model)" for cpu in BOARDS),
    ]
    rows = []
    for kernel in KERNELS:
        keys = [f"{kernel.title} | {cpu} | {tool}" for cpu, tool in columns]
        if not any(key in found for key in keys):
            continue
        cells = [_before_and_now(before.get(key), found.get(key)) for key in keys]
        cycles = [_cycles(found.get(f"{kernel.title} | {cpu} | zig")) for cpu in BOARDS]
        others = [_number(kernel.cmsis_nn), _number(kernel.tiny_engine)]
        rows.append([kernel.title, f"{kernel.aim:.2f}", *cells, *cycles, *others])
    return format_table([*head, "CMSIS-NN", "TinyEngine"], rows)


def network_table(found: Mapping[str, Figures], before: Mapping[str, Figures]) -> str:
    """Instructions of whole networks; a row for each compiler."""
    head = [
        "network", "compiler", "per layer M", "streamed M", "streamed against per layer", "a MAC", "aim a MAC", "aim M",
        "cycles a MAC (model)", "TFLM + CMSIS-NN M", "TinyEngine M",
    ]  # fmt: skip
    rows = []
    for network in NETWORKS:
        for tool in TOOLCHAINS:
            plain_key, streamed_key = (
                f"{network.title} | M7 | {tool} | {mode}" for mode in (PER_LAYER, STREAMED)
            )
            plain, streamed = found.get(plain_key), found.get(streamed_key)
            if plain is None or streamed is None:
                continue
            rows.append(
                [
                    network.title,
                    tool,
                    _millions(before.get(plain_key), plain),
                    _millions(before.get(streamed_key), streamed),
                    f"{100 * (streamed.instructions / plain.instructions - 1):+.1f} %",
                    _before_and_now(before.get(plain_key), plain),
                    _number(network.aim),
                    _number(network.aim_millions, 1),
                    f"{plain.cycles_per_mac:.2f}",
                    _number(network.tflm_millions, 1),
                    _number(network.tiny_engine_millions, 1),
                ]
            )
    return format_table(head, rows)


def text_line(found: Mapping[str, Figures], before: Mapping[str, Figures]) -> str:
    """What the kernels of a network take of the flash."""
    sizes = []
    for tool in TOOLCHAINS:
        key = f"{TEXT_NETWORK} | M7 | {tool} | {PER_LAYER}"
        if key in found:
            now, was = found[key].text_bytes, before.get(key)
            sizes.append(
                f"{now / 1024:.1f} KiB with {tool}"
                + (f" (before: {was.text_bytes / 1024:.1f})" if was else "")
            )
    if not sizes:
        return ""
    return f"Code of the kernels that {TEXT_NETWORK} links: {', '.join(sizes)}; at most {TEXT_AIM_KIB} KiB are aimed at.\n"


def _before_and_now(before: Figures | None, now: Figures | None) -> str:
    if now is None:
        return ""
    return f"{before.per_mac:.2f} → **{now.per_mac:.2f}**" if before else f"**{now.per_mac:.2f}**"


def _millions(before: Figures | None, now: Figures) -> str:
    text = f"**{now.instructions / 1e6:.2f}**"
    return f"{before.instructions / 1e6:.2f} → {text}" if before else text


def _cycles(figures: Figures | None) -> str:
    return f"{figures.cycles_per_mac:.2f}" if figures else ""


def _number(value: float | None, decimals: int = 2) -> str:
    return "" if value is None else f"{value:.{decimals}f}"


def format_page(
    found: Mapping[str, Figures], before: Mapping[str, Figures], failures: Sequence[str] = ()
) -> str:
    """The reviewed file, with what could not be measured at its end."""
    failed = "".join(["\nNot measured:\n\n", *(f"- {failure}\n" for failure in failures)]) if failures else ""
    return f"""\
# Kernel table

Exact instructions a MAC on an emulated Cortex-M7, M4 and M3 (no DSP extension), before → **now**; the output of every run
equals the reference, byte for byte. Made by `make bench-kernels`; "before" is `kernels_before.json`. MACs are counted as
in the papers, border taps included.

## Kernels alone

Networks of one operator, whole tensors: padding, layout changes and the exact requantisation are in the count, the
network's entry function is not. No activation, scales per channel (dense: one);
convolutions have int16 weights on the M7, int8 ones on the M4 and M3.
Cycles a MAC are a model's,
for zig, not measured (`docs/command-line.md`). The figures of CMSIS-NN v7 and TinyEngine are for the same shapes on the
same emulator, with gcc 12.2 -O3, of the M7.

{kernel_table(found, before)}

## Whole networks

On the M7, int8 ends, one random input. Streamed: the least SRAM without extra MACs, the image row by row. TFLM with
CMSIS-NN and TinyEngine (whose results are not exact) run the same trained models layer by layer.

{network_table(found, before)}

{text_line(found, before)}{failed}"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", type=Path, help="folder of the real models")
    parser.add_argument("--keep-as-before", action="store_true", help="compare later runs with this one")
    parser.add_argument("names", nargs="*", metavar="NAME")
    arguments = parser.parse_intermixed_args()
    toolchains = TOOLCHAINS if shutil.which("arm-none-eabi-gcc") else TOOLCHAINS[:1]
    jobs = list(list_jobs(arguments.names, arguments.models, toolchains))
    found, failures = measure_all(measure, {job.key: job for job in jobs}, Console(stderr=True))
    if not found:
        sys.exit("\n".join(failures) or "nothing of that name can be measured")
    if arguments.keep_as_before:
        values = {key: vars(figures) for key, figures in found.items()}
        BEFORE.write_text(json.dumps(values, indent=1) + "\n")
    page = format_page(found, read_before(), failures)
    print(page)
    if not arguments.names:
        PAGE.write_text(page)
    if failures:
        sys.exit(f"{len(failures)} could not be measured")


if __name__ == "__main__":
    main()
