"""Images that boot in QEMU: outputs, counts and marks as on Unicorn; faults, hangs and a QEMU that fails."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mcupatch.emit.csources import CSources, WorkspacePool
from mcupatch.errors import EmulationFault, Infeasible, ToolMissing
from mcupatch.firmware.bare_metal import build_firmware
from mcupatch.firmware.qemu_machines import RUNNER_STACK_BYTES, find_machine, stand_in
from mcupatch.firmware.toolchain import find_toolchain
from mcupatch.measure import qemu_backend
from mcupatch.measure.measurement import Measurement
from mcupatch.measure.qemu_backend import run_on_qemu
from mcupatch.measure.unicorn_backend import run_on_unicorn
from mcupatch.target.board import generic_board, load_board
from tests.support.qemu import needs_qemu
from tests.support.tiny_sources import tiny_sources

X = np.arange(-8, 8, dtype=np.int8).reshape(1, 16)
WEIGHTS = np.array([i % 5 - 2 for i in range(16)], np.int8)
UNUSED = "(void)inputs; (void)outputs; (void)pools;"
WRITE_OUTPUT = "for (int i = 0; i < 16; i++) ((volatile int8_t *)outputs->y)[i] = 0;"
CALIBRATION = 8  # instructions between the readings of the timer that are not the network's


def boot(
    folder: Path, sources: CSources, board: str = "stm32f746", toolchain: str = "zig", timeout: float = 60.0
) -> list[Measurement]:
    place = load_board(board)
    tools = find_toolchain(toolchain, place.cpu)
    firmware = build_firmware(sources, place, folder, tools)
    return run_on_qemu(firmware, sources, [[X], [X[:, ::-1]]], tools, timeout)


@needs_qemu
@pytest.mark.parametrize("toolchain", ["zig", "gcc"])
@pytest.mark.parametrize("board", ["stm32f412", "stm32h743", "mps3-an547"])
def test_outputs_and_ledger(board: str, toolchain: str, tmp_path: Path) -> None:
    if toolchain == "gcc" and shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("arm-none-eabi-gcc is not installed")
    first, second = boot(tmp_path, tiny_sources(), board, toolchain)
    assert np.array_equal(first.outputs[0], X * WEIGHTS + 1)
    assert np.array_equal(second.outputs[0], X[:, ::-1] * WEIGHTS + 1)
    assert first.arena_touched_bytes == 48
    assert first.stack_bytes is not None and 0 < first.stack_bytes < 200
    assert first.sram_bytes == 48 + first.stack_bytes
    assert first.instructions is not None and first.instructions > 100
    assert (first.backend, first.instructions) == ("qemu", second.instructions)


LOOP = "volatile int32_t n = 1000000; while (n > 0) { n--; }" + UNUSED + WRITE_OUTPUT


@needs_qemu
@pytest.mark.parametrize("board", ["stm32f412", "stm32f746"])
def test_counts_and_stack_are_those_of_unicorn(board: str, tmp_path: Path) -> None:
    before = "int32_t deep(int32_t n);\n__attribute__((naked)) int32_t deep(int32_t n) {\n__asm volatile("
    before += '"push {r4, lr}\\nsubs r0, #1\\nbeq 1f\\nbl deep\\n1: pop {r4, pc}\\n"); }'
    sources = tiny_sources("deep(100); " + LOOP, before)
    qemu = boot(tmp_path, sources, board)[0]
    (unicorn,) = run_on_unicorn(build_firmware(sources, load_board(board), tmp_path), [[X]])
    assert qemu.instructions is not None and unicorn.instructions is not None
    assert 0 <= qemu.instructions - unicorn.instructions <= CALIBRATION
    assert qemu.stack_bytes == unicorn.stack_bytes
    assert qemu.arena_touched_bytes == unicorn.arena_touched_bytes
    assert (qemu.sram_bytes, qemu.flash_bytes) == (unicorn.sram_bytes, unicorn.flash_bytes)


RECURSION = """
int32_t endless(int32_t n);
__attribute__((noinline)) int32_t endless(int32_t n) {
  volatile int32_t a[8];
  a[0] = n;
  return n < 0 ? 0 : endless(n + 1) + a[0];
}
"""


@needs_qemu
@pytest.mark.parametrize("board", ["stm32f412", "stm32f746", "mps3-an547"])
@pytest.mark.parametrize(
    ("body", "before", "message"),
    [
        ("return *(volatile uint8_t *)0xE0200000u;", "", r"left the board's memories in tvmgen_tiny_run.*0xe0200000"),
        ("endless(1);", RECURSION, "stack overflowed its reserve"),
        ('__asm volatile("udf #0");', "", "no instruction in tvmgen_tiny_run"),
        ("return 7;", "", "returned the error 7"),
        ("outputs->y = 0;", "", "never wrote"),
    ],
)  # fmt: skip
def test_a_fault_says_what_happened(body: str, before: str, message: str, board: str, tmp_path: Path) -> None:
    with pytest.raises(EmulationFault, match=message):
        boot(tmp_path, tiny_sources(UNUSED + body, before), board)


@needs_qemu
def test_more_stack_than_the_reserve_is_told(tmp_path: Path) -> None:
    body = "volatile uint8_t a[4300]; for (int i = 0; i < 4300; i++) a[i] = 1;" + UNUSED + WRITE_OUTPUT
    with pytest.raises(EmulationFault, match=r"reserve \(4096 bytes\): the network needs 43\d\d bytes"):
        boot(tmp_path, tiny_sources(body))


@needs_qemu
def test_what_hangs_is_stopped(tmp_path: Path) -> None:
    with pytest.raises(EmulationFault, match="did not end in QEMU within 2 s"):
        boot(tmp_path, tiny_sources(UNUSED + 'for (;;) { __asm volatile(""); }'), timeout=2.0)


def test_without_qemu_its_package_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(qemu_backend.shutil, "which", lambda name: None)
    with pytest.raises(ToolMissing, match="Debian.*package qemu-system-arm; Homebrew: qemu"):
        boot(tmp_path, tiny_sources())


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("echo 'unsupported machine type' >&2; exit 1", "status 1 before the network did.*\n.*unsupported"),
        ("kill -SEGV $$", "status -11"),
        ("exit 0", "ended after 0 of 2 inferences"),
        ("echo half > results; exit 0", "ended after 0 of 2 inferences"),
        ("echo x > fault", "could not say where"),
    ],
)
def test_a_qemu_that_fails(
    program: str, message: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fake = tmp_path / "bin" / "qemu-system-arm"
    fake.parent.mkdir()
    fake.write_text(f"#!/bin/sh\n{program}\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(EmulationFault, match=message):
        boot(tmp_path, tiny_sources())


@pytest.mark.parametrize("name", ["stm32f412", "stm32f746", "stm32h743"])
def test_memories_keep_their_sizes(name: str) -> None:
    board = load_board(name)
    place = stand_in(board, tiny_sources().pools, find_machine(board.cpu))
    assert place.main_ram.name == board.main_ram.name
    assert place.sram_bytes - place.stack_bytes == board.sram_bytes - board.stack_bytes
    assert (place.main_ram.base, place.main_flash.base) == (0x2000_0000, 0)
    assert 0 <= place.flash_bytes - board.flash_bytes <= 4096


def test_every_memory_of_a_divided_arena_has_a_place() -> None:
    board = load_board("stm32h743")
    names = ("axi_sram", "dtcm", "sram1+sram2")
    pools = tuple(WorkspacePool(name.replace("+", "_"), 64, name) for name in names)
    place = stand_in(board, pools, find_machine(board.cpu))
    sizes = {name: board.ram_named(name).size for name in names}
    sizes["axi_sram"] += RUNNER_STACK_BYTES
    assert {name: place.ram_named(name).size for name in names} == sizes
    rams = find_machine(board.cpu).rams
    assert all(any(r.base <= m.base and m.stop <= r.stop for r in rams) for m in place.memories[1:])


@needs_qemu
def test_an_arena_that_the_board_cannot_hold_is_refused(tmp_path: Path) -> None:
    firmware = build_firmware(tiny_sources(), load_board("stm32f746"), tmp_path)
    tools = find_toolchain("zig", "cortex-m7")
    large = tiny_sources(arena_bytes=320 * 1024)
    with pytest.raises(
        Infeasible, match=r"of SRAM and stm32f746 as QEMU's mps2-an500 has 321 KiB: \d+ bytes"
    ):
        run_on_qemu(firmware, large, [[X]], tools)


@needs_qemu
def test_a_firmware_that_fills_its_board_boots(tmp_path: Path) -> None:
    tools = find_toolchain("zig", "cortex-m7")
    flash_bytes = build_firmware(tiny_sources(), load_board("stm32f746"), tmp_path, tools).flash_bytes
    board = generic_board("cortex-m7", 4096 + 32 + 48, flash_bytes)
    firmware = build_firmware(tiny_sources(), board, tmp_path, tools)
    (run,) = run_on_qemu(firmware, tiny_sources(), [[X]], tools)
    assert np.array_equal(run.outputs[0], X * WEIGHTS + 1)


def test_a_board_larger_than_the_machine_is_refused() -> None:
    with pytest.raises(Infeasible, match="no room for 16 MiB of RAM"):
        stand_in(
            generic_board("cortex-m7", 16 << 20, 1 << 20), tiny_sources().pools, find_machine("cortex-m7")
        )
    board = replace(generic_board("cortex-m7", 1 << 20, 16 << 20), name="large")
    assert stand_in(board, tiny_sources().pools, find_machine("cortex-m7")).flash_bytes == 4 << 20
