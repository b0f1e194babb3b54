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
    "03_read_the_report.py": "report.html: open it in a browser",
    "04_your_own_network_from_pytorch.py": "torch",
    "05_redistribution.py": "redistributed.json runs; equal to the reference",
    "06_add_an_operator.py": "LiteRT gives the same for 100.0% of the 256 bytes",
    "07_add_a_board.py": "equal to the reference, byte for byte: True",
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
