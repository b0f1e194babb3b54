"""The counters that the native hooks fill while Unicorn runs: ``mcup_probe`` of src/emulator/hooks.h."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from unicorn import UC_HOOK_BLOCK, UC_HOOK_MEM_WRITE, Uc
from unicorn.arm_const import UC_ARM_REG_LR
from unicorn.unicorn_py3.unicorn import uclib

from mcupatch.measure.profile import Span, read_span
from mcupatch.native import load_library

_TRAFFIC = 3  # the counters of a mcup_traffic


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
        ("span_starts", ctypes.c_void_p),
        ("traffic", ctypes.c_void_p),
        ("places", ctypes.c_uint64),
        ("span", ctypes.c_uint64),
        ("span_return", ctypes.c_uint64),
        ("previous_stop", ctypes.c_uint64),
        ("read_register", ctypes.c_void_p),
        ("link_register", ctypes.c_int32),
    )


class Probe:
    """Counts the instructions of one engine and, if ``writable`` ranges are given, checks its writes.

    The ranges are half-open; a write outside every one stops the run, and so does instruction number ``limit``.
    Instructions are counted apart for the calls of the functions ``spans``: addresses, and the number of the span, 1
    to ``span_count``. The probe must live as long as the engine runs.
    """

    def __init__(
        self,
        engine: Uc,
        code_start: int,
        starts: NDArray[np.uint32],
        writable: Sequence[tuple[int, int]],
        limit: int,
        spans: Mapping[int, int],
        span_count: int,
    ) -> None:
        library = load_library()
        self._starts = np.ascontiguousarray(starts, np.uint32)
        self._code_start = code_start
        self._span_count = 1 + span_count
        self._span_starts = np.zeros(len(self._starts), np.uint16)
        for address, span in spans.items():
            self._span_starts[(address - code_start) // 2] = span
        self._writable = (_Range * len(writable))(*(_Range(*each) for each in writable))
        self._probe = _Probe(
            limit=limit,
            code_start=code_start,
            code_stop=code_start + 2 * (len(self._starts) - 1),
            starts=self._starts.ctypes.data,
            writable=ctypes.addressof(self._writable),
            writable_count=len(writable),
            stop=ctypes.cast(uclib.uc_emu_stop, ctypes.c_void_p),
            span_starts=self._span_starts.ctypes.data,
            places=len(self._starts),
            read_register=ctypes.cast(uclib.uc_reg_read, ctypes.c_void_p),
            link_register=UC_ARM_REG_LR,
        )
        self.begin_call()
        self._add_hook(engine, UC_HOOK_BLOCK, library.mcup_count_block)
        if writable:
            self._add_hook(engine, UC_HOOK_MEM_WRITE, library.mcup_on_write)

    def begin_call(self) -> None:
        """Forget the spans of the call before."""
        # Zeroed pages cost nothing until they are touched, and an operator touches few of them.
        self._traffic = np.zeros((self._span_count, len(self._starts), _TRAFFIC), np.uint64)
        self._probe.traffic = self._traffic.ctypes.data
        self._probe.span = self._probe.previous_stop = 0

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

    def read_spans(self) -> list[Span]:
        """What ran in each span since ``begin_call``; number 0 is what ran outside."""
        return [read_span(traffic, self._starts, self._code_start) for traffic in self._traffic]

    @property
    def over_limit(self) -> bool:
        return bool(self._probe.over_limit)

    @property
    def stray_write(self) -> tuple[int, int] | None:
        """Address and size of the first write outside every range."""
        size = int(self._probe.stray_size)
        return (int(self._probe.stray_address), size) if size else None
