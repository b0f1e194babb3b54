"""What one run of a network showed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcupatch.measure.profile import Profile


@dataclass(frozen=True, eq=False)
class Measurement:
    """Measured bytes and instructions; None is what the backend cannot see.

    ``instructions`` is the exact count of one call. ``arena_touched_bytes`` are the bytes of the arena that were
    written, inputs included unless they are streamed, and ``pools_touched_bytes`` those of each of its pools.
    ``stack_bytes`` is the stack's high-water mark.
    ``cycles`` are those of the core itself, on a board that runs at ``clock_hz``.
    ``timer_cycles`` are those of a real system's clock around the call, interrupts included.
    ``profile`` says where the instructions of that call went.
    ``sram_bytes`` is .data, .bss, arena and ``stack_bytes``; ``flash_bytes`` code, constants, the image of .data
    and the JPEG files that the run read.
    """

    backend: str
    cpu: str
    outputs: tuple[NDArray[np.generic], ...]
    instructions: int | None = None
    arena_touched_bytes: int | None = None
    pools_touched_bytes: tuple[int, ...] | None = None
    stack_bytes: int | None = None
    sram_bytes: int | None = None
    flash_bytes: int | None = None
    profile: Profile | None = None
    timer_cycles: int | None = None
    cycles: int | None = None
    clock_hz: int | None = None
