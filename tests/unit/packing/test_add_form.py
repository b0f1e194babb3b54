"""Which function of ``mcup_add`` runs a sum; that each is exact is tested with the kernels."""

from __future__ import annotations

from dataclasses import astuple

import pytest

from mcupatch.packing.add_form import find_add_form
from tests.unit.runtime.test_elementwise_kernels import ADDS

RUNS = {
    "first halved": "mcup_add_scaled",
    "second halved": "mcup_add_scaled",
    "clamped": "mcup_add_scaled",
    "second nearly nothing": "mcup_add_scaled",
    "output by one": "mcup_add_scaled",
    "both halved": "mcup_add_halves",
    "none halved": "mcup_add_fixed",
    "second nothing": "mcup_add_fixed",
    "second as large": "mcup_add_fixed",
    "output nothing": "mcup_add_fixed",
    "output not shifted": "mcup_add_fixed",
    "other left shift": "mcup_add_fixed",
    "float": "mcup_add_float",
}


@pytest.mark.parametrize(("name", "run"), RUNS.items())
def test_run(name: str, run: str) -> None:
    assert find_add_form(ADDS[name]).run == run


def test_constants() -> None:
    """``first halved``: (1234567890, -1) of zero point 127 beside the half of -128, and the sum by (1518500250, -18)."""
    form = astuple(find_add_form(ADDS["first halved"]))[1:]
    total = (2 * 1518500250 - 2**32, -(2**14))
    assert form == (0, 128 << 19, -127 << 20, 2 * 1234567890 - 2**32, -(2**31), *total)
    swapped = astuple(find_add_form(ADDS["second halved"]))[1:]
    assert swapped == (1, -127 << 19, 128 << 20, 2 * 1987654321 - 2**32, -(2**30), *total)
