"""``mcupatch run --on board`` on chips that are not there: fake probes, with the very image that would be flashed."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from mcupatch.cli.main import run_command_line
from mcupatch.firmware.stm32_image import build_stm32_image
from mcupatch.firmware.toolchain import Toolchain
from mcupatch.model_file import load_model_file
from mcupatch.options import CompileOptions
from mcupatch.pipeline import compile_model
from mcupatch.saved import save_compiled
from tests.support.fake_pyocd import PulledCable, install_fake_pyocd
from tests.support.fake_stm32 import CYCLES, FakeStm32

BOARDS = ("stm32f412", "stm32f746", "stm32h743")
IMAGES: dict[str, bytes] = {}
CLOCKS = {"stm32f412": 100_000_000, "stm32f746": 216_000_000, "stm32h743": 480_000_000}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A small network by board."""
    folder = tmp_path_factory.mktemp("boards")
    for board in BOARDS:
        compiled = compile_model(load_model_file("zoo:mbv2_w0.35_r144@32"), CompileOptions(board))
        save_compiled(compiled, folder / board)
    return {board: folder / board for board in BOARDS}


@pytest.fixture(autouse=True)
def images(monkeypatch: pytest.MonkeyPatch) -> None:
    """An image is built once for each board: all tests give it the same input."""

    def build_once(project: Path, toolchain: Toolchain) -> Path:
        script = (project / "board" / "linker.ld").read_text()
        if script not in IMAGES:
            IMAGES[script] = build_stm32_image(project, toolchain).read_bytes()
        (project / "image.elf").write_bytes(IMAGES[script])
        return project / "image.elf"

    monkeypatch.setattr("mcupatch.measure.board_backend.build_stm32_image", build_once)


def run_cli(*arguments: str) -> int:
    return run_command_line(["run", *arguments, "--on", "board"])


