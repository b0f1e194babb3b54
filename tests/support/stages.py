"""Small networks under schedules that together do everything that a stage can do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from mcupatch.importer.tflite import import_tflite
from mcupatch.ir.graph import Graph
from mcupatch.ir.ops import AvgPool2D, Clamp, Padding
from mcupatch.ir.quant import Rounding, make_requant
from mcupatch.schedule.stage import Schedule, Segment, Stage
from mcupatch.schedule.whole import whole_operator
from tests.support.random_model import RandomModel
from tests.support.small_graph import small_graph


def staged(graph: Graph, *segments: Segment, streamed: tuple[str, ...] = ()) -> Schedule:
    """``segments`` as one stage, and every other operator whole."""
    whole = [whole_operator(graph, i) for i in range(len(graph.ops))]
    before, after = whole[: segments[0].first], whole[segments[-1].last + 1 :]
    return Schedule((*before, Stage(segments), *after), streamed)


def gated_network() -> Graph:
    """17x14x3 -> conv (0) -> mean (1) -> conv (2) -> logistic (3) -> mul by the gate (4) -> conv/2 (5)."""
    model = RandomModel(5)
    x = model.conv(model.add_input((1, 17, 14, 3)), 6, (3, 3))
    gate = model.logistic(model.conv(model.mean(x, keep_dims=True), 6, (1, 1)))
    return _import(model.finish(model.conv(model.mul(x, gate), 5, (3, 3), stride=(2, 2))))


def branched_network() -> Graph:
    """15x15x2 -> conv (0) -> convs 3x3/2 (1), 5x5/2 (2), concat (3), max or average pool (4), conv (5); two outputs."""
    model = RandomModel(8)
    x = model.conv(model.add_input((1, 15, 15, 2)), 5, (3, 3))
    quant = (0.05, 3)
    parts = [model.conv(x, 3, (k, k), stride=(2, 2), quant=quant) for k in (3, 5)]
    both = model.concat(*parts)
    return _import(model.finish(model.conv(model.pool(both, (3, 3), (1, 1), "SAME"), 4, (1, 1)), both))


def pooled_network(rounding: Rounding) -> Graph:
    """``small_graph`` with a global average pool in the place of the mean, in integers or in float32."""
    graph = small_graph(rounding)
    mean = graph.ops[5]
    pool = AvgPool2D(
        mean.name,
        mean.inputs,
        mean.output,
        kernel=(6, 5),  # a row of padding: the map is 5x5
        stride=(1, 1),
        padding=Padding(1, 0, 0, 0),
        rounding_up=False,
        count_include_pad=False,
        requant=make_requant(rounding, [0.1, 0.07]) if rounding is Rounding.FLOAT else None,
        input_zero_point=-3,
        output_zero_point=2,
        clamp=Clamp(),
    )
    tensors = graph.tensors | {mean.output: replace(graph.tensors[mean.output], shape=(1, 1, 1, 16))}
    return replace(graph, ops=(*graph.ops[:5], pool, *graph.ops[6:]), tensors=tensors)


def _import(data: bytes) -> Graph:
    return import_tflite(data, "staged")


Case = tuple[Callable[[], Graph], tuple[Segment, ...]]

CASES: dict[str, Case] = {
    "kept, tiles of one position": (small_graph, (Segment(0, 4, (1, 1)),)),
    "kept, tiles of several rows": (small_graph, (Segment(0, 4, (2, 3)),)),
    "all recomputed": (small_graph, (Segment(0, 4, (2, 2), (0, 1, 2, 3), (0, 1, 2, 3)),)),
    "rows kept, columns recomputed": (small_graph, (Segment(0, 4, (1, 2), (), (0, 1, 2, 3)),)),
    "full width": (small_graph, (Segment(0, 4, (1, 5)),)),
    "two segments": (small_graph, (Segment(0, 0, (1, 10)), Segment(1, 4, (1, 1)))),
    "up to the mean": (small_graph, (Segment(0, 0, (1, 3)), Segment(1, 3, (1, 4)), Segment(4, 5, (1, 2)))),
    "the mean at once": (small_graph, (Segment(0, 4, (1, 2)), Segment(5, 5, (5, 5)))),
    "integer pool": (lambda: pooled_network(Rounding.FIXED), (Segment(0, 3, (1, 2)), Segment(4, 5, (2, 3)))),
    "float pool": (lambda: pooled_network(Rounding.FLOAT), (Segment(0, 3, (2, 2)), Segment(4, 5, (2, 5)))),
    "gate before its map": (gated_network, (Segment(0, 1, (2, 3)), Segment(2, 3, (1, 1)))),
    "gate for tiles": (gated_network, (Segment(2, 3, (1, 1)), Segment(4, 5, (1, 2)))),
    "branches and two outputs": (branched_network, (Segment(0, 3, (2, 2)), Segment(4, 5, (1, 3)))),
    "early branch": (branched_network, (Segment(0, 3, (1, 1), early=(1,)),)),
}


def make_case(name: str, streamed: bool = False) -> tuple[Graph, Schedule]:
    """The network and schedule of a case; with ``streamed`` its input comes row by row."""
    make_graph, segments = CASES[name]
    graph = make_graph()
    return graph, staged(graph, *segments, streamed=graph.inputs if streamed else ())
