"""The native library (host kernels, emulator hooks) and the kernels' C sources: where they are."""

from __future__ import annotations

import ctypes
from functools import cache
from pathlib import Path

from mcupatch.errors import ToolMissing
from mcupatch.source_digest import digest_sources

_PACKAGE = Path(__file__).resolve().parent
_LIBRARY = _PACKAGE / "_native" / "libmcupatch_native.so"


@cache
def load_library() -> ctypes.CDLL:
    """The library that setup.py builds. Raises ToolMissing where it was not built or cannot be loaded."""
    if not _LIBRARY.is_file():
        raise ToolMissing(
            f"mcupatch's native library is not built ({_LIBRARY} is missing). "
            "Run `make setup`, or install the package again with pip."
        )
    try:
        library = ctypes.CDLL(str(_LIBRARY))
    except OSError as error:
        raise ToolMissing(
            f"mcupatch's native library cannot be loaded: {error}. Build it on this machine with `make setup`."
        ) from error
    # A stale library would give the planner the scratch sizes of other kernels than those on the chip.
    if _read_digest(library) != digest_sources(runtime_dir()):
        raise ToolMissing(
            "mcupatch's native library was built from other kernel sources than those here. "
            "Run `make setup`, or install the package again with pip."
        )
    return library


def _read_digest(library: ctypes.CDLL) -> str:
    try:
        function = library.mcup_source_digest
    except AttributeError:
        return ""
    function.restype = ctypes.c_char_p
    return str(function().decode())


def runtime_dir() -> Path:
    """The folder with ``include/`` and ``kernels/``: the checkout's, else the copy inside the package."""
    candidates = (_PACKAGE.parents[1] / "src" / "runtime", _PACKAGE / "_native" / "runtime")
    for folder in candidates:
        if (folder / "include" / "mcupatch" / "kernels.h").is_file():
            return folder
    raise ToolMissing(
        f"The micro-kernels' sources are missing (looked in {candidates[0]} and {candidates[1]}). "
        "Install the package again with pip."
    )
