"""``mcupatch compile``: a model file becomes C, firmware and figures in a directory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mcupatch.cli.compile_options import compile_options
from mcupatch.cli.console import output_console, print_lines, show_progress
from mcupatch.cli.parameters import (
    check_different_files,
    check_json_target,
    json_option,
    model_argument,
    write_json,
)
from mcupatch.options import ByHand, CompileOptions, FitBudget
from mcupatch.target.sizes import format_size

if TYPE_CHECKING:
    from mcupatch.ir.graph import Graph


@click.command("compile")
@model_argument
@compile_options
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
    options: CompileOptions,
    output: str | None,
    dump: str | None,
    explain: bool,
    json_file: str | None,
) -> None:
    """Compile MODEL (.tflite, .onnx, or zoo:NAME[@PIXELS]) for a board."""
    from mcupatch.decide import layer_by_layer_bytes
    from mcupatch.explanation import explain_schedule
    from mcupatch.misses import hint_at_ends
    from mcupatch.model_file import load_model_file
    from mcupatch.outputs import check_replaceable
    from mcupatch.pipeline import compile_model
    from mcupatch.report.compiled import compiled_report
    from mcupatch.saved import save_compiled

    check_json_target(json_file)
    check_different_files(("MODEL", model), ("--json", json_file))
    source = load_model_file(model)
    directory = Path(source.name if output is None else output)
    check_replaceable(directory)
    with show_progress() as progress:
        compiled = compile_model(source, options, progress, Path(dump) if dump else None)
        result = save_compiled(compiled, directory)
    write_json(json_file, result.as_json())
    if json_file != "-":
        remarks = [hint_at_ends(compiled.graph)]
        if compiled.tuned is not None:
            remarks.append(compiled.tuned.remark)
        if isinstance(options.mode, ByHand):
            remarks.append(
                _compare_with_whole(result.memory.arena_bytes, layer_by_layer_bytes(compiled.graph))
            )
        has_room = (
            isinstance(options.mode, FitBudget) and options.sram_bytes is None and len(result.tiled) < 2
        )
        if options.fast_rounding:
            remarks.append(_say_what_is_given_up(compiled.graph))
        if options.stream_input and has_room:
            remarks.append("The board has room for that; --least-sram looks for the smallest arena.")
        output_console().print(compiled_report(result, str(directory), [r for r in remarks if r]))
    elif compiled.tuned is not None:
        print_lines([compiled.tuned.remark], to_stderr=True)
    lines = (
        explain_schedule(compiled.graph, compiled.schedule, compiled.options.work_model) if explain else []
    )
    print_lines(lines, to_stderr=json_file == "-")


def _say_what_is_given_up(graph: Graph) -> str:
    from mcupatch.packing.round_once import count_rounded_once

    count = count_rounded_once(graph)
    if count == 0:
        return "--fast-rounding changes nothing here: no convolution rounds twice."
    return (
        f"--fast-rounding: {count} convolutions round once, so outputs may differ from the reference, by 1 a layer. "
        "It saves little: 2.5 to 3.3 % of the instructions of the networks measured (docs/kernels.md)."
    )


def _compare_with_whole(arena_bytes: int, whole_bytes: int) -> str:
    """A schedule by hand is taken as it is, but not without a word if it gains nothing."""
    if arena_bytes < whole_bytes:
        return ""
    return f"These patches save nothing: layer by layer the arena takes {format_size(whole_bytes)}."
