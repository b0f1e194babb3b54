"""The tiles of the first stage on its input: what each reads, and where reads overlap."""

from __future__ import annotations

from mcupatch.report.page.figures import Span, TilePicture
from mcupatch.report.svg_template import render_svg

TEMPLATE = "page/tiles_picture.svg.j2"
SIDE, MARGIN, TOP = 420, 12, 30


def draw_tiles(tiles: TilePicture) -> str:
    """SVG text: the input with every tile's read as a frame, and the middle one filled."""
    scale = SIDE / max(tiles.height, tiles.width)

    def place(span: Span) -> tuple[float, float]:
        return round(span[0] * scale, 1), round((span[1] - span[0]) * scale, 1)

    rows, cols = ([place(span) for span in spans if span[1] > span[0]] for spans in (tiles.rows, tiles.cols))
    middle_row, middle_col = (spans[len(spans) // 2] if spans else (0.0, 0.0) for spans in (rows, cols))
    return render_svg(
        TEMPLATE,
        title=tiles.title,
        picture=tiles.picture,
        rows=rows,
        cols=cols,
        middle_row=middle_row,
        middle_col=middle_col,
        shown_width=round(tiles.width * scale, 1),
        shown_height=round(tiles.height * scale, 1),
        width=round(tiles.width * scale) + 2 * MARGIN,
        height=round(tiles.height * scale) + TOP + MARGIN,
        left=MARGIN,
        top=TOP,
    )
