"""``mcupatch compile``: a model file becomes C, firmware and figures in a directory."""

from __future__ import annotations

from pathlib import Path

import click

from mcupatch.cli.console import output_console, print_lines, show_progress
from mcupatch.cli.parameters import (
    SIZE,
    board_option,
    check_json_target,
    io_option,
    json_option,
    model_argument,
    schedule_mode,
    schedule_options,
    stream_options,
    write_json,
)
from mcupatch.options import ByHand, CompileOptions
from mcupatch.target.sizes import format_size


@click.command("compile")
@model_argument
@board_option
@click.option("--sram", type=SIZE, help="Budget of SRAM, e.g. 64KiB; the board's without it.")
@click.option(
    "--flash",
    type=SIZE,
    help="Budget of flash, e.g. 1MiB; the board's without it. What is left "
    "of it holds some weights as int16, which is faster.",
)
@click.option(
    "--memories",
    metavar="NAMES",
    default="auto",
    show_default=True,
    help="What may hold the arena: the board's main RAM and, if it is too small, all its RAM (auto); the main RAM "
    "alone (main); or memories by name, the first ones first, each with as much as may be used of it: "
    "axi_sram=64KiB,dtcm.",
)
@schedule_options
@io_option
@stream_options
@click.option(
    "--toolchain", type=click.Choice(["zig", "gcc"]), default="zig", show_default=True, help="The C compiler."
)
@click.option(
    "-o", "--output", metavar="DIR", help="Where to write; by default the model's name in this directory."
)
@click.option(
    "--dump", metavar="DIR", help="Also write the module, graph, schedule and plan of every stage as text."
)
@click.option("--explain", is_flag=True, help="Say of each stage what it holds, and why it is cut as it is.")
@json_option
def command(
    model: str,
    board: str,
    sram: int | None,
    flash: int | None,
    memories: str,
    per_layer: bool,
    grid: tuple[int, int] | None,
    ops: int | None,
    halo: str,
    least_sram: bool,
    max_extra_macs: float | None,
    io: str,
    stream_input: bool,
    input_scale: float | None,
    input_offset: float | None,
    toolchain: str,
    output: str | None,
    dump: str | None,
    explain: bool,
    json_file: str | None,
) -> None:
    """Compile MODEL (.tflite, .onnx, or zoo:NAME[@PIXELS]) for a board."""
    from mcupatch.decide import hint_at_ends, layer_by_layer_bytes
    from mcupatch.explanation import explain_schedule
    from mcupatch.model_file import load_model_file
    from mcupatch.outputs import check_replaceable
    from mcupatch.pipeline import compile_model
    from mcupatch.report.compiled import compiled_report
    from mcupatch.saved import save_compiled

    mode = schedule_mode(per_layer, grid, ops, halo, least_sram, max_extra_macs)
    options = CompileOptions(
        board, sram, flash, mode, io, toolchain, stream_input, input_scale, input_offset, memories
    )
    check_json_target(json_file)
    source = load_model_file(model)
    directory = Path(source.name if output is None else output)
    check_replaceable(directory)
    with show_progress() as progress:
        compiled = compile_model(source, options, progress, Path(dump) if dump else None)
        result = save_compiled(compiled, directory)
    write_json(json_file, result.as_json())
    if json_file != "-":
        remarks = [hint_at_ends(compiled.graph).strip()]
        if isinstance(mode, ByHand):
            remarks.append(
                _compare_with_whole(result.memory.arena_bytes, layer_by_layer_bytes(compiled.graph))
            )
        output_console().print(compiled_report(result, str(directory), [r for r in remarks if r]))
        print_lines(explain_schedule(compiled.graph, compiled.schedule) if explain else [])


def _compare_with_whole(arena_bytes: int, whole_bytes: int) -> str:
    """A schedule by hand is taken as it is, but not without a word if it gains nothing."""
    if arena_bytes < whole_bytes:
        return ""
    return f"These patches save nothing: layer by layer the arena takes {format_size(whole_bytes)}."
