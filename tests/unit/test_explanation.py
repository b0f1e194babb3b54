"""The reasons for stages and cuts: told for any schedule, numbers as the search finds them."""

from __future__ import annotations

from dataclasses import replace

from mcupatch.dump import schedule_text
from mcupatch.explanation import explain_schedule, needed_bytes
from mcupatch.plan_schedules import SchedulePlanner
from mcupatch.schedule.bound import step_loads
from mcupatch.schedule.explain import format_bytes
from mcupatch.schedule.explain_cuts import CutReason, explain_cut
from mcupatch.schedule.search import find_least_sram, find_without_cut
from mcupatch.schedule.stage import Schedule, Segment, Stage
from mcupatch.schedule.whole import plan_layer_by_layer
from mcupatch.scratch import find_schedule_scratch
from tests.support.small_graph import small_graph


def two_segments() -> Schedule:
    """Two segments in one stage; whole operators; a dense layer, which cannot run in tiles, at the end."""
    front = Stage((Segment(0, 0, (1, 2)), Segment(1, 3, (1, 5))))
    return Schedule((front, *plan_layer_by_layer(small_graph()).stages[4:]))


def test_every_stage_is_told_with_its_peak_and_one_is_the_bottleneck() -> None:
    graph, schedule = small_graph(), two_segments()
    lines = explain_schedule(graph, schedule)
    scratch = find_schedule_scratch(graph, schedule)
    peaks = [load.nbytes + scratch[graph.ops[load.step].name] for load in step_loads(graph, schedule)]
    assert lines[0].startswith("operators 0 to 3 (") and "0-0 in tiles of 1x2" in lines[0]
    assert lines[1].strip().startswith(f"{format_bytes(max(peaks[:4]))} at operator ")
    assert any(line.strip().startswith(f"{format_bytes(max(peaks[4:]))} at operator ") for line in lines)
    assert sum("the bottleneck" in line for line in lines) == 1
    assert lines[2].strip().startswith("segments meet before operator 1: ")
    assert lines[3].startswith("cut before operator 4: ")
    assert "operator 6" in lines[-1] and "(dense) cannot run in tiles" in lines[-1]


def test_cuts_of_the_best_schedule_are_worth_their_while() -> None:
    graph = small_graph()
    problem = SchedulePlanner(graph).problem
    found = find_least_sram(problem)
    best = replace(found, bytes=needed_bytes(graph, found.schedule))
    cuts = [s.first for stage in best.schedule.stages for s in stage.segments if s.first > 0]
    assert cuts
    for cut in cuts:
        reason = explain_cut(problem, best, cut, lambda other: needed_bytes(graph, other))
        without = find_without_cut(problem, best, cut)
        if without is None:
            assert reason.obstacle and str(reason) == f"no stage can span it: {reason.obstacle}"
        else:
            assert reason.more_bytes is not None and reason.more_instructions is not None
            assert reason.more_bytes > 0 or reason.more_instructions >= 0
            assert reason.more_bytes <= without.bytes - best.bytes  # the search counts no less


def test_a_schedule_that_is_not_the_best_says_so() -> None:
    graph = small_graph()
    problem = SchedulePlanner(graph).problem
    worse = replace(find_least_sram(problem), bytes=10**6, instructions=10**9)
    assert "less, as counted; plans decided otherwise" in str(
        explain_cut(problem, worse, 1, lambda other: needed_bytes(graph, other))
    )


def test_reasons_in_words() -> None:
    assert str(CutReason(3, 2048, 5)) == "without it 2.0 KiB more"
    assert str(CutReason(3, 0, 5)) == "without it 5 instructions more"
    assert str(CutReason(3, 0, 0)) == "without it nothing is gained or lost"
    assert str(CutReason(3, -100, 5)) == "without it 5 instructions more"


def test_whole_operators_are_summed_up() -> None:
    graph = small_graph()
    first, peak, cuts = explain_schedule(graph, plan_layer_by_layer(graph))
    assert first.startswith("operators 0 to 6 (") and first.endswith("whole")
    assert "the bottleneck" in peak
    assert cuts.strip().startswith("cuts between them: ") and "no stage can span 1" in cuts


def test_dump_ends_with_the_reasons() -> None:
    graph, schedule = small_graph(), two_segments()
    reasons = explain_schedule(graph, schedule)
    text = schedule_text(graph, schedule, reasons)
    assert text.endswith("\n".join(reasons) + "\n") and text.startswith(schedule_text(graph, schedule))
