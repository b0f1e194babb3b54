"""The figures of the MCUNetV2 paper, as ``mcupatch analyze`` prints them."""

from __future__ import annotations

import json

import pytest

from mcupatch.cli.main import run_command_line

# The stem and the blocks down to 28x28: five of MobileNetV2, four of MbV2-RD.
PATCHED = {"mobilenet_v2": 13, "mbv2_rd": 8}


@pytest.mark.parametrize(
    ("network", "patch", "extra_percent"), [("mobilenet_v2", 75, 9.3), ("mbv2_rd", 63, 2.9)]
)
def test_table_1(capsys: pytest.CaptureFixture[str], network: str, patch: int, extra_percent: float) -> None:
    ops = str(PATCHED[network])
    assert run_command_line(["analyze", f"zoo:{network}", "--grid", "4x4", "--ops", ops, "--json", "-"]) == 0
    whole, patched = json.loads(capsys.readouterr().out)["schedules"]
    assert whole["analytic_bytes"] / 1024 == 1372.0
    assert patched["analytic_bytes"] / 1024 == 171.5
    assert patched["patch_pixels"] == [patch, patch]
    assert round(100 * patched["extra_macs"] / whole["macs"], 1) == extra_percent
