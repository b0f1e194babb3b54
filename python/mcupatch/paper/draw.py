"""Charts as SVG and PNG, drawn by matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mcupatch.errors import ToolMissing
from mcupatch.paper.item import Chart

FORMATS = ("svg", "png")
_WIDTH_INCHES, _HEIGHT_INCHES, _DOTS_PER_INCH = 8.0, 3.6, 150
_BAR_GROUP = 0.8  # of the room between two labels
_COLOURS = ("#9aa0a6", "#f29900", "#1a73e8", "#188038", "#d93025")


def load_pyplot() -> Any:
    """matplotlib without a display. Raises ToolMissing where it is not installed."""
    try:
        import matplotlib
    except ImportError as error:
        raise ToolMissing(
            "Drawing the figures needs the package matplotlib; install it with: pip install 'mcupatch[paper]'"
        ) from error
    matplotlib.use("agg")
    # The same bytes from every run, and text that stays text.
    matplotlib.rcParams.update({"svg.hashsalt": "mcupatch", "svg.fonttype": "none", "font.size": 9})
    from matplotlib import pyplot

    return pyplot


def draw_charts(charts: Sequence[Chart], stem: Path) -> None:
    """Write ``stem.svg`` and ``stem.png`` with one chart below the other."""
    pyplot = load_pyplot()
    figure, axes = pyplot.subplots(
        len(charts),
        1,
        figsize=(_WIDTH_INCHES, _HEIGHT_INCHES * len(charts)),
        squeeze=False,
        layout="constrained",
    )
    try:
        for chart, axis in zip(charts, axes[:, 0]):
            _draw(axis, chart)
        for kind in FORMATS:
            metadata = {"Date": None} if kind == "svg" else {"Software": None}
            figure.savefig(stem.with_suffix(f".{kind}"), dpi=_DOTS_PER_INCH, metadata=metadata)
    finally:
        pyplot.close(figure)


def _draw(axis: Any, chart: Chart) -> None:
    places = list(range(len(chart.labels)))
    for number, series in enumerate(chart.series):
        colour = _COLOURS[number % len(_COLOURS)]
        if chart.lines:
            values = [float("nan") if value is None else value for value in series.values]
            axis.plot(places, values, marker="o", color=colour, label=series.title)
        else:
            width = _BAR_GROUP / len(chart.series)
            shift = (number - (len(chart.series) - 1) / 2) * width
            heights = [value or 0.0 for value in series.values]
            axis.bar([place + shift for place in places], heights, width, color=colour, label=series.title)
    if chart.reference is not None:
        axis.axhline(
            chart.reference, color="#d93025", linestyle="--", linewidth=1, label=chart.reference_title
        )
    axis.set_title(chart.title, loc="left")
    axis.set_ylabel(chart.y_title)
    axis.set_xlabel(chart.x_title)
    axis.set_xticks(places, chart.labels)
    axis.set_ylim(bottom=0)
    axis.grid(axis="y", linewidth=0.5, alpha=0.5)
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(frameon=False)
