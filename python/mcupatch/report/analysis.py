"""What ``mcupatch analyze`` prints."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from mcupatch.report.figures import LayerMemory, ScheduleFigures
from mcupatch.report.tables import layer_table, schedule_table


def analysis_report(
    name: str,
    bottleneck: str,
    layers: Sequence[LayerMemory],
    schedules: Sequence[ScheduleFigures],
    ascii_only: bool = False,
    hint: str = "",
) -> RenderableType:
    """Memory per layer, the bottleneck in words, the schedules that were looked at, and a hint."""
    remarks = [] if len(schedules) > 1 else ["No schedule in tiles has a smaller arena."]
    return Group(
        Text(f"{name}: memory at each operator, layer by layer"),
        layer_table(layers, ascii_only),
        Text(f"Bottleneck: {bottleneck}."),
        schedule_table(schedules),
        Text(
            "Arena: planned, all of it. Paper: the MCUNetV2 definition. Unclipped: every patch counted at full size. "
            "Pixels: of the input, for one patch."
        ),
        Text(" ".join([*remarks, hint])),
    )
