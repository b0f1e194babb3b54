"""Schedules in words: names stay short, every stage is told."""

from __future__ import annotations

from mcupatch.schedule.by_hand import schedule_by_hand
from mcupatch.schedule.explain import (
    LONGEST_NAME,
    halo_policy,
    shorten_name,
    tell_stages,
    title_schedule,
)
from mcupatch.schedule.stage import Schedule, Segment, Stage
from mcupatch.schedule.whole import plan_layer_by_layer
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
