"""A fingerprint of native sources, so that a library built from other ones is noticed.

Imports nothing of the package: setup.py loads this file by its path.
"""

from __future__ import annotations

import hashlib
from pathlib import Path


def digest_sources(folder: Path) -> str:
    """SHA-256 over the names and bytes of every C and C++ file below ``folder``, in order of their names."""
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.suffix in (".c", ".h", ".cc")):
        digest.update(f"{path.relative_to(folder).as_posix()}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
