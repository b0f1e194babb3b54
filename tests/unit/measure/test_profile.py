"""Where instructions went: the calls of some functions, whatever these call, and the rest."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mcupatch.firmware.bare_metal import build_firmware
from mcupatch.measure.profile import Block, Profile, read_span
from mcupatch.measure.unicorn_backend import run_on_unicorn
from mcupatch.target.board import load_board
from tests.support.tiny_sources import tiny_sources

X = np.arange(16, dtype=np.int8).reshape(1, 16)
WRITE_OUTPUT = "for (int i = 0; i < 16; i++) ((volatile int8_t *)outputs->y)[i] = 0;"

# Four instructions a turn and two more: counted by hand. `last` leaves by jumping into `loop`.
FUNCTIONS = """
#define NAKED __attribute__((naked, noinline))
int32_t loop(int32_t n);
int32_t both(int32_t n);
int32_t last(int32_t n);
NAKED int32_t loop(int32_t n) {
  __asm volatile("movs r1, #0\\n1: adds r1, #1\\nnop\\ncmp r1, r0\\nbne 1b\\nbx lr\\n");
}
NAKED int32_t both(int32_t n) { __asm volatile("push {r4, lr}\\nbl loop\\nbl loop\\npop {r4, pc}\\n"); }
NAKED int32_t last(int32_t n) { __asm volatile("nop\\nb loop\\n"); }
"""


def profile_of(folder: Path, calls: str, operators: dict[str, tuple[str, ...]]) -> tuple[Profile, int]:
    sources = tiny_sources(f"(void)inputs; (void)pools; {calls} {WRITE_OUTPUT}", FUNCTIONS)
    firmware = build_firmware(replace(sources, operators=operators), load_board("stm32f746"), folder)
    (run,) = run_on_unicorn(firmware, [[X]])
    assert run.profile is not None and run.instructions is not None
    return run.profile, run.instructions


def loop_instructions(n: int) -> int:
    return 4 * n + 2


def test_a_call_counts_with_all_that_it_calls(tmp_path: Path) -> None:
    calls = "both(5); both(7); last(3);"
    profile, total = profile_of(tmp_path, calls, {"a": ("both",), "b": ("last",)})
    assert profile.operators["a"].instructions == 2 * (loop_instructions(5) + loop_instructions(7)) + 8
    assert profile.operators["b"].instructions == loop_instructions(3) + 2
    assert sum(s.instructions for s in profile.operators.values()) + profile.glue.instructions == total


def test_a_function_called_by_another_operator_belongs_to_that_one(tmp_path: Path) -> None:
    profile, _ = profile_of(tmp_path, "loop(4); both(5);", {"a": ("loop",), "b": ("both",)})
    assert profile.operators["a"].instructions == loop_instructions(4)
    assert profile.operators["b"].instructions == 2 * loop_instructions(5) + 4


def test_an_operator_of_several_functions_is_one(tmp_path: Path) -> None:
    profile, _ = profile_of(tmp_path, "loop(4); last(5);", {"a": ("loop", "last", "not_linked"), "b": ()})
    assert profile.operators["a"].instructions == loop_instructions(4) + loop_instructions(5) + 2
    assert profile.operators["b"].instructions == 0


def test_without_operators_all_is_glue(tmp_path: Path) -> None:
    profile, total = profile_of(tmp_path, "loop(4);", {})
    assert profile.operators == {} and profile.glue.instructions == total


def test_blocks_say_how_often_a_loop_turned(tmp_path: Path) -> None:
    profile, _ = profile_of(tmp_path, "loop(9); loop(4);", {"a": ("loop",)})
    (body,) = [block for block in profile.operators["a"].blocks if block.times == 13]
    assert body.jumps == 8 + 3 and body.stop - body.start == 8
    code = profile.code[body.start - profile.base : body.stop - profile.base]
    assert code[2:4] == b"\x00\xbf"  # nop


def traffic(places: int, *runs: tuple[int, int, int, int]) -> np.ndarray:
    """Counters of blocks (start, stop, times, jumps), places in halfwords."""
    counters = np.zeros((places, 3), np.uint64)
    for start, stop, times, jumps in runs:
        counters[start, 0] += np.uint64(times)
        counters[stop, 1] += np.uint64(times)
        counters[stop, 2] += np.uint64(jumps)
    return counters


@pytest.mark.parametrize(
    ("runs", "blocks"),
    [
        ([], []),
        ([(0, 4, 1, 0)], [(0, 4, 1, 0)]),
        # a loop entered from above: the emulator's first block holds its first turn
        ([(0, 4, 1, 1), (2, 4, 9, 8)], [(0, 2, 1, 0), (2, 4, 10, 9)]),
        ([(0, 2, 3, 0), (2, 4, 3, 3)], [(0, 2, 3, 0), (2, 4, 3, 3)]),
        ([(0, 1, 3, 3), (5, 7, 2, 1)], [(0, 1, 3, 3), (5, 7, 2, 1)]),
    ],
)
def test_overlapping_blocks_are_divided(
    runs: list[tuple[int, int, int, int]], blocks: list[tuple[int, int, int, int]]
) -> None:
    starts = np.arange(8, dtype=np.uint32)  # an instruction at every place
    span = read_span(traffic(8, *runs), starts, 0x100)
    assert list(span.blocks) == [Block(0x100 + 2 * a, 0x100 + 2 * b, n, j) for a, b, n, j in blocks]
    assert span.instructions == sum((b - a) * n for a, b, n, _ in runs)
