"""When each activation's bytes are in use, in steps (operator indices), under a schedule."""

from __future__ import annotations

from dataclasses import dataclass

from mcupatch.ir.graph import Graph
from mcupatch.schedule.stage import Schedule, Stage
from mcupatch.schedule.stage_tensors import find_roots


@dataclass(frozen=True)
class Lifetime:
    """Steps ``first`` to ``last``, inclusive. ``stage`` is the patch stage of whose tiles these are bytes, if any."""

    first: int
    last: int
    stage: Stage | None


def stage_of_ops(schedule: Schedule) -> list[Stage]:
    """The stage of every operator, by operator index."""
    return [stage for stage in schedule.stages for _ in range(stage.first, stage.last + 1)]


def find_lifetimes(graph: Graph, schedule: Schedule) -> dict[str, Lifetime]:
    """Lifetime of every root tensor (``find_roots``), in the order in which they come to be.

    A patch stage runs all its operators for each tile: what it reads from before stays through all of it, and
    its output is there from its first operator on. A tile inside it lives from its operator to its last reader.
    Model inputs live from step 0, model outputs to the last step.
    """
    stages = stage_of_ops(schedule)
    end = max(len(graph.ops) - 1, 0)
    spans: dict[str, Lifetime] = {}
    for tensor, root in find_roots(graph).items():
        producer = graph.producer.get(tensor)
        first, inner = 0, None
        if producer is not None:
            stage = stages[producer]
            is_tile = stage.is_patched and producer != stage.last
            first = producer if is_tile or not stage.is_patched else stage.first
            inner = stage if is_tile else None
        last = end if tensor in graph.outputs else first
        for user in graph.consumers[tensor]:
            stays = stages[user].is_patched and inner is not stages[user]
            last = max(last, stages[user].last if stays else user)
        known = spans.get(root)
        if known is None:
            spans[root] = Lifetime(first, last, inner)
        else:
            spans[root] = Lifetime(known.first, max(known.last, last), known.stage)
    return spans
