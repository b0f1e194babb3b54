"""A few thousand damaged JPEG files under the sanitizers; ``make fuzz-jpeg`` does a hundred thousand."""

from __future__ import annotations

import pytest

from mcupatch.errors import ToolMissing
from mcupatch.firmware.toolchain import find_host_compiler
from tests.fuzz.fuzz_jpeg import fuzz


def test_damaged_files_do_no_harm() -> None:
    try:
        find_host_compiler(sanitize=True)
    except ToolMissing as missing:
        pytest.skip(str(missing))
    ended = fuzz(runs=3000, seed=7, timeout_seconds=300)
    assert sum(ended) == 3000
    decoded, *failed = ended
    assert decoded > 100 and sum(count > 0 for count in failed) >= 5
