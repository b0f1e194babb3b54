"""Measuring on the emulated core: exact counts, touched bytes, and faults that say what overflowed."""

from pathlib import Path

import numpy as np
import pytest

from mcupatch.errors import BadInput, EmulationFault
from mcupatch.firmware.bare_metal import Firmware, build_firmware
from mcupatch.measure.unicorn_backend import run_on_unicorn
from mcupatch.target.board import load_board
from tests.support.tiny_sources import tiny_sources

X = np.arange(-8, 8, dtype=np.int8).reshape(1, 16)
WEIGHTS = np.array([i % 5 - 2 for i in range(16)], np.int8)
WRITE_OUTPUT = "for (int i = 0; i < 16; i++) ((volatile int8_t *)outputs->y)[i] = 0;"
UNUSED = "(void)inputs; (void)outputs; (void)pools;"


def build(folder: Path, body: str, before: str = "", board: str = "stm32f746") -> Firmware:
    return build_firmware(tiny_sources(body, before), load_board(board), folder)


@pytest.mark.parametrize("board", ["stm32f207", "stm32f412", "stm32f746", "stm32h743"])
def test_outputs_and_ledger(board: str, tmp_path: Path) -> None:
    firmware = build_firmware(tiny_sources(), load_board(board), tmp_path)
    first, second = run_on_unicorn(firmware, [[X], [X[:, ::-1]]])
    assert np.array_equal(first.outputs[0], X * WEIGHTS + 1)
    assert np.array_equal(second.outputs[0], X[:, ::-1] * WEIGHTS + 1)
    assert first.arena_touched_bytes == 48
    assert first.stack_bytes is not None and 0 < first.stack_bytes < 200
    assert first.sram_bytes == 48 + first.stack_bytes
    assert first.flash_bytes == firmware.flash_bytes
    assert first.instructions == second.instructions


def test_without_profile_the_count_is_the_same(tmp_path: Path) -> None:
    firmware = build_firmware(tiny_sources(), load_board("stm32f746"), tmp_path)
    (fast,), (full,) = run_on_unicorn(firmware, [[X]], profile=False), run_on_unicorn(firmware, [[X]])
    assert fast.instructions == full.instructions
    assert fast.sram_bytes is None and fast.arena_touched_bytes is None and fast.stack_bytes is None


COUNTED = """
int32_t counted(int32_t n);
__attribute__((naked, noinline)) int32_t counted(int32_t n) {
  __asm volatile(
      "movs r1, #0\\n"
      "1: cmp r1, #3\\n"
      "itte lt\\n"
      "addlt r2, r1, #1\\n"
      "addlt.w r2, r2, #1\\n"
      "subge r2, r1, #1\\n"
      "ldr r3, =0x12345678\\n"
      "adds r1, #1\\n"
      "cmp r1, r0\\n"
      "bne 1b\\n"
      "bx lr\\n"
      ".ltorg\\n");
}
"""


def test_instructions_are_exact_with_failed_conditions_and_literals(tmp_path: Path) -> None:
    counts = []
    for n in (1, 11):
        folder = tmp_path / str(n)
        folder.mkdir()
        firmware = build(folder, UNUSED + f"counted({n});" + WRITE_OUTPUT, COUNTED)
        counts.append(run_on_unicorn(firmware, [[X]])[0].instructions)
    # Nine instructions a turn: a condition that fails still is an instruction that the core steps over.
    assert counts[1] - counts[0] == 10 * 9


@pytest.mark.parametrize("touched", [0, 1, 5, 32])
def test_touched_arena_is_exact(touched: int, tmp_path: Path) -> None:
    # The values include both bytes that the RAM is filled with.
    body = UNUSED + f"for (int i = 0; i < {touched}; i++) pools->arena[16 + i] = i % 2 ? 0xA5 : 0x5A;"
    firmware = build(tmp_path, body)
    if touched < 16:  # the output is read by the caller, so what it holds of old bytes shows
        with pytest.raises(EmulationFault, match="never wrote"):
            run_on_unicorn(firmware, [[X]])
    else:
        assert run_on_unicorn(firmware, [[X]])[0].arena_touched_bytes == 16 + touched


