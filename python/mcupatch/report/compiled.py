"""What ``mcupatch compile`` prints."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from mcupatch.report.tables import fact_table
from mcupatch.report.units import format_bytes, format_count, format_kib, format_percent
from mcupatch.result import Result


def describe_schedule(result: Result) -> str:
    """``operators 0 to 9 in 3x3 patches, the other 58 whole``."""
    stage = result.patched
    count = result.schedule[-1].ops[1] + 1
    if stage is None:
        return f"layer by layer, {count} operators"
    first, last = stage.ops
    rest = count - (last - first + 1)
    return f"operators {first} to {last} in {stage.grid[0]}x{stage.grid[1]} patches, the other {rest} whole"


def schedule_title(result: Result) -> str:
    """``per layer``, or ``4x4 patches``: short enough for a table."""
    stage = result.patched
    return "per layer" if stage is None else f"{stage.grid[0]}x{stage.grid[1]} patches"


def compiled_report(result: Result, directory: str, remarks: Sequence[str] = ()) -> RenderableType:
    """The figures of a compiled model, where its files are, and remarks of a sentence each."""
    memory, compute, flash = result.memory, result.compute, result.flash
    proof = (
        "no placement is smaller"
        if memory.optimal
        else f"lower bound {format_kib(memory.lower_bound_bytes)} KiB"
    )
    return Group(
        Text(f"{result.model.name}: {describe_schedule(result)}"),
        fact_table(
            (
                ("arena", f"{format_bytes(memory.arena_bytes)}, {proof}"),
                ("paper's measure", f"{format_kib(memory.analytic_schedule_bytes)} KiB, "
                 f"layer by layer {format_kib(memory.analytic_per_layer_bytes)} KiB"),
                ("flash", f"weights {format_bytes(flash.weights_bytes)}, code {format_bytes(flash.code_bytes)}"),
                ("MACs", f"{format_count(compute.macs)}, {format_percent(compute.extra_macs, compute.macs)} recomputed"),
                ("written to", directory),
            )
        ),
        *map(Text, remarks),
        Text(f"Run it: mcupatch run {directory}"),
    )  # fmt: skip
