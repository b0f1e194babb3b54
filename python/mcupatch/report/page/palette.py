"""The colours of the page: of what a buffer holds, and of stages; readable on white and in grey print."""

from __future__ import annotations

BUFFER_COLOURS = {
    "input": "#7a5fa8",
    "output": "#b0451c",
    "tensor": "#1f5fa8",
    "window": "#2e8b8b",
    "tile": "#5aa02c",
    "cache": "#d9a21f",
    "sums": "#8a8a8a",
    "scratch": "#c96a9b",
}
BUFFER_WORDS = {
    "input": "model input",
    "output": "model output",
    "tensor": "whole tensor",
    "window": "window of rows",
    "tile": "tile",
    "cache": "kept rows",
    "sums": "sums",
    "scratch": "scratch of a kernel",
}
STAGE_COLOURS = ("#dbe9f6", "#e3f1da", "#fbeccb", "#f6dfe8", "#dcefef", "#ece4f5")


def stage_colour(stage: int | None) -> str:
    """Of the background of an operator; white for one that runs whole."""
    return "#ffffff" if stage is None else STAGE_COLOURS[stage % len(STAGE_COLOURS)]
