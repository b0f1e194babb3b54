"""QEMU for tests: those that boot an image are skipped where it is absent."""

from __future__ import annotations

import shutil

import pytest

from mcupatch.measure.qemu_backend import COMMAND

needs_qemu = pytest.mark.skipif(
    shutil.which(COMMAND) is None, reason=f"{COMMAND} is not installed (Debian: qemu-system-arm)"
)
