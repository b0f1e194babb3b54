"""``mcupatch compile --memories``: which memories hold the arena, and what is said where they do not suffice."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import mcupatch.pipeline
from mcupatch.api import figures
from mcupatch.cli.main import run_command_line
from mcupatch.model_inputs import random_inputs
from mcupatch.options import PerLayer
from mcupatch.pipeline import measure_model
from mcupatch.target.board import Board, Memory
from tests.support.odd_models import small_model

KIB = 1024


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.tflite").write_bytes(small_model())
    return tmp_path


def compile_net(*words: str) -> int:
    return run_command_line(["compile", "net.tflite", "--board", "stm32h743", *words])


def planned(here: Path) -> dict[str, object]:
    return dict(json.loads((here / "net" / "mcupatch.json").read_text())["memory"])


def test_two_memories_compile_and_run(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compile_net("--per-layer") == 0
    arena = planned(here)["arena_bytes"]
    assert planned(here)["pools"] == [{"memory": "axi_sram", "bytes": arena}]
    assert isinstance(arena, int)
    tight = f"dtcm={arena - 16},sram4"
    assert compile_net("--per-layer", "--memories", tight) == 0
    assert "in dtcm" in capsys.readouterr().out
    names = ["dtcm", "sram4"]
    pools = planned(here)["pools"]
    assert isinstance(pools, list) and [pool["memory"] for pool in pools] == names
    header = (here / "net" / "include" / "tvmgen_net.h").read_text()
    assert "  uint8_t *dtcm;\n  uint8_t *sram4;\n" in header
    assert f"#define TVMGEN_NET_WORKSPACE_POOL_SRAM4_SIZE {pools[1]['bytes']}u" in header
    for backend in ("unicorn", "host"):
        assert run_command_line(["run", "net", "--on", backend]) == 0
        assert "equals the reference" in capsys.readouterr().out


def test_what_does_not_fit_says_by_how_much(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compile_net("--memories", "dtcm=16,sram4=16") == 2
    text = capsys.readouterr().err
    assert "bytes too many" in text and "dtcm (16 B), sram4 (16 B)" in text
    assert compile_net("--memories", "ram") == 2
    assert "no RAM 'ram'" in capsys.readouterr().err
    assert compile_net("--memories", "dtcm", "--sram", "64KiB") == 2
    assert "--memories axi_sram=64KiB" in capsys.readouterr().err
    assert compile_net("--memories", "dtcm=") == 2
    assert "missing after 'dtcm='" in capsys.readouterr().err
    assert not (here / "net").exists()


def test_the_stack_counts_where_it_lies(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    on = ("--board", "stm32f746", "--memories")  # its main RAM begins with the DTCM
    assert compile_net(*on, "dtcm=1106") == 2
    found = re.search(r"at least (\d+) bytes", capsys.readouterr().err)
    assert found
    assert compile_net(*on, f"dtcm={int(found[1]) - 1}") == 2
    assert compile_net(*on, f"dtcm={found[1]}") == 0


def test_other_memories_help_out_where_the_main_ram_is_too_small(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = mcupatch.pipeline.compile("net.tflite", mode=PerLayer())
    stack = 1024
    board = Board(
        "small",
        "cortex-m7",
        0,
        (
            Memory("flash", "flash", 0x0800_0000, 1024 * KIB),
            Memory("near", "ram", 0x2000_0000, whole.plan.arena_bytes + 64 + stack - 16),
            Memory("far", "ram", 0x3000_0000, whole.plan.arena_bytes),
        ),
        stack,
    )
    monkeypatch.setattr(mcupatch.pipeline, "load_board", lambda *sizes: board)
    compiled = mcupatch.pipeline.compile("net.tflite", mode=PerLayer())
    run = measure_model(compiled, random_inputs(compiled.graph, 0))
    assert run.matches_reference
    memory = figures(compiled, run)["memory"]
    assert [pool["memory"] for pool in memory["pools"]] == ["near", "far"]
    assert sum(pool["bytes"] for pool in memory["pools"]) == memory["arena_bytes"]
    with pytest.raises(mcupatch.errors.Infeasible, match="bytes too"):
        mcupatch.pipeline.compile("net.tflite", mode=PerLayer(), memories="main")
