"""Every memory figure with its definition, for a reader who does not know the names."""

from __future__ import annotations

from mcupatch.report.units import format_bytes
from mcupatch.result import Result


def list_ledger(result: Result) -> list[tuple[str, str, str]]:
    """Name, value and meaning."""
    memory, flash, measured = result.memory, result.flash, result.measured
    assert measured is not None
    rows = [
        (
            "arena_bytes",
            memory.arena_bytes,
            "planned: activations, kept rows and scratch; inputs included unless streamed",
        ),
        ("lower_bound_bytes", memory.lower_bound_bytes, "no placement of this schedule's buffers is smaller"),
        ("input_bytes", memory.input_bytes, "of it, whole inputs"),
        (
            "streamed_input_bytes",
            memory.streamed_input_bytes,
            "inputs that come row by row and have no buffer",
        ),
        ("output_bytes", memory.output_bytes, "of the arena, outputs"),
        (
            "analytic_per_layer_bytes",
            memory.analytic_per_layer_bytes,
            "the MCUNetV2 paper's definition, layer by layer",
        ),
        ("analytic_schedule_bytes", memory.analytic_schedule_bytes, "the same definition for this schedule"),
        (
            "arena_touched_bytes",
            measured.arena_touched_bytes,
            "measured: bytes of the arena that were really written",
        ),
        ("stack_bytes", measured.stack_bytes, "measured: the stack's high-water mark"),
        ("sram_bytes", measured.sram_bytes, "measured: .data, .bss with the arena, and the stack"),
        ("flash_bytes", measured.flash_bytes, "measured: code, weights and the image of .data"),
        ("weights_bytes", flash.weights_bytes, "of it, weights, biases and tables"),
        ("code_bytes", flash.code_bytes, "of it, code"),
    ]
    return [(name, format_bytes(value), text) for name, value, text in rows if value is not None]
