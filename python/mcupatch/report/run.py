"""What ``mcupatch run`` prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from rich.console import Group, RenderableType
from rich.text import Text

from mcupatch.report.compiled import describe_schedule
from mcupatch.report.tables import fact_table
from mcupatch.report.units import format_bytes
from mcupatch.result import MeasuredFacts, PortFacts, Result

TOP = 5
SHOWN_VALUES = 8


def run_report(
    result: Result, outputs: Mapping[str, NDArray[np.generic]], labels: Sequence[str] | None
) -> RenderableType:
    """The outputs and every measured figure. ``result.measured`` must be there."""
    measured = result.measured
    assert measured is not None, "a run report needs a run"
    ports = {port.name: port for port in result.model.output}
    return Group(
        Text(f"{result.model.name}: {describe_schedule(result)}"),
        *(Text(describe_output(ports[name], value, labels)) for name, value in outputs.items()),
        fact_table(measured_facts(measured, result)),
        _verdict(measured),
    )


def _verdict(measured: MeasuredFacts) -> Text:
    if measured.matches_reference:
        return Text("output equals the reference, byte for byte", style="green")
    differs = f"output DIFFERS from the reference by up to {measured.max_abs_diff:g}"
    if measured.as_compiled:
        return Text(f"{differs}, as --fast-rounding allows", style="yellow")
    return Text(f"{differs}; please report this", style="bold red")


def measured_facts(measured: MeasuredFacts, result: Result) -> list[tuple[str, str]]:
    """Names and values of what was measured; what the backend cannot measure is left out."""
    facts = [("ran on", measured.backend + (f", {measured.cpu}" if measured.cpu else ""))]
    if measured.instructions is not None:
        facts.append(("instructions", f"{measured.instructions:,}"))
    if measured.cycles_model is not None:
        facts.append(("cycles", f"{measured.cycles_model:,} by a model of the core, not measured"))
    if measured.cycles is not None:
        facts.append(("cycles", f"{measured.cycles:,}, counted by the core"))
    if measured.milliseconds is not None:
        facts.append(("time", f"{measured.milliseconds:.3f} ms"))
    if measured.timer_cycles is not None:
        facts.append(
            ("timer", f"{measured.timer_cycles:,} cycles of the system's clock; emulated, they say little")
        )
    if measured.arena_touched_bytes is not None:
        facts.append(
            (
                "arena written",
                f"{measured.arena_touched_bytes:,} B of {result.memory.arena_bytes:,} B planned",
            )
        )
    touched = measured.pools_touched_bytes or ()
    if len(touched) > 1:
        parts = (f"{n:,} B of {p.bytes:,} B in {p.memory}" for n, p in zip(touched, result.memory.pools))
        facts.append(("memories", ", ".join(parts)))
    for name, value in (
        ("stack", measured.stack_bytes),
        ("SRAM", measured.sram_bytes),
        ("flash", measured.flash_bytes),
    ):
        if value is not None:
            facts.append((name, format_bytes(value)))
    return facts


def describe_output(port: PortFacts, value: NDArray[np.generic], labels: Sequence[str] | None) -> str:
    """The five best classes where the output looks like class scores, else its first values."""
    flat = value.reshape(-1)
    if not looks_like_scores(value):
        shown = ", ".join(f"{v:g}" for v in flat[:SHOWN_VALUES].tolist())
        more = ", ..." if flat.size > SHOWN_VALUES else ""
        return f"output {port.name} {list(value.shape)} {value.dtype}: {shown}{more}"
    lines = [f"output {port.name}, best classes:"]
    for index in best_classes(value):
        label = f"  {labels[index]}" if labels is not None and index < len(labels) else ""
        lines.append(f"  {index:5d}  {real_value(port, flat[index]):10.4g}{label}")
    return "\n".join(lines)


def looks_like_scores(value: NDArray[np.generic]) -> bool:
    """One row of at least two values: every side but the last is 1."""
    return value.ndim >= 1 and value.shape[-1] >= 2 and value.size == value.shape[-1]


def best_classes(value: NDArray[np.generic], count: int = TOP) -> list[int]:
    """Indices of the largest values, the largest first, equal ones in order."""
    flat = value.reshape(-1).astype(np.float64)
    return [int(i) for i in np.argsort(-flat, kind="stable")[:count]]


def real_value(port: PortFacts, stored: np.generic) -> float:
    """What a stored value stands for; the value itself where there is no quantisation."""
    number = float(stored)  # type: ignore[arg-type]
    if port.scale is None or port.zero_point is None:
        return number
    return (number - port.zero_point) * port.scale
