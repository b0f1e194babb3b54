"""The fronts of a network's schedules as a picture: one SVG file with two step curves, drawn without any library."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

from mcupatch.report.fronts import Fronts
from mcupatch.report.units import format_kib

WIDTH, HEIGHT = 420, 300  # of one panel, in pixels
LEFT, RIGHT, TOP, BOTTOM = 70, 15, 40, 50  # margins
COLOURS = ("#1f5fa8", "#b0451c")
TICKS = 5


def draw_fronts(fronts: Fronts) -> str:
    """SVG text: SRAM against extra MACs on the left, against predicted instructions on the right."""
    whole = fronts.macs or 1
    fewest = min((p.instructions for p in fronts.by_instructions), default=1) or 1
    panels = (
        ("extra MACs, %", [(p.nbytes, 100 * p.extra_macs / whole) for p in fronts.by_macs]),
        (
            "instructions beyond the fewest, %",
            [(p.nbytes, 100 * (p.instructions / fewest - 1)) for p in fronts.by_instructions],
        ),
    )
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{2 * WIDTH}" height="{HEIGHT}" '
        'font-family="sans-serif" font-size="11">',
        '<rect width="100%" height="100%" fill="white"/>',
    ]
    for number, (label, points) in enumerate(panels):
        parts.append(f'<g transform="translate({number * WIDTH} 0)">')
        parts += _draw_panel(fronts.name, label, points, COLOURS[number])
        parts.append("</g>")
    return "\n".join([*parts, "</svg>", ""])


def _draw_panel(name: str, label: str, points: Sequence[tuple[int, float]], colour: str) -> list[str]:
    right, low = WIDTH - RIGHT, HEIGHT - BOTTOM
    most_bytes = max((nbytes for nbytes, _ in points), default=1)
    most = max((share for _, share in points), default=0) or 1

    def place(nbytes: float, share: float) -> tuple[float, float]:
        across = LEFT + (right - LEFT) * nbytes / most_bytes
        return round(across, 1), round(low - (low - TOP) * share / most, 1)

    parts = [f'<text x="{LEFT}" y="20" font-weight="bold">{escape(name)}: {escape(label)}</text>']
    for tick in range(TICKS + 1):
        x, y = place(most_bytes * tick / TICKS, most * tick / TICKS)
        parts.append(f'<line x1="{x}" y1="{low}" x2="{x}" y2="{low + 4}" stroke="black"/>')
        label_x = format_kib(round(most_bytes * tick / TICKS))
        parts.append(f'<text x="{x}" y="{low + 18}" text-anchor="middle">{label_x}</text>')
        parts.append(f'<line x1="{LEFT}" y1="{y}" x2="{right}" y2="{y}" stroke="#dddddd"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4}" text-anchor="end">{most * tick / TICKS:.3g}</text>')
    parts.append(f'<text x="{(LEFT + right) // 2}" y="{HEIGHT - 10}" text-anchor="middle">SRAM, KiB</text>')
    steps: list[str] = []
    for i, point in enumerate(points):
        x, y = place(*point)
        if i:  # a schedule serves every budget up to the next one's bytes
            steps.append(f"{x},{place(*points[i - 1])[1]}")
        steps.append(f"{x},{y}")
        parts.append(f'<circle cx="{x}" cy="{y}" r="2.5" fill="{colour}"/>')
    parts.append(f'<polyline points="{" ".join(steps)}" fill="none" stroke="{colour}"/>')
    return parts
