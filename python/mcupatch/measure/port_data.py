"""Arrays to the bytes that a network reads from its arena or row by row, and back."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mcupatch.emit.csources import Port
from mcupatch.errors import BadInput
from mcupatch.firmware.camera import round_up
from mcupatch.row_formats import explain_jpeg_status


def encode_inputs(ports: Sequence[Port], arrays: Sequence[NDArray[np.generic]]) -> list[bytes]:
    """Bytes of each input: little-endian values, camera pixels as they are, a JPEG file after its size.

    Raises BadInput where number, shape or type differ from the ports'.
    """
    if len(arrays) != len(ports):
        raise BadInput(f"the network has {len(ports)} inputs and {len(arrays)} were given")
    return [_encode(port, np.asarray(array)) for port, array in zip(ports, arrays)]


def _encode(port: Port, array: NDArray[np.generic]) -> bytes:
    tensor = port.tensor
    if not port.source.is_raw:
        return _encode_sent(port, array)
    if array.shape != tensor.shape or array.dtype != np.dtype(tensor.dtype):
        raise BadInput(
            f"input {tensor.name!r} takes {tensor.dtype}{list(tensor.shape)}, "
            f"not {array.dtype}{list(array.shape)}"
        )
    return array.astype(_little_endian(port), copy=False).tobytes()


def _encode_sent(port: Port, array: NDArray[np.generic]) -> bytes:
    if array.ndim != 1 or array.dtype != np.uint8 or port.sent_bytes not in (None, array.size):
        size = "any number of" if port.sent_bytes is None else port.sent_bytes
        raise BadInput(
            f"input {port.tensor.name!r} takes {size} bytes as {port.source.format}, "
            f"not {array.dtype}{list(array.shape)}"
        )
    data = array.tobytes()
    if not port.source.is_jpeg:
        return data
    sized = len(data).to_bytes(4, "little") + data
    return sized.ljust(round_up(len(sized)), b"\0")


def decode_output(port: Port, data: bytes) -> NDArray[np.generic]:
    """The output that lies in ``data``, in its own shape and type."""
    return np.frombuffer(data, _little_endian(port)).astype(port.tensor.dtype).reshape(port.tensor.shape)


def _little_endian(port: Port) -> np.dtype[np.generic]:
    little: np.dtype[np.generic] = np.dtype(port.tensor.dtype).newbyteorder("<")
    return little


def stored_bytes(ports: Sequence[Port], encoded: Sequence[bytes]) -> int:
    """Of encoded inputs those that are files in flash."""
    return sum(len(data) for port, data in zip(ports, encoded) if port.source.is_jpeg)


def explain_status(ports: Sequence[Port], status: int) -> str:
    """A sentence about what a network returned; reading a row of a JPEG input may have failed."""
    reason = explain_jpeg_status(status) if any(port.source.is_jpeg for port in ports) else None
    return f"The network returned the error {status}{f', of its picture: {reason}' if reason else ''}."
