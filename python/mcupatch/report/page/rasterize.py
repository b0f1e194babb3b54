"""Pictures of the page as PNG."""

from __future__ import annotations

from pathlib import Path

from mcupatch.errors import ToolMissing

FAMILIES, FONT, FONT_FILE = "Helvetica, Arial, sans-serif", "DejaVu Sans", "DejaVuSans.ttf"


def rasterize(svg: str) -> bytes:
    """The PNG of an SVG, twice its size. Raises ToolMissing without resvg-py and matplotlib."""
    try:
        import matplotlib
        import resvg_py
    except ImportError as error:
        raise ToolMissing(
            f"PNG pictures need the package {error.name}; install it with: pip install 'mcupatch[report]'"
        ) from error
    # A machine may have no font at all: matplotlib brings one, and so the picture is the same everywhere.
    fonts = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / FONT_FILE
    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=svg.replace(FAMILIES, FONT), zoom=2, skip_system_fonts=True, font_files=[str(fonts)]
        )
    )
