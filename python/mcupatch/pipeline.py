"""The whole flow on one page: a model file in, firmware and figures out, every stage in order.

file -> Graph -> IRModule -> Schedule + MemoryPlan -> tiled IRModule -> CSources -> Firmware -> Measurement
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mcupatch import __version__
from mcupatch.decide import Decision, Request, decide_schedule
from mcupatch.decode_rows import decode_inputs, find_row_sources, reserve_decoders
from mcupatch.dump import graph_text, open_dump, plan_text, schedule_text
from mcupatch.emit.csources import CSources
from mcupatch.emit.emit_model import emit_model
from mcupatch.emit.names import c_identifier
from mcupatch.errors import BadInput, FlashShortage, Infeasible
from mcupatch.explanation import explain_schedule
from mcupatch.firmware.bare_metal import Firmware, build_firmware
from mcupatch.firmware.toolchain import find_toolchain
from mcupatch.importer.detect import import_graph
from mcupatch.importer.quantized_ends import drop_float_ends
from mcupatch.importer.raw_rows import RawScaling, take_raw_rows
from mcupatch.ir import reference
from mcupatch.ir.graph import Graph
from mcupatch.measure.host_backend import run_on_host
from mcupatch.measure.measurement import Measurement
from mcupatch.measure.qemu_backend import run_on_qemu
from mcupatch.measure.unicorn_backend import run_on_unicorn
from mcupatch.memory.board_pools import AUTO, MAIN, board_pools, named_pools
from mcupatch.memory.check import check_plan
from mcupatch.memory.plan import MemoryPlan
from mcupatch.model_file import ModelFile, load_model_file
from mcupatch.options import CompileOptions, FitBudget, Mode, command_line
from mcupatch.packing.compact_weights import compact_weights
from mcupatch.packing.round_once import count_rounded_once, round_as_reference, round_once
from mcupatch.packing.wide_weights import widen_weights
from mcupatch.program.build_module import build_module
from mcupatch.program.extract_graph import extract_graph
from mcupatch.row_formats import RAW
from mcupatch.schedule.check import check_schedule
from mcupatch.schedule.stage import Schedule
from mcupatch.schedule.streaming import find_streamed_inputs
from mcupatch.scratch import find_general_room, find_schedule_scratch
from mcupatch.target.board import Board, load_board
from mcupatch.transform.fuse_patches import FusePatches
from mcupatch.tuned import TunedChoice, find_tuned, make_task
from mcupatch.tuning.database import load_database
from mcupatch.tvm_api import IRModule

Array = NDArray[np.generic]
Progress = Callable[[str], None]
BACKENDS = ("unicorn", "qemu", "host")
OBJECT_CPUS = ("cortex-m4", "cortex-m7")


@dataclass(frozen=True, eq=False)
class BuiltModel:
    """What a run needs: the network, its C, its firmware and the name of the toolchain that built it."""

    graph: Graph
    sources: CSources
    firmware: Firmware
    toolchain: str


@dataclass(frozen=True, eq=False)
class CompiledModel(BuiltModel):
    """Everything that one compilation decided and made.

    ``module`` is the tiled program. ``workspace`` holds the firmware's files and goes when this object goes.
    ``tuned``: what a tuning database gave, if one was named.
    """

    source: ModelFile
    options: CompileOptions
    board: Board
    module: IRModule
    schedule: Schedule
    plan: MemoryPlan
    workspace: tempfile.TemporaryDirectory[str]
    tuned: TunedChoice | None = None


@dataclass(frozen=True, eq=False)
class ComparedRun:
    """One run beside the NumPy reference. ``max_abs_diff`` is in units of the output's own type, 0 if all is equal.

    ``as_compiled``: the outputs equal those of whole tensors with the rounding that the network was compiled for, which is
    the reference's but with ``--fast-rounding``.
    """

    measurement: Measurement
    outputs: dict[str, Array]
    reference: dict[str, Array]
    matches_reference: bool
    max_abs_diff: float
    as_compiled: bool


def read_graph(
    source: ModelFile, io: str = "model", stream_input: bool = False, scaling: RawScaling | None = None
) -> Graph:
    """The network in a model file; ``io`` and ``stream_input`` as in ``CompileOptions``.

    Raises BadInput or UnsupportedModel.
    """
    graph = import_graph(source.data, source.file_name, channels_last_ends=io == "int8")
    if io == "int8":
        graph = drop_float_ends(graph)
    # Which inputs can be streamed does not change: quantising and a table are both done value by value.
    return take_raw_rows(graph, find_streamed_inputs(graph), scaling) if stream_input else graph


def import_model(path: str | Path) -> IRModule:
    """The Relax ``IRModule`` of int8 operators of a .tflite or .onnx file, or of ``zoo:NAME``.

    Raises BadInput or UnsupportedModel.
    """
    return build_module(read_graph(load_model_file(path)))


def compile(
    path: str | Path,
    board: str = "stm32f746",
    *,
    sram_bytes: int | None = None,
    flash_bytes: int | None = None,
    mode: Mode | None = None,
    io: str = "model",
    toolchain: str = "zig",
    stream_input: bool = False,
    input_scale: float | None = None,
    input_offset: float | None = None,
    memories: str = AUTO,
    input_format: str = RAW,
    jpeg_bytes: int | None = None,
    tuned: str | None = None,
    target: str = "c",
    fast_rounding: bool = False,
) -> CompiledModel:
    """The whole flow for a file, or for ``zoo:NAME``. Raises the errors of ``mcupatch.errors``."""
    options = CompileOptions(
        board,
        sram_bytes,
        flash_bytes,
        mode or FitBudget(),
        io,
        toolchain,
        stream_input,
        input_scale,
        input_offset,
        memories,
        input_format,
        jpeg_bytes,
        tuned,
        target,
        fast_rounding,
    )
    return compile_model(load_model_file(path), options)


def compile_model(
    source: ModelFile,
    options: CompileOptions,
    progress: Progress = lambda step: None,
    dump: Path | None = None,
) -> CompiledModel:
    """Compile ``source``; ``progress`` hears of every stage, and its result goes to ``dump`` as text.

    Raises BadInput, UnsupportedModel, Infeasible or ToolMissing.
    """
    write = open_dump(dump)
    board = load_board(options.board, options.sram_bytes, options.flash_bytes)
    toolchain = find_toolchain(options.toolchain, board.core)
    object_cpu = _object_cpu(options, board)

    progress("importing the model")
    network = read_graph(source, options.io, options.stream_input, input_scaling(options))
    module = build_module(round_once(network) if options.fast_rounding else network)
    write("module.txt", lambda: str(module.script()))
    graph = extract_graph(module)
    write("graph.txt", lambda: graph_text(graph))

    progress("choosing a schedule")
    streamed = find_streamed_inputs(graph) if options.stream_input else ()
    rows = find_row_sources(graph, streamed, options.input_format, options.jpeg_bytes)
    board = reserve_decoders(board, rows.values())
    decision = decide_for_board(graph, options, board, streamed)
    tuned = None
    if options.tuned is not None:
        task = make_task(source, options, board, toolchain)
        tuned = find_tuned(load_database(Path(options.tuned)), task, graph, decision, board)
        decision = tuned.decision or decision
    schedule, plan = decision.schedule, decision.plan
    check_schedule(graph, schedule)
    write(
        "schedule.txt",
        lambda: schedule_text(graph, schedule, explain_schedule(graph, schedule, options.work_model)),
    )
    check_plan(graph, schedule, plan, find_schedule_scratch(graph, schedule))
    write("plan.txt", lambda: plan_text(plan))

    progress("emitting C")
    tiled = FusePatches(schedule=schedule)(module)
    write("tiled_module.txt", lambda: str(tiled.script()))
    provenance = f"{command_line(source.file_name, options)} (mcupatch {__version__}, model {source.digest})"
    name = c_identifier(source.name)
    kernels = tuned.kernels if tuned else None
    sources = emit_model(tiled, graph, plan, name, provenance, kernels, rows, object_cpu)

    progress("building the firmware")
    workspace = tempfile.TemporaryDirectory(prefix="mcupatch-")
    choices = None
    try:
        firmware = build_firmware(sources, board, Path(workspace.name), toolchain)
        if options.flash_bytes is not None and kernels is None:  # only a firmware says how much is left
            choices = widen_weights(graph, board.flash_bytes - firmware.flash_bytes)
    except FlashShortage as shortage:
        choices = compact_weights(graph, shortage.missing_bytes, find_general_room(graph, schedule))
    if choices is not None:
        sources = emit_model(tiled, graph, plan, name, provenance, choices, rows, object_cpu)
        firmware = build_firmware(sources, board, Path(workspace.name), toolchain)
    return CompiledModel(
        graph,
        sources,
        firmware,
        options.toolchain,
        source,
        options,
        board,
        tiled,
        schedule,
        plan,
        workspace,
        tuned,
    )


def _object_cpu(options: CompileOptions, board: Board) -> str | None:
    """The core for which TVM's LLVM makes an object of the stages, None where they are C."""
    if options.target == "c":
        return None
    if board.cpu not in OBJECT_CPUS:
        raise BadInput(f"--target llvm is for {' and '.join(OBJECT_CPUS)}; {board.name} has a {board.cpu}")
    return board.cpu


