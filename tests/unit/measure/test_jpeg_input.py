"""A JPEG in flash, decoded on the emulated chip: what a bad one returns, and how much flash there is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mcupatch.decode_rows import decode_picture, jpeg_source
from mcupatch.emit.csources import CSources
from mcupatch.errors import BadInput, EmulationFault, Infeasible, ToolMissing
from mcupatch.firmware.bare_metal import build_firmware
from mcupatch.firmware.toolchain import find_toolchain
from mcupatch.measure.host_backend import run_on_host
from mcupatch.measure.unicorn_backend import run_on_unicorn
from mcupatch.target.board import limit_board, load_board
from tests.support.jpeg_writer import random_picture, write_jpeg
from tests.support.streamed_sources import COLS, ROWS, streamed_sources

GAIN = np.array([[7]], np.int8)
DATA = write_jpeg(random_picture((ROWS, COLS), ((2, 1), (1, 1), (1, 1)), 3))


def jpeg_sources(held_bytes: int | None = None) -> CSources:
    sources = streamed_sources()
    image, gain = sources.inputs
    return replace(sources, inputs=(replace(image, source=jpeg_source(COLS, held_bytes)), gain))


def as_array(data: bytes) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    return np.frombuffer(data, np.uint8)


def expected() -> np.ndarray[tuple[int, ...], np.dtype[np.int8]]:
    image = decode_picture(jpeg_source(COLS), DATA, (ROWS, COLS, 3), "uint8").astype(np.int32)
    return (7 + image[:, :, :1, :1] - image[:, :, -1:, -1:]).astype(np.int8)


@pytest.mark.parametrize("compiler", ["zig", "gcc"])
@pytest.mark.parametrize("board", ["stm32f412", "stm32f746"])
def test_on_the_chip(board: str, compiler: str, tmp_path: Path) -> None:
    try:
        toolchain = find_toolchain(compiler, load_board(board).core)
    except ToolMissing as missing:
        pytest.skip(str(missing))
    firmware = build_firmware(jpeg_sources(), load_board(board), tmp_path, toolchain)
    first, second = run_on_unicorn(firmware, [[as_array(DATA), GAIN], [as_array(DATA + b"tail"), GAIN]])
    assert np.array_equal(first.outputs[0], expected())
    assert np.array_equal(second.outputs[0], expected())
    assert first.flash_bytes == firmware.flash_bytes + -(-(len(DATA) + 4) // 16) * 16


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (DATA[:-9], "error 2, of its picture: its data end before"),
        (DATA[:50], "error 2, of its picture: its data end before"),
        (b"", "error 1, of its picture: it is no JPEG"),
        (DATA.replace(b"\xff\xc0", b"\xff\xc2"), "error 4, of its picture: it is progressive"),
    ],
    ids=["short", "no data", "empty", "progressive"],
)
def test_the_network_returns_why_it_failed(data: bytes, message: str, tmp_path: Path) -> None:
    firmware = build_firmware(jpeg_sources(48), load_board("stm32f746"), tmp_path)
    with pytest.raises(EmulationFault, match=message):
        run_on_unicorn(firmware, [[as_array(data), GAIN]])
    with pytest.raises(EmulationFault, match="status [124]\n.*returned an error"):
        run_on_host(jpeg_sources(48), [[as_array(data), GAIN]])
    (run,) = run_on_unicorn(firmware, [[as_array(DATA), GAIN]])
    assert np.array_equal(run.outputs[0], expected())


def test_under_the_sanitizers() -> None:
    try:
        runs = run_on_host(jpeg_sources(), [[as_array(DATA), GAIN], [as_array(DATA), GAIN]], sanitize=True)
    except ToolMissing as missing:
        pytest.skip(str(missing))
    assert all(np.array_equal(run.outputs[0], expected()) for run in runs)


def test_a_file_that_the_flash_cannot_hold(tmp_path: Path) -> None:
    board = limit_board(load_board("stm32f746"), flash_bytes=16 * 1024)
    firmware = build_firmware(jpeg_sources(), board, tmp_path)
    with pytest.raises(Infeasible, match="The pictures take .* of flash"):
        run_on_unicorn(firmware, [[as_array(DATA + bytes(16 * 1024)), GAIN]])


def test_bytes_are_asked_for() -> None:
    for value in (np.zeros((1, ROWS, COLS, 3), np.uint8), np.zeros(9, np.int8)):
        with pytest.raises(BadInput, match="takes any number of bytes as jpeg"):
            run_on_host(jpeg_sources(), [[value, GAIN]])
