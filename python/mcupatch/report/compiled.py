"""What ``mcupatch compile`` prints."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from mcupatch.report.tables import fact_table
from mcupatch.report.units import format_bytes, format_count, format_kib, format_percent
from mcupatch.result import ComputeFacts, Result


def describe_schedule(result: Result) -> str:
    """``operators 0 to 9 in 3x3 patches, the other 58 whole``, or the number of stages where there are several."""
    count = result.schedule[-1].ops[1] + 1 if result.schedule else 0
    if not result.tiled:
        return f"layer by layer, {count} operators"
    rest = count - sum(stage.ops[1] - stage.ops[0] + 1 for stage in result.tiled)
    if len(result.tiled) > 1:
        return f"{len(result.tiled)} stages in tiles, the other {rest} operators whole"
    (stage,) = result.tiled
    first, last = stage.ops
    how = f"in {stage.grid[0]}x{stage.grid[1]} patches"
    if len(stage.segments) > 1:
        how = f"in tiles, in {len(stage.segments)} segments"
    elif stage.tile[0] == stage.grid[1] == 1:
        how = "row by row"
    operators = f"operators {first} to {last}" if first < last else f"operator {first}"
    return f"{operators} {how}, the other {rest} whole"


def describe_macs(compute: ComputeFacts) -> str:
    """``11.6 M, +2.0 % recomputed``; or what the tiles leave out, as nothing reads it."""
    count = format_count(compute.macs)
    if compute.extra_macs < 0:
        return f"{count}, {format_percent(compute.extra_macs, compute.macs)}: what nothing reads is left out"
    return f"{count}, {format_percent(compute.extra_macs, compute.macs)} recomputed"


def compiled_report(
    result: Result, directory: str, remarks: Sequence[str] = (), program: str = "mcupatch"
) -> RenderableType:
    """The figures of a compiled model, where its files are, and remarks of a sentence each."""
    memory, compute, flash = result.memory, result.compute, result.flash
    proof = (
        "no placement is smaller"
        if memory.optimal
        else f"lower bound {format_kib(memory.lower_bound_bytes)} KiB"
    )
    divided = []
    if len(memory.pools) > 1:
        parts = (f"{format_bytes(pool.bytes)} in {pool.memory}" for pool in memory.pools)
        divided.append(("memories", ", ".join(parts)))
    streamed = []
    if memory.streamed_input_bytes:
        streamed.append(
            ("input", f"{format_bytes(memory.streamed_input_bytes)}, row by row, not in the arena")
        )
    if memory.statics_bytes:
        streamed.append(("decoder", f"{format_bytes(memory.statics_bytes)}, beside the arena"))
    return Group(
        Text(f"{result.model.name}: {describe_schedule(result)}"),
        fact_table(
            (
                ("arena", f"{format_bytes(memory.arena_bytes)}, {proof}"),
                *divided,
                *streamed,
                ("paper's measure", f"{format_kib(memory.analytic_schedule_bytes)} KiB, "
                 f"layer by layer {format_kib(memory.analytic_per_layer_bytes)} KiB"),
                ("flash", f"weights {format_bytes(flash.weights_bytes)}, code {format_bytes(flash.code_bytes)}"),
                ("MACs", describe_macs(compute)),
                ("written to", directory),
            )
        ),
        *map(Text, remarks),
        Text(f"Run it: {program} run {directory}"),
    )  # fmt: skip