def input_scaling(options: CompileOptions) -> RawScaling | None:
    """What the raw bytes of a streamed float input mean; None: they span its own range."""
    if options.input_scale is None or options.input_offset is None:
        return None
    return RawScaling(options.input_scale, options.input_offset)


def decide_for_board(
    graph: Graph, options: CompileOptions, board: Board, streamed: tuple[str, ...]
) -> Decision:
    """As ``decide_schedule`` for the board's memories: those that ``options`` name, or the main RAM and then all."""
    mode, model = options.mode, options.work_model
    if options.memories not in (AUTO, MAIN):
        pools = named_pools(board, options.memories)
        return decide_schedule(graph, Request(mode, None, streamed, pools, model=model))
    pools = board_pools(board) if options.memories == AUTO else ()
    try:
        return decide_schedule(graph, Request.for_board(mode, board, streamed, model))
    except Infeasible:
        if len(pools) < 2:
            raise
        return decide_schedule(graph, Request(mode, None, streamed, pools, model=model))


def measure_model(
    built: BuiltModel, inputs: Mapping[str, Array], backend: str = "unicorn", timeout_seconds: float = 600.0
) -> ComparedRun:
    """Run once and compare with the reference.

    ``backend`` is one of BACKENDS: "unicorn" calls the network on an emulated core, "qemu" boots it in an emulated
    computer, "host" runs the same C here; the last two for ``timeout_seconds`` at most. ``inputs`` holds a value for
    every input by name; of a streamed one with a format the bytes of the file or of the camera, which the reference
    gets as decoded here. Raises BadInput for a picture that cannot be decoded, EmulationFault if the firmware leaves
    its memories, ToolMissing without the backend.
    """
    sent = [inputs[name] for name in built.graph.inputs]
    values = decode_inputs(built.sources, inputs)
    if backend == "host":
        (measurement,) = run_on_host(built.sources, [sent], timeout_seconds=timeout_seconds)
    elif backend == "qemu":
        board = built.firmware.board
        toolchain = find_toolchain(built.toolchain, board.core)
        (measurement,) = run_on_qemu(built.firmware, built.sources, [sent], toolchain, timeout_seconds)
    else:
        (measurement,) = run_on_unicorn(built.firmware, [sent])
    return compare_with_reference(built.graph, values, measurement)


def compare_with_reference(graph: Graph, inputs: Sequence[Array], measurement: Measurement) -> ComparedRun:
    """The outputs of a run beside those of the NumPy reference for the same ``inputs``."""
    expected = reference.run(round_as_reference(graph), inputs)
    equal = _are_equal(measurement.outputs, expected)
    return ComparedRun(
        measurement,
        dict(zip(graph.outputs, measurement.outputs)),
        dict(zip(graph.outputs, expected)),
        equal,
        max(_largest_difference(got, want) for got, want in zip(measurement.outputs, expected)),
        _are_equal(measurement.outputs, reference.run(graph, inputs)) if count_rounded_once(graph) else equal,
    )


def _are_equal(outputs: Sequence[Array], expected: Sequence[Array]) -> bool:
    return all(got.tobytes() == want.tobytes() for got, want in zip(outputs, expected))


def _largest_difference(got: Array, want: Array) -> float:
    return float(np.max(np.abs(got.astype(np.float64) - want.astype(np.float64)), initial=0.0))
