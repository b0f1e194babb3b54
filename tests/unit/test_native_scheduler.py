import sys
from pathlib import Path

import pytest

from mcupatch import native_scheduler
from mcupatch.errors import ToolMissing
from mcupatch.source_digest import digest_sources
from tests.architecture.imports import ROOT


@pytest.fixture(autouse=True)
def _forget_library() -> None:
    native_scheduler.load_scheduler.cache_clear()


def test_library_tells_its_sources() -> None:
    assert native_scheduler.load_scheduler()["source_digest"]() == digest_sources(ROOT / "src" / "scheduler")


def test_digest_covers_every_native_suffix(tmp_path: Path) -> None:
    seen = {digest_sources(tmp_path)}
    for name in ("a.c", "a.h", "a.cc"):
        (tmp_path / name).touch()
        seen.add(digest_sources(tmp_path))
    assert len(seen) == 4


def test_absence_says_how_to_build(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(native_scheduler, "_LIBRARY", tmp_path / "none.so")
    with pytest.raises(ToolMissing, match="make setup"):
        native_scheduler.load_scheduler()


def test_broken_library_says_how_to_build(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "broken.so").write_bytes(b"no library")
    monkeypatch.setattr(native_scheduler, "_LIBRARY", tmp_path / "broken.so")
    with pytest.raises(ToolMissing, match="cannot be loaded"):
        native_scheduler.load_scheduler()


def test_library_of_other_sources_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native_scheduler, "digest_sources", lambda folder: "of other sources")
    with pytest.raises(ToolMissing, match="other sources"):
        native_scheduler.load_scheduler()


def test_absence_of_tvm_ffi_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tvm_ffi", None)
    with pytest.raises(ToolMissing, match="apache-tvm-ffi"):
        native_scheduler.load_scheduler()
