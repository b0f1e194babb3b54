"""A small model in a folder of its own, and its archive."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcupatch.tvmc.main import run_command_line
from tests.support.odd_models import small_model


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.tflite").write_bytes(small_model())
    return tmp_path


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the small model, its first operators in patches."""
    folder = tmp_path_factory.mktemp("archive")
    (folder / "net.tflite").write_bytes(small_model())
    words = ["--pass", "mcupatch", "--pass-config", "mcupatch.grid=2x2", "--pass-config", "mcupatch.ops=2"]
    target = folder / "model.tar"
    assert run_command_line(["compile", *words, "-o", str(target), str(folder / "net.tflite")]) == 0
    return target
