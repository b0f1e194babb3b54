"""Where the inputs of an emulated network come from: the arena, or for a streamed one a camera beside the board.

The camera is memory that holds the images, one after the other, where an Arm core has its peripherals: no board's
flash or RAM can lie there, and what it holds is no SRAM.
"""

from __future__ import annotations

from collections.abc import Sequence

from mcupatch.emit.csources import Port

CAMERA_BASE = 0x5000_0000
_ALIGN = 16


def camera_addresses(inputs: Sequence[Port], base: int = CAMERA_BASE) -> dict[str, int]:
    """Where the image of each streamed input begins, by C name, if the camera lies at ``base``."""
    addresses, address = {}, base
    for port in inputs:
        if port.streamed:
            addresses[port.c_name] = address
            address += -(-port.tensor.nbytes // _ALIGN) * _ALIGN
    return addresses


def camera_bytes(inputs: Sequence[Port]) -> int:
    """What the camera holds; 0 if nothing is streamed."""
    return sum(-(-port.tensor.nbytes // _ALIGN) * _ALIGN for port in inputs if port.streamed)
