"""The counters that the native hooks fill while Unicorn runs: ``mcup_probe`` of src/emulator/hooks.h."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from unicorn import UC_HOOK_BLOCK, UC_HOOK_MEM_WRITE, Uc
from unicorn.unicorn_py3.unicorn import uclib

from mcupatch.native import load_library


class _Range(ctypes.Structure):
    _fields_ = (("start", ctypes.c_uint64), ("stop", ctypes.c_uint64))


class _Probe(ctypes.Structure):
    _fields_ = (
        ("instructions", ctypes.c_uint64),
        ("limit", ctypes.c_uint64),
        ("code_start", ctypes.c_uint64),
        ("code_stop", ctypes.c_uint64),
        ("starts", ctypes.c_void_p),
        ("writable", ctypes.c_void_p),
        ("writable_count", ctypes.c_uint64),
        ("stray_address", ctypes.c_uint64),
        ("stray_size", ctypes.c_uint64),
        ("over_limit", ctypes.c_int32),
        ("stop", ctypes.c_void_p),
    )


class Probe:
    """Counts the instructions of one engine and, if ``writable`` ranges are given, checks its writes.

    The ranges are half-open; a write outside every one stops the run, and so does instruction number ``limit``.
    The probe must live as long as the engine runs.
    """

    def __init__(
        self,
        engine: Uc,
        code_start: int,
        starts: NDArray[np.uint32],
        writable: Sequence[tuple[int, int]],
        limit: int,
    ) -> None:
        library = load_library()
        self._starts = np.ascontiguousarray(starts, np.uint32)
        self._writable = (_Range * len(writable))(*(_Range(*each) for each in writable))
        self._probe = _Probe(
            limit=limit,
            code_start=code_start,
            code_stop=code_start + 2 * (len(self._starts) - 1),
            starts=self._starts.ctypes.data,
            writable=ctypes.addressof(self._writable),
            writable_count=len(writable),
            stop=ctypes.cast(uclib.uc_emu_stop, ctypes.c_void_p),
        )
        self._add_hook(engine, UC_HOOK_BLOCK, library.mcup_on_block)
        if writable:
            self._add_hook(engine, UC_HOOK_MEM_WRITE, library.mcup_on_write)

    def _add_hook(self, engine: Uc, kind: int, function: Any) -> None:
        # Unicorn's Python hooks cost 0.4 us an event; these are called from its C directly.
        handle = ctypes.c_size_t()
        status = uclib.uc_hook_add(
            engine._uch,
            ctypes.byref(handle),
            kind,
            ctypes.cast(function, ctypes.c_void_p),
            ctypes.byref(self._probe),
            ctypes.c_uint64(1),
            ctypes.c_uint64(0),  # begin after end: everywhere
        )
        if status != 0:
            raise RuntimeError(f"unicorn refused a hook (status {status})")

    @property
    def instructions(self) -> int:
        return int(self._probe.instructions)

    @property
    def over_limit(self) -> bool:
        return bool(self._probe.over_limit)

    @property
    def stray_write(self) -> tuple[int, int] | None:
        """Address and size of the first write outside every range."""
        size = int(self._probe.stray_size)
        return (int(self._probe.stray_address), size) if size else None
