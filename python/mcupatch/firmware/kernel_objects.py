"""What is the same in every build, compiled once: the micro-kernels, row decoders, and the start-up code of a firmware.

Objects are kept in the cache by compiler, flags and sources, so a build compiles the network's own files only.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path

from mcupatch.firmware.cache import cache_dir
from mcupatch.firmware.templates import BARE_METAL, HOSTED
from mcupatch.firmware.toolchain import Toolchain
from mcupatch.native import runtime_dir


def include_dir() -> Path:
    return runtime_dir() / "include"


def compile_kernels(toolchain: Toolchain) -> list[Path]:
    """Objects of all micro-kernels."""
    return _compile_once(toolchain, runtime_dir(), runtime_dir() / "kernels")


def compile_row_decoders(toolchain: Toolchain) -> list[Path]:
    """Objects of what makes rows of camera pixels and JPEG files."""
    return _compile_once(toolchain, runtime_dir(), runtime_dir() / "rows")


def compile_startup(toolchain: Toolchain) -> list[Path]:
    """Objects of the vector table, the reset handler and the few functions of string.h."""
    # With builtins a compiler turns the loop of memcpy into a call of memcpy.
    return _compile_once(toolchain, BARE_METAL, BARE_METAL, ("-fno-builtin",))


def compile_hosted(toolchain: Toolchain) -> list[Path]:
    """Objects of what talks to the host of an image: semihosting, and the report of a fault."""
    return _compile_once(toolchain, HOSTED, HOSTED)


def _compile_once(toolchain: Toolchain, root: Path, folder: Path, extra: tuple[str, ...] = ()) -> list[Path]:
    """Objects of the C files in ``folder``; headers below ``root`` count as part of them.

    Safe when several processes do so at once: a folder of objects appears whole or not at all.
    """
    sources = sorted(folder.glob("*.c"))
    digest = hashlib.sha256(repr((toolchain, extra)).encode())
    for path in (*sources, *sorted(root.rglob("*.h")), *sorted(root.rglob("*.inc"))):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    objects = cache_dir() / "objects" / digest.hexdigest()[:32]
    if not objects.is_dir():
        objects.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix="draft-", dir=objects.parent))
        try:
            toolchain.compile_objects(sources, draft, [include_dir(), folder], extra)
            draft.rename(objects)
        except OSError:
            # Another process may have been first, with the same bytes; anything else is a real error.
            if not objects.is_dir():
                raise
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return sorted(objects.glob("*.o"))
