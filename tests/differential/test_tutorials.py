"""The tutorials run, and say what they are to show."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

TUTORIALS = Path(__file__).resolve().parents[2] / "tutorials"
SHOWS = {
    "01_fit_a_model_on_a_chip.py": "in 40 KiB: No schedule fits",
    "02_a_pass_in_a_tvm_pipeline.py": "equal to the reference, byte for byte",
}


def test_every_tutorial_is_run_here() -> None:
    assert {p.name for p in TUTORIALS.glob("*.py")} == set(SHOWS)


@pytest.mark.parametrize("name", SHOWS)
def test_tutorial(name: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(TUTORIALS / name)], cwd=tmp_path, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr
    assert SHOWS[name] in done.stdout
