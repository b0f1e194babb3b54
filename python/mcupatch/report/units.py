"""Figures as text."""

from __future__ import annotations


def format_kib(count: int) -> str:
    """Bytes in KiB with one decimal, and no unit: ``1372.0``."""
    return f"{count / 1024:.1f}"


def format_bytes(count: int) -> str:
    """Bytes exactly, with KiB beside them: ``65,536 B (64.0 KiB)``."""
    return f"{count:,} B ({format_kib(count)} KiB)"


def format_count(count: int) -> str:
    """A count with three significant digits or more: ``23.54 M``, ``981``."""
    if count >= 10_000_000:
        return f"{count / 1e6:.1f} M"
    if count >= 1_000_000:
        return f"{count / 1e6:.2f} M"
    return f"{count / 1e3:.1f} k" if count >= 10_000 else str(count)


def format_percent(part: int, whole: int) -> str:
    """``+9.3 %`` of ``whole``."""
    return f"{100 * part / whole:+.1f} %" if whole else "0 %"
