"""``mcupatch redistribute``: a network whose patches overlap less, at equal MACs and receptive field."""

from __future__ import annotations

from pathlib import Path

import click

from mcupatch.cli.console import output_console, print_lines, show_progress
from mcupatch.cli.parameters import (
    FRACTION,
    GRID,
    SIZE,
    check_different_files,
    check_json_target,
    check_network_target,
    json_option,
    write_json,
)


@click.command("redistribute")
@click.argument("network", metavar="NETWORK")
@click.option(
    "--blocks", type=click.IntRange(min=1), help="How many blocks run in patches; else the best number."
)
@click.option("--grid", type=GRID, help="The RxC patches they run in; else the best of 2x2, 3x3, 4x4.")
@click.option(
    "--max-overhead",
    type=FRACTION,
    default=0.03,
    show_default="3%",
    help="The share of the network's MACs that patches may compute twice.",
)
@click.option(
    "--tolerance",
    type=FRACTION,
    default=0.05,
    show_default="5%",
    help="How far MACs, receptive field and parameters may move.",
)
@click.option("--board", help="Say what makes the network fit this board of 'mcupatch boards'.")
@click.option("--sram", type=SIZE, help="Say what makes it fit so much SRAM, e.g. 64KiB.")
@click.option("--stream-input", is_flag=True, help="The image comes row by row; no buffer holds it.")
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    help="Write the new network: its definition (.json), or a model with seeded weights (.tflite, .onnx in float).",
)
@json_option
def command(
    network: str,
    blocks: int | None,
    grid: tuple[int, int] | None,
    max_overhead: float,
    tolerance: float,
    board: str | None,
    sram: int | None,
    stream_input: bool,
    output: str | None,
    json_file: str | None,
) -> None:
    """Shrink what the patched blocks of NETWORK see and give it back in later ones, at equal MACs.

    NETWORK is zoo:NAME[@PIXELS], or the .json file of a definition. With --board or --sram also: does it fit, and if
    not, which change would make it.
    """
    from mcupatch.fitting_edits import find_fitting_edits, least_arena_bytes
    from mcupatch.outputs import write_file
    from mcupatch.patch_stage import choose_patch_stage
    from mcupatch.redistribute import compare_networks, redistribute
    from mcupatch.report.redistribution import fitting_report, redistribution_report
    from mcupatch.target.board import arena_budget, load_board
    from mcupatch.zoo.models import load_network, write_network

    suffix = None if output is None else check_network_target(output)
    check_json_target(json_file)
    check_different_files(("NETWORK", network), ("--json", json_file), ("--output", output))
    source = load_network(network)
    budget = None
    if board is not None or sram is not None:
        budget = arena_budget(load_board(board or "generic", sram))
    with show_progress() as progress:
        progress("choosing the patch stage")
        count, patches = choose_patch_stage(source, blocks, grid)
        progress("redistributing")
        found = redistribute(source, count, patches, max_overhead, tolerance)
        progress("planning schedules")
        figures = compare_networks(source, count, patches, found, stream_input)
        arena, edits = 0, []
        if budget is not None:
            progress("looking for what fits")
            arena = least_arena_bytes(found.network, stream_input)
            edits = find_fitting_edits(found.network, budget, stream_input) if arena > budget else []
        written = None if suffix is None else write_network(found.network, suffix)
    if output is not None and written is not None:
        write_file(Path(output), written)
    fitting = {} if budget is None else {"least_arena_bytes": arena, "budget_bytes": budget}
    write_json(json_file, {**figures.as_json(), **fitting, "fitting_edits": [vars(edit) for edit in edits]})
    if json_file != "-":
        output_console().print(redistribution_report(figures))
        if budget is not None:
            output_console().print(fitting_report(found.network.name, arena, budget, edits))
        if output is not None:
            print_lines([f"written to {output}"])
