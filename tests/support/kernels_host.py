"""Machines that run kernel blobs: this computer, this computer under the sanitizers, an emulated Cortex-M."""

from __future__ import annotations

import ctypes
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

ROOT = Path(__file__).resolve().parents[2]
RUNTIME = ROOT / "src" / "runtime"
NAMES = ("kernel_driver.c", "kernel_calls.c", "kernel_part_calls.c", "kernel_packed_calls.c")
DRIVER = tuple(Path(__file__).with_name(name) for name in NAMES)
FLAGS = ("-std=c11", "-Wall", "-Wextra", "-Werror", "-ffp-contract=off", f"-I{RUNTIME / 'include'}")
EMULATED_DSP = "-DMCUP_EMULATE_DSP"
SPARE_BYTES = 1 << 16


class Machine(Protocol):
    def run(self, blob: bytes) -> bytes:
        """The blob after its calls."""


def kernel_sources() -> list[str]:
    return [*map(str, (*sorted((RUNTIME / "kernels").glob("*.c")), *DRIVER))]


def find_compiler() -> list[str]:
    for name in ("gcc", "clang", "cc"):
        path = shutil.which(name)
        if path is not None:
            return [path]
    return [sys.executable, "-m", "ziglang", "cc", "-fno-sanitize=all"]


class HostKernels:
    """The kernels as a shared library; ``defines`` choose the portable or the emulated DSP form."""

    def __init__(self, folder: Path, defines: Sequence[str] = ()) -> None:
        library = folder / "libkernels.so"
        command = [*find_compiler(), "-O1", "-shared", "-fPIC", *FLAGS, *defines, *kernel_sources()]
        subprocess.run([*command, "-o", str(library)], check=True)
        self._run = ctypes.CDLL(str(library)).run_blob
        self._run.restype = ctypes.c_int32
        self._spare = ctypes.create_string_buffer(SPARE_BYTES)

    def run(self, blob: bytes) -> bytes:
        memory = ctypes.create_string_buffer(blob, len(blob))
        assert self._run(memory, self._spare) == 0, "a kernel wrote beyond its scratch"
        return memory.raw


class SanitizedKernels:
    """The kernels in a program of their own, every array and scratch a heap block of its exact size."""

    def __init__(self, folder: Path, defines: Sequence[str] = ()) -> None:
        self._program = folder / "kernels"
        self._folder = folder
        sanitizers = ("-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
        driver = ("-DDRIVER_MALLOC", "-DDRIVER_MAIN")
        command = [*find_compiler(), *sanitizers, *FLAGS, *driver, *defines, *kernel_sources()]
        subprocess.run([*command, "-o", str(self._program)], check=True)

    def run_all(self, blobs: Sequence[bytes]) -> list[bytes]:
        """All blobs in one process. Raises CalledProcessError, with the sanitizers' words, if one complains."""
        path = self._folder / "blobs"
        path.write_bytes(b"".join(struct.pack("<I", len(blob)) + blob for blob in blobs))
        environment = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}
        done = subprocess.run(
            [str(self._program), str(path)], env=environment, capture_output=True, text=True
        )
        if done.returncode != 0:
            raise AssertionError(f"the kernels failed under the sanitizers:\n{done.stderr[:4000]}")
        after, results = path.read_bytes(), []
        for blob in blobs:
            results.append(after[4 : 4 + len(blob)])
            after = after[4 + len(blob) :]
        return results
