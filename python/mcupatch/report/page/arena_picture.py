"""The arena over time: each buffer a rectangle, steps to the right, bytes upwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mcupatch.report.axis_ticks import choose_axis
from mcupatch.report.page.figures import ArenaBlock
from mcupatch.report.page.palette import BUFFER_COLOURS, BUFFER_WORDS
from mcupatch.report.svg_template import render_svg
from mcupatch.report.units import format_bytes

TEMPLATE = "page/arena_picture.svg.j2"
LEFT, TOP, HEIGHT, GAP, BOTTOM = 64, 62, 300, 46, 34
LEAST_WIDTH, LEAST_PITCH, MOST_PITCH = 640, 9, 26
LEAST_LABEL = 60  # pixels of a rectangle that has room for its name
LETTER = 6


@dataclass(frozen=True)
class Rectangle:
    """A buffer on the picture."""

    x: float
    y: float
    width: float
    height: float
    colour: str
    label: str
    text: str


@dataclass(frozen=True)
class Frame:
    """One memory: its title, its ground line, and round values beside it."""

    title: str
    top: float
    ground: float
    levels: tuple[tuple[float, str], ...]


def draw_arena(blocks: Sequence[ArenaBlock], memories: Sequence[tuple[str, int]], steps: int) -> str:
    """SVG text: one frame a memory, one below the other."""
    pitch = min(MOST_PITCH, max(LEAST_PITCH, (LEAST_WIDTH - LEFT) / max(steps, 1)))
    frames, rectangles = [], []
    for number, (name, nbytes) in enumerate(memories):
        top = TOP + number * (HEIGHT + GAP)
        ground = top + HEIGHT
        axis = choose_axis(0, max(nbytes, 1) / 1024)
        levels = tuple(
            (round(ground - HEIGHT * axis.place(value), 1), axis.label(value)) for value in axis.ticks
        )
        frames.append(Frame(f"{name}: {format_bytes(nbytes)}", top, ground, levels))
        for block in blocks:
            if block.memory == number and block.nbytes:
                high = HEIGHT * axis.place((block.offset + block.nbytes) / 1024)
                low = HEIGHT * axis.place(block.offset / 1024)
                rectangles.append(_rectangle(block, pitch, ground, low, high))
    kinds = [kind for kind in BUFFER_COLOURS if any(block.kind == kind for block in blocks)]
    return render_svg(
        TEMPLATE,
        frames=frames,
        rectangles=rectangles,
        legend=[(BUFFER_COLOURS[kind], BUFFER_WORDS[kind]) for kind in kinds],
        numbers=[(round(LEFT + pitch * (step + 0.5), 1), step) for step in range(0, steps, 5)],
        width=round(LEFT + pitch * steps + 12),
        height=TOP + len(memories) * (HEIGHT + GAP) + BOTTOM - GAP,
        left=LEFT,
    )


def _rectangle(block: ArenaBlock, pitch: float, ground: float, low: float, high: float) -> Rectangle:
    width = pitch * (block.last - block.first + 1)
    letters = int(width / LETTER) - 1
    label = block.name if width >= LEAST_LABEL and high - low >= 12 else ""
    return Rectangle(
        round(LEFT + pitch * block.first, 1),
        round(ground - high, 1),
        round(width, 1),
        round(high - low, 1),
        BUFFER_COLOURS[block.kind],
        label if len(label) <= letters else label[: letters - 1] + "…",
        f"{block.name}, {BUFFER_WORDS[block.kind]}: {format_bytes(block.nbytes)} from byte {block.offset:,}, "
        f"operators {block.first} to {block.last}",
    )
