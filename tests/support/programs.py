"""The programs that build an export."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest


def find_program(name: str) -> str:
    """Its path, in this environment or on the machine; the test is skipped where it is not installed."""
    beside = Path(sys.executable).parent / name
    path = str(beside) if beside.is_file() else shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed")
    return path


def run_program(*command: str | Path, cwd: Path | None = None, status: int = 0) -> str:
    """The standard output of a command that ends with ``status``."""
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, cwd=cwd, timeout=300
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout
