"""What each operator does, as TIR: ``emit_body`` writes the loops of one operator over one window."""

from mcupatch.program.bodies.dispatch import emit_body, is_windowed

__all__ = ["emit_body", "is_windowed"]
