"""A schedule by hand: the first operators in a grid of patches, halos recomputed (MCUNetV2) or kept, the rest whole."""

from __future__ import annotations

from mcupatch.errors import BadInput, Infeasible
from mcupatch.ir.access import is_reduction, tiled_tensor
from mcupatch.ir.graph import Graph
from mcupatch.schedule.cuts import find_cuts, why_no_cut
from mcupatch.schedule.stage import Schedule, Segment, Stage
from mcupatch.schedule.stage_layout import lay_out_stage
from mcupatch.schedule.stage_tensors import stage_live_outs
from mcupatch.schedule.whole import plan_layer_by_layer

RECOMPUTE, KEEP = "recompute", "keep"


def schedule_by_hand(
    graph: Graph,
    ops: int,
    grid: tuple[int, int],
    halo: str = RECOMPUTE,
    streamed: tuple[str, ...] = (),
) -> Schedule:
    """The first ``ops`` operators as one segment in ``grid`` tiles (rows x columns), the rest whole.

    1x1 is layer by layer. ``halo`` is "recompute" or "keep". A result that is wanted outside of the patches is
    always kept: nothing whole is written twice. Raises BadInput for counts that make no sense and Infeasible
    where no patch stage may end there.
    """
    if min(grid) < 1:
        raise BadInput(f"The grid {grid[0]}x{grid[1]} needs at least one row and one column of patches.")
    if not 1 <= ops <= len(graph.ops):
        raise BadInput(f"Cannot patch the first {ops} operators: the model has {len(graph.ops)}.")
    if grid == (1, 1):
        return plan_layer_by_layer(graph, streamed)
    last = ops - 1
    reason = why_no_cut(graph, last) or _why_not_streamed(graph, last, streamed)
    if reason is not None:
        raise Infeasible(
            f"The first {ops} operators cannot run in patches: {reason}. {_nearest_cuts(graph, last)}"
        )
    stage = Stage((_segment(graph, last, grid, halo),))
    if stage.segments[0].tile == graph.tensors[tiled_tensor(graph, last)].hwc[:2]:
        height, width = stage.segments[0].tile
        raise Infeasible(
            f"The result of the first {ops} operators is {height}x{width}: a {grid[0]}x{grid[1]} grid does not cut it. "
            "Cut along the other side or patch fewer operators."
        )
    try:
        lay_out_stage(graph, stage, streamed)
    except ValueError as error:  # legal to cut there, but not into these tiles
        raise Infeasible(f"The first {ops} operators cannot run in these patches: {error}.") from error
    return Schedule((stage, *plan_layer_by_layer(graph).stages[ops:]), streamed)


def _segment(graph: Graph, last: int, grid: tuple[int, int], halo: str) -> Segment:
    height, width, _ = graph.tensors[tiled_tensor(graph, last)].hwc
    tile = -(-height // grid[0]), -(-width // grid[1])
    wanted = set(stage_live_outs(graph, 0, last))
    if is_reduction(graph, graph.ops[last]):
        wanted.add(tiled_tensor(graph, last))
    anew = () if halo == KEEP else tuple(i for i in range(last) if graph.ops[i].output not in wanted)
    return Segment(0, last, tile, recomputed_rows=anew, recomputed_cols=anew)


def _why_not_streamed(graph: Graph, last: int, streamed: tuple[str, ...]) -> str | None:
    for name in streamed:
        reader = graph.consumers[name][-1]
        if reader > last:
            return f"operator {reader} reads the streamed input '{name}' after them"
    return None


def _nearest_cuts(graph: Graph, last: int) -> str:
    cuts = find_cuts(graph)
    below = [cut + 1 for cut in cuts if cut < last][-1:]
    above = [cut + 1 for cut in cuts if cut > last][:1]
    if not below + above:
        return "No patch stage is possible in this model."
    counts = " or ".join(str(count) for count in below + above)
    return f"Try {counts} operators instead."
