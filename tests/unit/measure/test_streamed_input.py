"""A streamed input on the host and on the emulated chip: rows in order, each once, and no byte of SRAM for the image."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mcupatch.errors import EmulationFault, ToolMissing
from mcupatch.firmware.bare_metal import build_firmware
from mcupatch.firmware.toolchain import find_host_compiler
from mcupatch.measure.host_backend import run_on_host
from mcupatch.measure.machine import CPU_MODELS
from mcupatch.measure.unicorn_backend import run_on_unicorn
from mcupatch.target.board import list_boards, load_board
from tests.support.streamed_sources import ALL_ROWS, COLS, ROW_BYTES, ROWS, streamed_sources

IMAGE = np.random.default_rng(0).integers(0, 256, (1, ROWS, COLS, 3)).astype(np.uint8)
GAIN = np.array([[7]], np.int8)
EXPECTED = (7 + IMAGE[:, :, :1, :1].astype(np.int32) - IMAGE[:, :, -1:, -1:]).astype(np.int8)
ONE_TWICE = """\
for (int32_t row = 0; row < 6; row++) {
    if (tvmgen_rows_fetch_image(image, row, arena) != 0) { return; }
    y[row] = (int8_t)(gain[0] + arena[0]);
  }
  tvmgen_rows_fetch_image(image, 5, arena);"""
TOO_FEW = """\
for (int32_t row = 0; row < 5; row++) {
    tvmgen_rows_fetch_image(image, row, arena);
  }
  for (int32_t row = 0; row < 6; row++) {
    y[row] = gain[0];
  }"""


@pytest.fixture(params=[False, True], ids=["plain", "sanitized"])
def sanitize(request: pytest.FixtureRequest) -> bool:
    try:
        find_host_compiler(request.param)
    except ToolMissing as missing:
        pytest.skip(str(missing))
    return bool(request.param)


def test_each_set_on_the_host(sanitize: bool) -> None:
    runs = run_on_host(streamed_sources(), [[IMAGE, GAIN], [IMAGE[:, ::-1], GAIN]], sanitize)
    assert np.array_equal(runs[0].outputs[0], EXPECTED)
    assert np.array_equal(runs[1].outputs[0], EXPECTED[:, ::-1])


@pytest.mark.parametrize("board", [name for name in list_boards() if load_board(name).cpu in CPU_MODELS])
def test_the_image_is_no_sram(board: str, tmp_path: Path) -> None:
    firmware = build_firmware(streamed_sources(), load_board(board), tmp_path)
    first, second = run_on_unicorn(firmware, [[IMAGE, GAIN], [IMAGE[:, ::-1], GAIN]])
    assert np.array_equal(first.outputs[0], EXPECTED)
    assert np.array_equal(second.outputs[0], EXPECTED[:, ::-1])
    assert first.arena_touched_bytes == ROW_BYTES + ROWS + 1
    assert first.stack_bytes is not None and first.sram_bytes == 48 + first.stack_bytes
    assert first.instructions == second.instructions


@pytest.mark.parametrize(
    ("rows", "message"), [(ONE_TWICE, "returned an error"), (TOO_FEW, "rows of image were not asked for")]
)
def test_the_host_checks_the_order(rows: str, message: str) -> None:
    with pytest.raises(EmulationFault, match=message):
        run_on_host(streamed_sources(rows), [[IMAGE, GAIN]])


def test_the_camera_cannot_be_written(tmp_path: Path) -> None:
    rows = f"{ALL_ROWS} *(volatile uint8_t *)(uintptr_t)0x50000000u = 1;"
    firmware = build_firmware(streamed_sources(rows), load_board("stm32f746"), tmp_path)
    with pytest.raises(EmulationFault, match="left the board's memories"):
        run_on_unicorn(firmware, [[IMAGE, GAIN]])


CALLER = """
#include "tvmgen_rows.h"
#include <stdio.h>
#include <string.h>

_Static_assert(TVMGEN_ROWS_INPUT_IMAGE_STREAMED == 1, "");
_Static_assert(TVMGEN_ROWS_INPUT_IMAGE_SIZE == TVMGEN_ROWS_INPUT_IMAGE_ROWS * TVMGEN_ROWS_INPUT_IMAGE_ROW_SIZE, "");

static uint8_t arena[TVMGEN_ROWS_WORKSPACE_POOL_SIZE];
static int32_t fails_at = -1, calls;

static int32_t read_row(void *context, int32_t row, uint8_t *target) {
  memset(target, *(int *)context + row, TVMGEN_ROWS_INPUT_IMAGE_ROW_SIZE);
  calls++;
  return row == fails_at ? 40 + row : 0;
}

int main(void) {
  int first = 3;
  struct tvmgen_rows_workspace_pools pools = {arena};
  struct tvmgen_rows_inputs inputs = tvmgen_rows_map_inputs(&pools);
  struct tvmgen_rows_outputs outputs = tvmgen_rows_map_outputs(&pools);
  memset(inputs.gain, 9, TVMGEN_ROWS_INPUT_GAIN_SIZE);
  int32_t status = tvmgen_rows_run(&inputs, &outputs, &pools);
  printf("%d ", (int)status);
  inputs.image.read = read_row;
  inputs.image.context = &first;
  status = tvmgen_rows_run(&inputs, &outputs, &pools);
  printf("%d %d %d ", (int)status, (int)calls, *(int8_t *)outputs.y);
  for (fails_at = 0; fails_at < TVMGEN_ROWS_INPUT_IMAGE_ROWS; fails_at++) {
    calls = 0;
    status = tvmgen_rows_run(&inputs, &outputs, &pools);
    printf("%d %d ", (int)status, (int)calls);
  }
  return 0;
}
"""


@pytest.mark.parametrize(
    "compiler", [("gcc",), (sys.executable, "-m", "ziglang", "cc")], ids=["gcc", "clang"]
)
def test_a_failed_read_ends_the_inference(compiler: tuple[str, ...], tmp_path: Path) -> None:
    files = [str(p) for p in streamed_sources().write_to(tmp_path)]
    (tmp_path / "main.c").write_text(CALLER)
    program = tmp_path / "caller"
    flags = ["-std=c11", "-Wall", "-Wextra", "-Werror", f"-I{tmp_path}"]
    subprocess.run([*compiler, *flags, str(tmp_path / "main.c"), *files, "-o", str(program)], check=True)
    said = subprocess.run([str(program)], check=True, capture_output=True, text=True).stdout.split()
    assert said[:4] == ["-1", "0", "6", "9"]
    assert said[4:] == [str(n) for row in range(6) for n in (40 + row, row + 1)]
