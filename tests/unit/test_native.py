from pathlib import Path

import pytest

from mcupatch import native
from mcupatch.errors import ToolMissing


def test_library_holds_the_hooks() -> None:
    library = native.load_library()
    assert library.mcup_count_block and library.mcup_on_write


def test_runtime_has_headers_and_kernels() -> None:
    assert (native.runtime_dir() / "include" / "mcupatch" / "kernels.h").is_file()
    assert list((native.runtime_dir() / "kernels").glob("*.c"))


def test_absence_says_how_to_build(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(native, "_LIBRARY", tmp_path / "none.so")
    monkeypatch.setattr(native, "_PACKAGE", tmp_path / "a" / "b")
    native.load_library.cache_clear()
    try:
        with pytest.raises(ToolMissing, match="make setup"):
            native.load_library()
        with pytest.raises(ToolMissing, match="pip"):
            native.runtime_dir()
    finally:
        native.load_library.cache_clear()


def test_library_of_other_kernels_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "digest_sources", lambda runtime: "of other kernels")
    native.load_library.cache_clear()
    try:
        with pytest.raises(ToolMissing, match="other kernel sources"):
            native.load_library()
    finally:
        native.load_library.cache_clear()
