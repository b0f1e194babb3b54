"""Where the Thumb instructions of a firmware start, for counting them block by block."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mcupatch.firmware.elf import Elf

# The first halfword of a 32-bit instruction has one of these in its top five bits (Arm ARM, "Thumb encoding").
WIDE_PREFIXES = (0b11101, 0b11110, 0b11111)


def count_starts(elf: Elf, code: bytes, base: int) -> NDArray[np.uint32]:
    """``starts[i]`` instructions start in the first ``i`` halfwords of ``code``, which lies at ``base``.

    Code is decoded from each ``$t`` mapping symbol to the next ``$d``; data between functions (literals, jump
    tables) counts nothing. The table has one entry more than there are halfwords.
    """
    halfwords = np.frombuffer(code[: len(code) // 2 * 2], "<u2")
    wide = np.isin(halfwords >> 11, WIDE_PREFIXES)
    is_start = np.zeros(len(halfwords), np.uint32)
    stop = base + 2 * len(halfwords)
    marks = [(address, kind) for address, kind in elf.code_marks if base <= address < stop]
    for (address, kind), (until, _) in zip(marks, [*marks[1:], (stop, "$d")]):
        if kind != "$t":
            continue
        at, end = (address - base) // 2, (until - base) // 2
        while at < end:
            is_start[at] = 1
            at += 2 if wide[at] else 1
    return np.concatenate([np.zeros(1, np.uint32), np.cumsum(is_start, dtype=np.uint32)])
