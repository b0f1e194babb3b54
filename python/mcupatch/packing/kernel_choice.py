"""Which C kernel runs an operator, and how its constants lie in flash for that kernel."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[np.generic]]


@dataclass(frozen=True, eq=False)
class KernelChoice:
    """A kernel that is called like the general one of its operator, with parameters and arrays of its own.

    ``params`` holds the plain fields of the kernel's struct; its pointers are the keys of ``pack()``, which makes
    the arrays as they lie in flash. ``scratch_function`` takes the struct, the most rows and the most columns that a
    call writes.
    """

    function: str
    scratch_function: str
    params: ctypes.Structure
    pack: Callable[[], Arrays]

    @property
    def flash_bytes(self) -> int:
        """Bytes of its arrays."""
        return sum(array.nbytes for array in self.pack().values())
