"""The tutorials run, and say what they are to show."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.support.shared import shared_path

TUTORIALS = Path(__file__).resolve().parents[2] / "tutorials"
SHOWS = {
    "01_fit_a_model_on_a_chip.py": "in 40 KiB: No schedule fits",
    "02_a_pass_in_a_tvm_pipeline.py": "equal to the reference, byte for byte",
    "03_read_the_report.py": "report.html: open it in a browser",
    "04_your_own_network_from_pytorch.py": "torch",
    "05_redistribution.py": "redistributed.json runs; equal to the reference",
    "06_add_an_operator.py": "LiteRT gives the same for 100.0% of the 256 bytes",
    "07_add_a_board.py": "equal to the reference, byte for byte: True",
    "08_a_photo_as_jpeg_in_flash.py": "the same outputs, byte for byte, as from the decoded picture",
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


def test_the_people_of_a_photo(tmp_path: Path) -> None:
    """The trained detector finds both from the JPEG in flash, and Pillow's pixels give nearly the same boxes."""
    tutorial = TUTORIALS / "08_a_photo_as_jpeg_in_flash.py"
    files = [shared_path("models/mcunet_person_det.tflite"), shared_path("images/person.jpg")]
    command = [sys.executable, str(tutorial), *map(str, files)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    boxes = [
        [float(word.strip(",")) for word in line.split()[-6:] if word != "at"]
        for line in done.stdout.splitlines()
        if ": person " in line
    ]
    chip, pillow = boxes[: len(boxes) // 2], boxes[len(boxes) // 2 :]
    assert [score > 0.8 for score, *_ in chip] == [True, True]
    for (score, *sides), (other_score, *other_sides) in zip(chip, pillow):
        assert abs(score - other_score) < 0.05
        assert max(abs(a - b) for a, b in zip(sides, other_sides)) <= 3
    with Image.open(tmp_path / "person_boxes.png") as drawn:
        assert drawn.size == (640, 512)