@pytest.mark.parametrize("depth", [1, 200])
def test_stack_mark_is_what_recursion_uses(depth: int, tmp_path: Path) -> None:
    before = "int32_t deep(int32_t n);\n__attribute__((naked)) int32_t deep(int32_t n) {\n__asm volatile("
    before += '"push {r4, lr}\\nsubs r0, #1\\nbeq 1f\\nbl deep\\n1: pop {r4, pc}\\n"); }'
    firmware = build(tmp_path, UNUSED + f"deep({depth}); {WRITE_OUTPUT}", before)
    shallow = tmp_path / "shallow"
    shallow.mkdir()
    base = run_on_unicorn(build(shallow, UNUSED + f"deep(1); {WRITE_OUTPUT}", before), [[X]])[0].stack_bytes
    assert base is not None
    assert run_on_unicorn(firmware, [[X]])[0].stack_bytes == base + 8 * (depth - 1)


RECURSION = """
int32_t endless(int32_t n);
__attribute__((noinline)) int32_t endless(int32_t n) {
  volatile int32_t a[8];
  a[0] = n;
  return n < 0 ? 0 : endless(n + 1) + a[0];
}
"""


@pytest.mark.parametrize(
    ("body", "before", "message"),
    [
        ("pools->arena[48] = 1;", "", r"passed the end of its arena \(48 bytes\) by 1 in tvmgen_tiny_run"),
        ("pools->arena[400000] = 1;", "", r"passed the end of its arena"),
        ("pools->arena[-1] = 1;", "", "neither to stack, data nor arena in tvmgen_tiny_run"),
        ("endless(1);", RECURSION, r"stack overflowed its reserve \(4096 bytes\) in endless"),
        ("*(volatile uint8_t *)0x08000000u = 1;", "", "wrote to flash in tvmgen_tiny_run"),
        (
            "*(volatile uint8_t *)(uintptr_t)(pools == 0) = 1;",
            "",
            "left the board's memories in tvmgen_tiny_run",
        ),
        ("return *(volatile uint8_t *)0x40000000u;", "", "left the board's memories.*read of 1 byte"),
        ('__asm volatile("udf #0");', "", "failed in tvmgen_tiny_run"),
        ("return 7;", "", "returned the error 7"),
    ],
)
def test_a_fault_names_what_overflowed(body: str, before: str, message: str, tmp_path: Path) -> None:
    firmware = build(tmp_path, UNUSED + body + WRITE_OUTPUT, before)
    with pytest.raises(EmulationFault, match=message):
        run_on_unicorn(firmware, [[X]])


def test_runaway_code_is_stopped(tmp_path: Path) -> None:
    firmware = build(tmp_path, UNUSED + 'for (;;) { __asm volatile(""); }')
    with pytest.raises(EmulationFault, match="stopped in tvmgen_tiny_run after 10"):
        run_on_unicorn(firmware, [[X]], instruction_limit=100_000)


def test_ram_that_the_board_lacks_is_not_there(tmp_path: Path) -> None:
    board = load_board("stm32f746", sram_bytes=8192)
    body = UNUSED + "*(volatile uint8_t *)0x20002000u = 1;"
    with pytest.raises(EmulationFault):
        run_on_unicorn(build_firmware(tiny_sources(body), board, tmp_path), [[X]], profile=False)


def test_ram_that_ends_inside_a_page_of_the_emulator(tmp_path: Path) -> None:
    board = load_board("stm32f746", sram_bytes=8000)
    body = UNUSED + "*(volatile uint8_t *)(0x20000000u + 8000) = 1;" + WRITE_OUTPUT
    with pytest.raises(EmulationFault, match="passed the end of its arena"):
        run_on_unicorn(build_firmware(tiny_sources(body), board, tmp_path), [[X]])


@pytest.mark.parametrize(
    "inputs", [[], [X, X], [X[0]], [X.astype(np.uint8)], [np.zeros((1, 17), np.int8)]], ids=str
)
def test_inputs_that_do_not_fit_are_refused(inputs: list[np.ndarray], tmp_path: Path) -> None:
    firmware = build_firmware(tiny_sources(), load_board("stm32f746"), tmp_path)
    with pytest.raises(BadInput):
        run_on_unicorn(firmware, [inputs])
