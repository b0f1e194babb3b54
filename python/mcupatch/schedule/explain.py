"""Schedules and their bottlenecks in words."""

from __future__ import annotations

from mcupatch.ir.graph import Graph
from mcupatch.schedule.bound import step_loads
from mcupatch.schedule.stage import Schedule

LONGEST_NAME = 40


def format_bytes(nbytes: int) -> str:
    """``412.5 KiB``, or bytes where that is shorter to compare."""
    return f"{nbytes / 1024:.1f} KiB" if nbytes >= 1024 else f"{nbytes} bytes"


def shorten_name(name: str) -> str:
    """The end of a long name: TensorFlow joins the names of all that it fused, the last one is the operator's."""
    return name if len(name) <= LONGEST_NAME else "..." + name[3 - LONGEST_NAME :]


def describe_schedule(graph: Graph, schedule: Schedule) -> str:
    """``operators 0 to 12 ('stem' to 'b4') in 4x4 patches``, or ``layer by layer``."""
    stage = schedule.patched
    if stage is None:
        return "layer by layer"
    names = f"'{shorten_name(graph.ops[stage.first].name)}' to '{shorten_name(graph.ops[stage.last].name)}'"
    return f"operators {stage.first} to {stage.last} ({names}) in {stage.grid[0]}x{stage.grid[1]} patches"


def describe_bottleneck(graph: Graph, schedule: Schedule) -> str:
    """The operator at which most bytes are in use, where that is, and the largest buffers there."""
    loads = step_loads(graph, schedule)
    if not loads:
        return "the model has no operators"
    worst = max(loads, key=lambda load: load.nbytes)
    op = graph.ops[worst.step]
    stage = schedule.patched
    where = ""
    if stage is not None:
        where = " inside the patches" if stage.first <= worst.step <= stage.last else " outside the patches"
    largest = ", ".join(
        f"'{shorten_name(name)}' {format_bytes(nbytes)}" for name, nbytes in worst.tensors[:3]
    )
    return f"operator {worst.step} '{shorten_name(op.name)}' ({op.kind}){where}, where the largest buffers are {largest}"