@pytest.mark.parametrize("board", BOARDS)
def test_the_image_measures_itself(
    board: str, models: dict[str, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install_fake_pyocd(monkeypatch, FakeStm32(board))
    assert run_cli(str(models[board]), "--board", board, "--probe", "pyocd", "--json", "-") == 0
    measured = json.loads(capsys.readouterr().out)["measured"]
    assert (measured["backend"], measured["matches_reference"]) == ("board", True)
    assert measured["cycles"] == CYCLES
    assert measured["milliseconds"] == pytest.approx(1000 * CYCLES / CLOCKS[board])
    assert 300 < measured["stack_bytes"] < 4096
    assert measured["sram_bytes"] > measured["stack_bytes"] and measured["instructions"] is None


def test_an_older_h743_runs_at_400_mhz(
    models: dict[str, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    chip = FakeStm32("stm32h743", revision=0x1003)
    install_fake_pyocd(monkeypatch, chip)
    assert run_cli(str(models["stm32h743"]), "--probe", "pyocd") == 0
    assert f"{1000 * CYCLES / 400_000_000:.3f} ms" in capsys.readouterr().out
    assert chip.read32(0x5800_042C) & 1 == 0, "no over-drive on this revision"
    assert chip.read32(0x5200_2000) == 2 | 2 << 4


# Registers after the start: flash wait states, PLL, prescalers and switch (reference manuals, RCC and FLASH).
STARTED = {
    "stm32f412": {0x4002_3C00: 0x703, 0x4002_3804: 0x2500_1908, 0x4002_3808: 0x100A},
    "stm32f746": {0x4002_3C00: 0x107, 0x4002_3804: 0x2900_3608, 0x4002_3808: 0x940A},
    "stm32h743": {0x5200_2000: 0x24, 0x5802_4430: 0x0101_0277, 0x5802_4418: 0x48, 0x5800_042C: 1},
}


@pytest.mark.parametrize("board", BOARDS)
def test_registers_of_the_clock(board: str, models: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    chip = FakeStm32(board)
    install_fake_pyocd(monkeypatch, chip)
    assert run_cli(str(models[board]), "--probe", "pyocd") == 0
    assert {address: hex(chip.read32(address)) for address in STARTED[board]} == {
        address: hex(value) for address, value in STARTED[board].items()
    }


def test_a_clock_that_does_not_start(
    models: dict[str, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tests.support.fake_stm32.ANSWERS", {"f4": {0x4002_3800: (0x4002_3800, 0, 0)}})
    install_fake_pyocd(monkeypatch, FakeStm32("stm32f412"))
    assert run_cli(str(models["stm32f412"]), "--probe", "pyocd") == 2
    assert "clock of stm32f412 did not start: step 2 failed" in capsys.readouterr().err


def test_another_chip_is_not_flashed(
    models: dict[str, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    chip = FakeStm32("stm32f412")
    chip.write32(chip.chip.id_address, 0x1000_0413)
    install_fake_pyocd(monkeypatch, chip)
    assert run_cli(str(models["stm32f412"]), "--probe", "pyocd") == 2
    assert "device id is 0x413, not 0x441. Nothing was written" in capsys.readouterr().err
    assert chip.read32(0x0800_0000) == 0


def test_too_small_a_flash_is_not_written(
    models: dict[str, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    chip = FakeStm32("stm32f412")
    chip.engine.mem_write(chip.chip.flash_size_address, (512).to_bytes(2, "little"))
    install_fake_pyocd(monkeypatch, chip)
    assert run_cli(str(models["stm32f412"]), "--probe", "pyocd") == 2
    assert "has 512 KiB of flash, and stm32f412 is one with 1 MiB" in capsys.readouterr().err
    assert chip.read32(0x0800_0000) == 0


@pytest.mark.parametrize(
    ("calls", "message"), [(0, "could not be connected"), (3, "could not be flashed"), (40, "lost while the network ran")]
)  # fmt: skip
def test_a_pulled_cable(
    calls: int,
    message: str,
    models: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    install_fake_pyocd(monkeypatch, PulledCable(FakeStm32("stm32f412"), calls))
    assert run_cli(str(models["stm32f412"]), "--probe", "pyocd") == 2
    assert message in capsys.readouterr().err


def test_no_probe_and_a_program_that_hangs(
    models: dict[str, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install_fake_pyocd(monkeypatch, None)
    assert run_cli(str(models["stm32f412"]), "--probe", "pyocd") == 2
    assert "No debug probe was found" in capsys.readouterr().err
    chip = FakeStm32("stm32f412")
    monkeypatch.setattr(chip, "is_halted", lambda: False)
    install_fake_pyocd(monkeypatch, chip)
    assert run_cli(str(models["stm32f412"]), "--probe", "pyocd", "--timeout", "0.2") == 2
    assert "did not end within 0.2 s" in capsys.readouterr().err


def test_another_board_than_the_models(models: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli(str(models["stm32f412"]), "--board", "stm32h743") == 2
    assert "compile it with --board stm32h743" in capsys.readouterr().err


BEGIN = "Info : halted\nmcupatch flashed\nmcupatch begin net\n"
WELL = f"{BEGIN}cycles 5000\ncycles_high 1\ncycles_per_second 100000000\nstack 900\n"


@pytest.mark.parametrize(
    ("said", "status", "message"),
    [
        ("Error: open failed", 1, "No debug probe was found.*OpenOCD said: Error: open failed"),
        ("Error: init mode failed (unable to connect to the target)", 1, "finds no stm32f412"),
        ("Error: LIBUSB_ERROR_NO_DEVICE", 1, "lost while it was flashed"),
        ("mcupatch wrong_chip 0x413", 1, "device id is 0x413, not 0x441"),
        ("mcupatch flash_kib 512", 1, "has 512 KiB of flash"),
        ("Error: flash write failed", 1, "could not be flashed"),
        (f"{BEGIN}Error: libusb_bulk_read LIBUSB_ERROR_NO_DEVICE", 1, "lost while the network"),
        ("mcupatch flashed\nError: timed out while waiting for target halted", 1, "did not end in time"),
        ("mcupatch flashed\nmcupatch begin net\ncycles 5", 0, "stopped before its report was whole"),
        (WELL + "output 0 00000000 3b\nmcupatch end 0", 0, "was not printed whole"),
        (WELL + "status 7\nmcupatch end 1", 0, "returned the error 7"),
        (f"{BEGIN}fault_pc 134217800\nfault_status 33280\nfault_address 16\nmcupatch end -1", 0, "at 0x08000048"),
    ],
)  # fmt: skip
def test_what_openocd_says_is_told(
    said: str,
    status: int,
    message: str,
    models: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    install_fake_openocd(tmp_path, monkeypatch, f"cat <<'END'\n{said}\nEND\nexit {status}")
    assert run_cli(str(models["stm32f412"]), "--probe", "openocd") == 2
    shown = " ".join(capsys.readouterr().err.split())
    assert re.search(message, shown), shown


def test_an_openocd_that_hangs(
    models: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("mcupatch.measure.openocd_probe._STARTING_SECONDS", 0.5)
    install_fake_openocd(tmp_path, monkeypatch, "exec sleep 60")
    assert run_cli(str(models["stm32f412"]), "--probe", "openocd", "--timeout", "0.5") == 2
    assert "did not end within 0.5 s" in capsys.readouterr().err


def install_fake_openocd(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    fake = folder / "bin" / "openocd"
    fake.parent.mkdir()
    fake.write_text(f"#!/bin/sh\n{script}\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}{os.pathsep}{os.environ['PATH']}")
