"""Which inputs can be streamed, and what is said of those that cannot."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mcupatch.errors import BadInput
from mcupatch.ir.graph import Graph
from mcupatch.schedule.stage import Segment
from mcupatch.schedule.stage_layout import lay_out_stage
from mcupatch.schedule.streaming import find_streamed_inputs
from mcupatch.schedule.whole import plan_layer_by_layer
from tests.support.graphs import GraphBuilder


def test_images_are_streamed_and_the_rest_stays() -> None:
    b = GraphBuilder()
    image, gate, late = b.input(8, 8, 3), b.input(1, 1, 3), b.input(8, 8, 3)
    pooled = b.reshape(late, 1, 192)
    graph = b.build(b.mul(b.conv(image, 3, 3, pad=1), gate), b.softmax(pooled))
    assert find_streamed_inputs(graph) == (image,)


def test_conversions_are_seen_through() -> None:
    b = GraphBuilder()
    x = b.input(8, 8, 3, "float32")
    graph = b.build(b.conv(b.lut(b.quantize(x)), 4, 3))
    assert find_streamed_inputs(graph) == (x,)


def test_layer_by_layer_the_readers_of_a_streamed_image_run_row_by_row() -> None:
    b = GraphBuilder()
    x = b.input(8, 8, 3, "float32")
    first = b.conv(b.lut(b.quantize(x)), 4, 3, pad=1)
    graph = b.build(b.conv(first, 4, 3))
    schedule = plan_layer_by_layer(graph, (x,))
    assert [s.operators for s in schedule.stages] == [range(0, 3), range(3, 4)]
    assert schedule.stages[0].segments == (Segment(0, 2, (1, 8)),)
    layout = lay_out_stage(graph, schedule.stages[0], (x,))
    assert layout.windows[x].rows == 1 and layout.executed(1) == 8


def planar() -> Graph:
    b = GraphBuilder()
    return b.build(b.conv(b.transpose(b.quantize(b.input(3, 8, 8, "float32")), 0, 2, 3, 1), 4, 3))


def planar_gray() -> Graph:
    b = GraphBuilder()
    return b.build(b.conv(b.reshape(b.quantize(b.input(1, 8, 6, "float32")), 1, 8, 6, 1), 4, 3))


def single_row() -> Graph:
    b = GraphBuilder()
    return b.build(b.conv(b.input(1, 8, 3), 4, (1, 3)))


def flat() -> Graph:
    b = GraphBuilder()
    return b.build(b.dense(b.reshape(b.input(8, 8, 3), 1, 192), 4))


def resized() -> Graph:
    b = GraphBuilder()
    return b.build(b.conv(b.resize(b.input(8, 8, 3), 4, 4), 4, 3))


def unread() -> Graph:
    b = GraphBuilder()
    b.input(8, 8, 3)
    x = b.input(8, 8, 3)
    return b.build(b.softmax(b.reshape(x, 1, 192)))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (planar, r"operator 1 \(transpose\), which needs it whole\. Try --io int8"),
        (planar_gray, r"has its channel before its rows\. Try --io int8"),
        (single_row, r"has a single row\. Compile it without"),
        (flat, r"operator 0 \(reshape\), which needs it whole\. Compile it without"),
        (resized, r"operator 0 \(resize_nearest\), which needs it whole"),
        (unread, r"'in0' is read by no operator; 'in1' is read by operator 0"),
    ],
)
def test_the_reason_is_told(make: Callable[[], Graph], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        find_streamed_inputs(make())
