"""Inferred regions and their costs against brute-force receptive fields on random networks."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from mcupatch.ir import ops
from mcupatch.ir.access import macs_per_pixel
from mcupatch.ir.graph import Graph
from mcupatch.ir.region import Interval
from mcupatch.schedule.axis_table import build_axis_table, useful_lengths
from mcupatch.schedule.cost import stage_macs
from mcupatch.schedule.cuts import find_cuts
from mcupatch.schedule.regions import infer_intervals, infer_regions, tile_intervals
from mcupatch.schedule.stage import stage_with_grid
from tests.support.random_graphs import patch_stages, tileable_networks

SETTINGS = settings(max_examples=120, deadline=None)


def positions_read(op: ops.Operator, axis: int, out: int) -> range:
    """Input positions along one axis that the window of output position ``out`` spans, gaps of dilation included."""
    if isinstance(op, (ops.Conv2D, ops.DepthwiseConv2D, ops.MaxPool2D, ops.AvgPool2D)):
        dilation = (1, 1) if isinstance(op, ops.AvgPool2D) else op.dilation
        start = out * op.stride[axis] - (op.padding.top, op.padding.left)[axis]
        return range(start, start + (op.kernel[axis] - 1) * dilation[axis] + 1)
    if isinstance(op, ops.Pad):
        out -= (op.padding.top, op.padding.left)[axis]
    return range(out, out + 1)


def receptive_intervals(graph: Graph, last: int, axis: int, out: Interval) -> dict[str, set[int]]:
    """Positions that every tensor must hold: the box around what its readers touch, back from the tile."""
    needed: dict[str, set[int]] = {graph.ops[last].output: set(range(out.start, out.stop))}
    for op in reversed(graph.ops[: last + 1]):
        box = needed.get(op.output, set())
        if box:
            box = set(range(min(box), max(box) + 1))
        needed[op.output] = box
        for name in op.inputs:
            size = graph.tensors[name].hwc[axis]
            read = {p for o in box for p in positions_read(op, axis, o) if 0 <= p < size}
            needed[name] = needed.get(name, set()) | read
    return {name: set(range(min(box), max(box) + 1)) if box else set() for name, box in needed.items()}


@SETTINGS
@given(st.data())
def test_intervals_are_the_receptive_field(data: st.DataObject) -> None:
    graph = data.draw(tileable_networks())
    stage = data.draw(patch_stages(graph))
    if stage is None:
        return
    size = graph.output_tensor(graph.ops[stage.last]).hwc
    for axis in (0, 1):
        start = data.draw(st.integers(0, size[axis] - 1))
        out = Interval(start, data.draw(st.integers(start + 1, size[axis])))
        found = infer_intervals(graph, stage, axis, out)
        for name, positions in receptive_intervals(graph, stage.last, axis, out).items():
            got = found[name]
            assert set(range(got.start, got.stop)) == positions


@SETTINGS
@given(st.data())
def test_tables_agree_with_regions(data: st.DataObject) -> None:
    graph = data.draw(tileable_networks())
    cuts = find_cuts(graph)
    if not cuts:
        return
    last = data.draw(st.sampled_from(cuts))
    height, width, _ = graph.output_tensor(graph.ops[last]).hwc
    for axis, size in enumerate((height, width)):
        table = build_axis_table(graph, last, axis)
        assert list(table.lengths) == useful_lengths(size)
        i = data.draw(st.integers(0, len(table.lengths) - 1))
        grid = (int(table.parts[i]), 1) if axis == 0 else (1, int(table.parts[i]))
        stage = stage_with_grid(0, last, grid, height, width)
        assert (stage.grid[axis], stage.tile[axis]) == (table.parts[i], table.lengths[i])
        tiles = tile_intervals(graph, stage, axis)
        for name in tiles[0]:
            assert table.total[name][i] == sum(t[name].length for t in tiles)
            assert table.largest[name][i] == max(t[name].length for t in tiles)


@SETTINGS
@given(st.data())
def test_macs_are_the_sum_over_tiles(data: st.DataObject) -> None:
    graph = data.draw(tileable_networks())
    stage = data.draw(patch_stages(graph))
    if stage is None:
        return
    height, width, _ = graph.output_tensor(graph.ops[stage.last]).hwc
    total = 0
    for tile in stage.tiles(height, width):
        regions = infer_regions(graph, stage, tile)
        for op in graph.ops[: stage.last + 1]:
            total += regions[op.output].pixels * macs_per_pixel(op, graph.output_tensor(op).hwc[2])
    assert stage_macs(graph, stage) == total
