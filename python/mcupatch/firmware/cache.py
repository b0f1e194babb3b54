"""Where compiled kernels and the compiler's own cache are kept between builds."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

import platformdirs

VARIABLE = "MCUPATCH_CACHE_DIR"


@cache
def cache_dir() -> Path:
    """``$MCUPATCH_CACHE_DIR``, else the user's cache folder, else (not writable) one of this process alone."""
    wanted = Path(os.environ.get(VARIABLE) or platformdirs.user_cache_dir("mcupatch"))
    try:
        wanted.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=wanted):
            return wanted.resolve()
    except OSError:
        own = tempfile.mkdtemp(prefix="mcupatch-cache-")
        atexit.register(shutil.rmtree, own, ignore_errors=True)
        return Path(own)
