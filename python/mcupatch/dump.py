"""Every stage's result as text that people can read: what ``--dump DIR`` writes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from mcupatch.errors import BadInput
from mcupatch.ir.access import macs
from mcupatch.ir.graph import Graph
from mcupatch.memory.plan import MemoryPlan
from mcupatch.outputs import write_file
from mcupatch.schedule.explain import halo_policy, segment_grid
from mcupatch.schedule.stage import Schedule, Segment
from mcupatch.schedule.whole import is_whole

Dump = Callable[[str, Callable[[], str]], None]
"""Takes a file name and a function that makes its text; the function is called only if there is a dump."""


def open_dump(directory: Path | None) -> Dump:
    """A dump into ``directory``, or one that does nothing for None. Raises BadInput if it cannot be made."""
    if directory is None:
        return lambda name, make_text: None
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"cannot write the dump to {str(directory)!r}: {error.strerror}") from error
    return lambda name, make_text: write_file(directory / name, make_text())


def graph_text(graph: Graph) -> str:
    """One line an operator: index, kind, name, output shape and bytes, MACs, inputs."""
    lines = [f"{graph.name}: {', '.join(graph.inputs)} -> {', '.join(graph.outputs)}"]
    for i, op in enumerate(graph.ops):
        out = graph.output_tensor(op)
        lines.append(
            f"{i:4d} {op.kind:18s} {op.name!r}: {out.dtype}{list(out.shape)} {out.nbytes} B, "
            f"{macs(graph, op)} MACs <- {', '.join(map(repr, op.inputs))}"
        )
    return "\n".join(lines) + "\n"


def schedule_text(graph: Graph, schedule: Schedule, reasons: Sequence[str] = ()) -> str:
    """One line a stage, and one for each of its segments where it runs in tiles; then the ``reasons`` for all that."""
    lines = [f"streamed: {', '.join(map(repr, schedule.streamed))}"] if schedule.streamed else []
    for stage in schedule.stages:
        if is_whole(graph, stage):
            lines.append(f"{stage.first:4d} to {stage.last:4d}  whole: {graph.ops[stage.first].name!r}")
            continue
        lines.append(f"{stage.first:4d} to {stage.last:4d}  in tiles, halo: {halo_policy(graph, stage)}")
        lines += [f"    {_segment_text(graph, segment)}" for segment in stage.segments]
    lines += ["", *reasons] if reasons else []
    return "\n".join(lines) + "\n"


def _segment_text(graph: Graph, segment: Segment) -> str:
    names = f"{graph.ops[segment.first].name!r}"
    if segment.last != segment.first:
        names += f" to {graph.ops[segment.last].name!r}"
    rows, cols = segment_grid(graph, segment)
    text = f"{segment.first:4d} to {segment.last:4d}  {rows}x{cols} tiles of {segment.tile[0]}x{segment.tile[1]}: {names}"
    for label, chosen in (
        ("rows computed anew", segment.recomputed_rows),
        ("columns computed anew", segment.recomputed_cols),
        ("early", segment.early),
    ):
        text += f"; {label}: {', '.join(map(str, chosen))}" if chosen else ""
    return text


def plan_text(plan: MemoryPlan) -> str:
    """One line a buffer, from the bottom of the arena, or of each of its memories: [start, end), steps, kind, name."""
    lines = [f"arena {plan.arena_bytes} B, lower bound {plan.lower_bound_bytes} B"]
    pool = -1
    for placed in sorted(plan.placed, key=lambda p: (p.pool, p.offset, p.buffer.first_step)):
        b = placed.buffer
        if plan.pools and placed.pool != pool:
            pool = placed.pool
            lines.append(f"{plan.pools[pool].name}, {plan.pools[pool].nbytes} B:")
        shared = f" = {', '.join(map(repr, b.aliases))}" if b.aliases else ""
        lines.append(
            f"[{placed.offset:7d}, {placed.end:7d})  steps {b.first_step:4d} to {b.last_step:4d}  "
            f"{b.kind.value:8s} {b.name!r}{shared}"
        )
    lines += [f"{o.op!r} writes {o.output!r} over {o.input!r}, {o.distance} B behind" for o in plan.overlaps]
    return "\n".join(lines) + "\n"
