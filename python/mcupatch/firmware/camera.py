"""Where the inputs of an emulated network come from: the arena, or for a streamed one a camera beside the board.

The camera is memory that holds the images as it sends them, one after the other, where an Arm core has its
peripherals: no board's flash or RAM can lie there, and what it holds is no SRAM. JPEG files lie in flash instead, behind
the program: of each its number of bytes in 32 bits, then the file, then zeros up to a multiple of 16.
"""

from __future__ import annotations

from collections.abc import Sequence

from mcupatch.emit.csources import Port

CAMERA_BASE = 0x5000_0000
_ALIGN = 16


def camera_addresses(inputs: Sequence[Port], base: int = CAMERA_BASE) -> dict[str, int]:
    """Where the image of each streamed input that a camera sends begins, by C name, if the camera lies at ``base``."""
    addresses, address = {}, base
    for port in inputs:
        if port.streamed and port.sent_bytes is not None:
            addresses[port.c_name] = address
            address += round_up(port.sent_bytes)
    return addresses


def camera_bytes(inputs: Sequence[Port]) -> int:
    """What the camera holds; 0 if nothing is streamed."""
    return sum(round_up(port.sent_bytes) for port in inputs if port.streamed and port.sent_bytes is not None)


def round_up(nbytes: int) -> int:
    """To where the next image, or the next file in flash, begins."""
    return -(-nbytes // _ALIGN) * _ALIGN
