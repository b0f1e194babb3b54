"""Schedules in words: names stay short, every stage is told."""

from __future__ import annotations

from mcupatch.schedule.bound import step_loads
from mcupatch.schedule.by_hand import schedule_by_hand
from mcupatch.schedule.explain import (
    LONGEST_NAME,
    describe_bottleneck,
    halo_policy,
    shorten_name,
    tell_stages,
    title_schedule,
)
from mcupatch.schedule.stage import Schedule, Segment, Stage
from mcupatch.schedule.whole import plan_layer_by_layer
from tests.support.graphs import GraphBuilder
from tests.support.small_graph import small_graph


def test_long_names_keep_their_end() -> None:
    assert shorten_name("stem") == "stem"
    assert shorten_name("x" * LONGEST_NAME) == "x" * LONGEST_NAME
    name = shorten_name("model/" * 20 + "conv2d_2/Conv2D")
    assert len(name) == LONGEST_NAME and name.startswith("...") and name.endswith("conv2d_2/Conv2D")


def many_stages() -> Schedule:
    """Two segments in one stage, an operator that runs whole, and a mean that accumulates."""
    whole = plan_layer_by_layer(small_graph()).stages
    front = Stage((Segment(0, 0, (1, 2)), Segment(1, 3, (1, 5), recomputed_cols=(1,))))
    return Schedule((front, whole[4], Stage((Segment(5, 5, (1, 5)),)), whole[6]), ("x",))


def test_stages_are_told_one_by_one() -> None:
    stories = tell_stages(small_graph(), many_stages())
    assert [(s.first, s.last) for s in stories] == [(0, 3), (4, 4), (5, 5), (6, 6)]
    assert stories[0].how == "0-0 in tiles of 1x2, 1-3 in tiles of 1x5 (recomputed: columns of 1)"
    assert [s.how for s in stories[1:]] == ["whole", "5-5 in tiles of 1x5", "whole"]
    assert (
        stories[0].peak_bytes > 720 and "'d' 720 bytes" in stories[0].largest
    )  # d: the stage's output, 9x10x8
    (everything,) = tell_stages(small_graph(), plan_layer_by_layer(small_graph()))
    assert (everything.first, everything.last, everything.how) == (0, 6, "whole")


def test_titles_and_halos() -> None:
    graph = small_graph()
    assert title_schedule(graph, plan_layer_by_layer(graph)) == "per layer"
    assert title_schedule(graph, schedule_by_hand(graph, 4, (3, 2))) == "3x2 patches"
    assert title_schedule(graph, many_stages()) == "2 stages in tiles"
    assert title_schedule(graph, plan_layer_by_layer(graph, ("x",))) == "row by row"
    assert title_schedule(graph, schedule_by_hand(graph, 4, (3, 1))) == "3x1 patches"
    policies = [
        halo_policy(graph, schedule_by_hand(graph, 4, (3, 2), h).stages[0]) for h in ("recompute", "keep")
    ]
    assert policies == ["recompute", "keep"]
    assert [halo_policy(graph, stage) for stage in many_stages().stages] == ["mixed", "none", "none", "none"]


def test_the_bottleneck_counts_scratch_and_tells_of_shared_bytes() -> None:
    b = GraphBuilder()
    graph = b.build(b.mean(b.conv(b.conv(b.input(16, 16, 4), 4, kernel=3, pad=1), 16, kernel=1, pad=0)))
    plain = plan_layer_by_layer(graph)
    loads = [load.nbytes for load in step_loads(graph, plain)]
    assert loads[1] == max(loads) < 16 * 16 * (4 + 16)  # the second convolution writes over what it reads
    text = describe_bottleneck(graph, plain)
    assert text.startswith("operator 1 ") and text.endswith(", in part one over the other")
    text = describe_bottleneck(graph, plain, {graph.ops[0].name: 1 << 20})
    assert text.startswith("operator 0 ") and "scratch of the kernel 1024.0 KiB" in text
    b = GraphBuilder()
    x = b.input(16, 16, 4)
    kept = b.build(x, b.conv(x, 16, kernel=3, pad=1))
    assert "one over the other" not in describe_bottleneck(kept, plan_layer_by_layer(kept))
