"""One page of a compiled model: HTML with everything inside, no network needed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup

from mcupatch.report.front_picture import draw_fronts
from mcupatch.report.operator_picture import draw_operators
from mcupatch.report.page.arena_picture import draw_arena
from mcupatch.report.page.figures import PageFigures
from mcupatch.report.page.graph_picture import draw_graph
from mcupatch.report.page.ledger_rows import list_ledger
from mcupatch.report.page.memory_picture import draw_memory
from mcupatch.report.page.tiles_picture import draw_tiles
from mcupatch.report.svg_template import render_svg
from mcupatch.report.units import format_count, format_kib

TEMPLATE = "page/page.html.j2"


@dataclass(frozen=True)
class Share:
    """Of a memory of the board: what is used, as words and as a part of 1 (above 1: too much)."""

    title: str
    words: str
    part: float


def draw_pictures(figures: PageFigures) -> dict[str, str]:
    """The page's pictures as SVG texts, by the name of their file without its ending."""
    pictures = {
        "memory": draw_memory(figures.steps, figures.budget_bytes),
        "arena": draw_arena(figures.blocks, figures.memories, len(figures.steps)),
        "operators": draw_operators(figures.costs),
        "fronts": draw_fronts(figures.fronts),
        "graph": draw_graph(figures.steps),
    }
    if figures.tiles is not None:
        pictures["tiles"] = draw_tiles(figures.tiles)
    return pictures


def render_page(figures: PageFigures, pictures: Mapping[str, str]) -> str:
    """The HTML text."""
    result = figures.result
    measured = result.measured
    assert measured is not None, "a page shows a run"
    plain = max((step.per_layer_bytes for step in figures.steps), default=0)
    return render_svg(
        TEMPLATE,
        figures=figures,
        result=result,
        measured=measured,
        pictures={name: Markup(text) for name, text in pictures.items()},
        ledger=list_ledger(result),
        shares=[
            _share("SRAM", measured.sram_bytes or result.memory.arena_bytes, figures.sram_bytes),
            _share("Flash", measured.flash_bytes or 0, figures.flash_bytes),
        ],
        plain_kib=format_kib(plain),
        plain_fits=plain <= figures.budget_bytes,
        arena_kib=format_kib(result.memory.arena_bytes),
        budget_kib=format_kib(figures.budget_bytes),
        instructions=format_count(measured.instructions or 0),
        macs=format_count(result.compute.macs),
        extra=f"{100 * result.compute.extra_macs / max(result.compute.macs, 1):.1f} %",
    )


def _share(title: str, used: int, there: int) -> Share:
    return Share(title, f"{format_kib(used)} of {format_kib(there)} KiB", used / max(there, 1))
