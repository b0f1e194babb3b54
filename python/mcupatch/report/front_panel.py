"""The geometry of one panel of a fronts' picture: where the axes, points, lines and words stand, in pixels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mcupatch.report.axis_ticks import Axis, choose_axis
from mcupatch.report.figures import Fronts, PlannedPoint
from mcupatch.report.units import format_kib

WIDTH, HEIGHT = 460, 340
LEFT, RIGHT, TOP, BOTTOM = 72, WIDTH - 22, 76, HEIGHT - 52  # the frame, from the panel's left and top
STRETCH = 1.6  # a mark up to so many times as far as the points stretches the axis; one further off is told in words
Cost = Callable[[PlannedPoint], float]


@dataclass(frozen=True)
class Spot:
    """A point of the front, what a pointer that rests on it reads, and whether a compilation takes it."""

    x: float
    y: float
    text: str
    taken: bool


@dataclass(frozen=True)
class Tick:
    """A round value: where it stands along its axis, and its label."""

    at: float
    label: str


@dataclass(frozen=True)
class Panel:
    """One drawing. ``stairs``: what each budget buys. ``plain`` and ``budget`` (a place across) are None out of sight.

    ``plain_note`` and ``budget_note`` are the words of the legend, empty where there is nothing to tell.
    """

    title: str
    y_label: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    spots: tuple[Spot, ...]
    stairs: str
    plain: Spot | None
    plain_note: str
    budget: float | None
    budget_note: str


def lay_out_panel(
    title: str, y_label: str, fronts: Fronts, points: Sequence[PlannedPoint], cost: Cost
) -> Panel:
    """The arenas of ``points`` across, their ``cost`` upwards."""
    plain, budget = fronts.layer_by_layer, fronts.budget_bytes
    # what is taken may be no point of this front: it is no reason to show the front small
    reach = [p.arena_bytes for i, p in enumerate(points) if all(cost(p) < cost(q) for q in points[:i])]
    sight = STRETCH * max(reach, default=float("inf"))
    points = [point for point in points if point.arena_bytes <= sight]
    seen_plain = plain if plain is not None and plain.arena_bytes <= sight else None
    seen_budget = budget if budget is not None and budget <= sight else None
    shown = [*points, *([seen_plain] if seen_plain is not None else [])]
    widths = [point.arena_bytes for point in shown] + ([seen_budget] if seen_budget is not None else [])
    across = choose_axis(min(widths, default=0) / 1024, max(widths, default=0) / 1024)
    up = choose_axis(min(map(cost, shown), default=0.0), max(map(cost, shown), default=0.0))

    def find_spot(point: PlannedPoint) -> Spot:
        text = f"{point.title}: {format_kib(point.arena_bytes)} KiB, {y_label}: {cost(point):.5g}"
        return Spot(_across(across, point.arena_bytes / 1024), _upwards(up, cost(point)), text, point.taken)

    spots = [find_spot(point) for point in points]
    return Panel(
        title,
        y_label,
        tuple(Tick(_across(across, value), across.label(value)) for value in across.ticks),
        tuple(Tick(_upwards(up, value), up.label(value)) for value in up.ticks),
        tuple(spots),
        _join_stairs(spots),
        None if seen_plain is None else find_spot(seen_plain),
        _note("layer by layer", None if plain is None else plain.arena_bytes, sight),
        None if seen_budget is None else _across(across, seen_budget / 1024),
        _note("budget", budget, sight)
        + ("; large dot: 'compile' takes it" if any(s.taken for s in spots) else ""),
    )


def _note(what: str, nbytes: int | None, sight: float) -> str:
    if nbytes is None:
        return ""
    return f"{what}: {format_kib(nbytes)} KiB" + (", out of sight" if nbytes > sight else "")


def _across(axis: Axis, value: float) -> float:
    return round(LEFT + (RIGHT - LEFT) * axis.place(value), 1)


def _upwards(axis: Axis, value: float) -> float:
    return round(BOTTOM - (BOTTOM - TOP) * axis.place(value), 1)


def _join_stairs(spots: Sequence[Spot]) -> str:
    """A schedule serves every budget up to the arena of the next one."""
    corners: list[str] = []
    for before, spot in zip((None, *spots), spots):
        if before is not None:
            corners.append(f"{spot.x},{before.y}")
        corners.append(f"{spot.x},{spot.y}")
    return " ".join(corners)
