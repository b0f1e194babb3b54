"""``tvmc compile``: a model file becomes one archive in the Model Library Format."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from mcupatch.cli.console import output_console, print_lines, show_progress
from mcupatch.cli.parameters import board_option, check_different_files, check_text_target, model_argument
from mcupatch.tvmc.pass_config import parse_pass_config
from mcupatch.tvmc.refused import OneChoice, Refused, refuse_options
from mcupatch.tvmc.target_words import parse_target

PASS = "mcupatch"
_NO_PASSES = "the passes are those of mcupatch, in one order"


@click.command("compile")
@model_argument
@click.option("--target", default="c", show_default=True, metavar="TARGET",
              help="c: C for any compiler; llvm: the stages as an object for the core, from TVM's LLVM.")  # fmt: skip
@click.option("--pass", "passes", multiple=True, metavar="mcupatch", help="Run the network patch by patch where that "
              "is needed; without it every operator runs whole.")  # fmt: skip
@click.option("--pass-config", "pairs", multiple=True, metavar="NAME=VALUE",
              help="An option of 'mcupatch compile': mcupatch.sram=64KiB, mcupatch.least_sram=1; repeat it.")  # fmt: skip
@board_option
@click.option("-o", "--output", default="module.tar", show_default=True, metavar="FILE", help="The archive.")
@click.option("-f", "--output-format", type=OneChoice("mlf", "the result is an archive, mlf, for a microcontroller"),
              default="mlf", metavar="mlf", help="The Model Library Format.")  # fmt: skip
@click.option(
    "--model-format", type=click.Choice(["tflite", "onnx"]), help="Of MODEL; its content says it anyway."
)
@click.option("--module-name", metavar="NAME", help="The NAME in tvmgen_NAME_run; by default the model's.")
@click.option("--executor", type=OneChoice("aot", "the network is compiled ahead of time, aot"), default="aot",
              metavar="aot", hidden=True, expose_value=False)  # fmt: skip
@click.option("--runtime", type=OneChoice("crt", "the C needs no runtime, for which crt stands here"), default="crt",
              metavar="crt", hidden=True, expose_value=False)  # fmt: skip
@click.option("--executor-aot-interface-api", type=OneChoice("c", "the interface is the C one"), default="c",
              hidden=True, expose_value=False)  # fmt: skip
@click.option("--executor-aot-unpacked-api", type=OneChoice("1", "the functions take plain pointers"), default="1",
              hidden=True, expose_value=False)  # fmt: skip
@click.option("-O", "--opt-level", type=OneChoice("3", "there is one level"), default="3",
              hidden=True, expose_value=False)  # fmt: skip
@click.option(
    "-v", "--verbose", count=True, help="Say of each stage what it holds, and why it is cut as it is."
)
@refuse_options(
    Refused(("--cross-compiler",), "say --pass-config mcupatch.toolchain=gcc for arm-none-eabi-gcc"),
    Refused(("--cross-compiler-options",), "the flags are those that the board needs"),
    Refused(("--desired-layout",), "inside, every tensor is NHWC"),
    Refused(("--dump-code",), "'mcupatch compile --dump DIR' writes every stage of the flow as text"),
    Refused(("--input-shapes",), "a compiled network has the shapes that its file says"),
    Refused(("--disabled-pass",), _NO_PASSES),
    Refused(
        ("--tuning-records",),
        "AutoTVM is gone; with the database of 'tvmc tune' say --pass-config mcupatch.tuned=FILE",
    ),
    Refused(("--workspace-pools",), "say --pass-config mcupatch.memories=axi_sram=64KiB,dtcm"),
    Refused(("--workspace-pools-size-bytes",), "say --pass-config mcupatch.memories=axi_sram=64KiB,dtcm"),
    Refused(("--constant-pools",), "weights are const and lie in flash"),
    Refused(("--runtime-crt-system-lib",), "the C has no registry of functions"),
    Refused(("--config",), "options are given on the command line"),
)
def command(
    model: str,
    target: str,
    passes: tuple[str, ...],
    pairs: tuple[str, ...],
    board: str,
    output: str,
    output_format: str,
    model_format: str | None,
    module_name: str | None,
    verbose: int,
) -> None:
    """Compile MODEL (.tflite, .onnx, or zoo:NAME[@PIXELS]) for a board."""
    from mcupatch.describe import describe_model
    from mcupatch.explanation import explain_schedule
    from mcupatch.model_file import load_model_file
    from mcupatch.options import PerLayer
    from mcupatch.outputs import write_file
    from mcupatch.packed import pack_model
    from mcupatch.pipeline import compile_model
    from mcupatch.report.compiled import compiled_report
    from mcupatch.target.board import load_board

    words = parse_target(target)
    if unknown := sorted(set(passes) - {PASS}):
        raise click.UsageError(f"--pass {unknown[0]}: {_NO_PASSES}; the one to ask for is {PASS}")
    if pairs and not passes:
        raise click.UsageError(f"--pass-config configures a pass: give --pass {PASS} too")
    options = parse_pass_config(pairs, board, words.kind)
    if not passes:
        options = replace(options, mode=PerLayer())
    words.check_board(load_board(board, None, None))
    check_text_target("the archive", output)
    check_different_files(("MODEL", model), ("--output", output))
    source = load_model_file(model)
    if model_format is not None and source.suffix != f".{model_format}":
        raise click.UsageError(
            f"--model-format {model_format}: {source.file_name!r} does not end in .{model_format}"
        )
    source = source if module_name is None else replace(source, name=module_name)
    with show_progress() as progress:
        compiled = compile_model(source, options, progress)
        figures = describe_model(compiled)
        write_file(Path(output), pack_model(compiled, figures))
    output_console().print(compiled_report(figures, output, program="tvmc"))
    print_lines(
        explain_schedule(compiled.graph, compiled.schedule, compiled.options.work_model) if verbose else []
    )
