"""Sizes in bytes, as people write them: 64KiB, 1MiB, 512 B."""

from __future__ import annotations

import re

from mcupatch.errors import BadInput

_UNITS = {"": 1, "b": 1, "kib": 1024, "mib": 1024 * 1024}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*", re.ASCII)


def parse_size(text: str) -> int:
    """Bytes of ``64KiB``, ``0.5MiB``, ``512B`` or ``512``. Raises BadInput for anything else."""
    match = _SIZE.fullmatch(text)
    scale = _UNITS.get(match[2].lower()) if match else None
    # Twelve digits are past any microcontroller and far from where a float overflows.
    if match is None or scale is None or len(match[1]) > 12:
        raise BadInput(f"{text!r} is not a size. Write a number with B, KiB or MiB, as in 64KiB.")
    nbytes = float(match[1]) * scale
    if nbytes != int(nbytes):
        raise BadInput(f"{text!r} is not a whole number of bytes.")
    return int(nbytes)


def format_size(nbytes: int) -> str:
    """``64 KiB``, ``1 MiB``, ``1000 B``; past 10 KiB one decimal: ``65.5 KiB``."""
    if nbytes and nbytes % _UNITS["mib"] == 0:
        return f"{nbytes // _UNITS['mib']} MiB"
    if nbytes and nbytes % _UNITS["kib"] == 0:
        return f"{nbytes // _UNITS['kib']} KiB"
    if abs(nbytes) >= 10 * _UNITS["kib"]:
        return f"{nbytes / _UNITS['kib']:.1f} KiB"
    return f"{nbytes} B"
