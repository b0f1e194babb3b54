"""The native scheduler (search and planning core, C++ behind tvm-ffi): where it is and how it is called."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from mcupatch.errors import ToolMissing
from mcupatch.source_digest import digest_sources

_PACKAGE = Path(__file__).resolve().parent
_LIBRARY = _PACKAGE / "_native" / "libmcupatch_scheduler.so"
_SOURCES = _PACKAGE.parents[1] / "src" / "scheduler"


@cache
def load_scheduler() -> Any:
    """The library as a tvm-ffi module: ``load_scheduler()["function"](...)``.

    Raises ToolMissing where it was not built or cannot be loaded. The functions: ``src/scheduler/*_export.cc``.
    """
    # Here, not above: what imports a planner need not have tvm-ffi installed.
    try:
        import tvm_ffi
    except ImportError as error:
        raise ToolMissing(
            f"mcupatch's planner needs apache-tvm-ffi ({error}). Install the package again with pip."
        ) from error
    if not _LIBRARY.is_file():
        raise ToolMissing(
            f"mcupatch's native scheduler is not built ({_LIBRARY} is missing). "
            "Run `make setup`, or install the package again with pip."
        )
    try:
        module = tvm_ffi.load_module(_LIBRARY)
        built_from = str(module["source_digest"]())
    except (AttributeError, RuntimeError, OSError) as error:
        raise ToolMissing(
            f"mcupatch's native scheduler cannot be loaded: {error}. Build it on this machine with `make setup`."
        ) from error
    # An installed package has no sources beside it, and nothing that could have changed since.
    if _SOURCES.is_dir() and built_from != digest_sources(_SOURCES):
        raise ToolMissing(
            "mcupatch's native scheduler was built from other sources than those in src/scheduler. "
            "Run `make setup`, or install the package again with pip."
        )
    return module
