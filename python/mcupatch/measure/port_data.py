"""Arrays to the bytes that a network reads from its arena, and back."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mcupatch.emit.csources import Port
from mcupatch.errors import BadInput


def encode_inputs(ports: Sequence[Port], arrays: Sequence[NDArray[np.generic]]) -> list[bytes]:
    """Little-endian bytes of each input. Raises BadInput where number, shape or type differ from the ports'."""
    if len(arrays) != len(ports):
        raise BadInput(f"the network has {len(ports)} inputs and {len(arrays)} were given")
    return [_encode(port, np.asarray(array)) for port, array in zip(ports, arrays)]


def _encode(port: Port, array: NDArray[np.generic]) -> bytes:
    tensor = port.tensor
    if array.shape != tensor.shape or array.dtype != np.dtype(tensor.dtype):
        raise BadInput(
            f"input {tensor.name!r} takes {tensor.dtype}{list(tensor.shape)}, "
            f"not {array.dtype}{list(array.shape)}"
        )
    return array.astype(_little_endian(port), copy=False).tobytes()


def decode_output(port: Port, data: bytes) -> NDArray[np.generic]:
    """The output that lies in ``data``, in its own shape and type."""
    return np.frombuffer(data, _little_endian(port)).astype(port.tensor.dtype).reshape(port.tensor.shape)


def _little_endian(port: Port) -> np.dtype[np.generic]:
    little: np.dtype[np.generic] = np.dtype(port.tensor.dtype).newbyteorder("<")
    return little
