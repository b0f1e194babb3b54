"""Building a firmware: sizes, overflows in bytes, the cache of compiled kernels."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mcupatch.errors import Infeasible
from mcupatch.firmware import kernel_objects
from mcupatch.firmware.bare_metal import build_firmware
from mcupatch.firmware.toolchain import CompileError, find_toolchain
from mcupatch.target.board import generic_board, list_boards, load_board
from tests.support.tiny_sources import tiny_sources

KIB = 1024


@pytest.mark.parametrize("name", list_boards())
def test_builds_for_every_board(name: str, tmp_path: Path) -> None:
    board = load_board(name)
    firmware = build_firmware(tiny_sources(), board, tmp_path)
    sizes = firmware.sizes
    assert sizes.arena == 48
    assert sizes.stack == board.stack_bytes
    assert (sizes.data, sizes.bss) == (0, 0)
    assert firmware.flash_bytes == firmware.code_bytes + 16
    assert firmware.elf.address("mcup_stack_bottom") == board.main_ram.base
    assert firmware.elf.address("mcup_arena") % 16 == 0
    assert firmware.elf.segments[0].address == board.main_flash.base


def test_vector_table_starts_the_chip(tmp_path: Path) -> None:
    firmware = build_firmware(tiny_sources(), load_board("stm32f746"), tmp_path)
    table = firmware.elf.segments[0].data
    assert int.from_bytes(table[:4], "little") == firmware.elf.address("mcup_stack_top")
    assert int.from_bytes(table[4:8], "little") == firmware.elf.address("Reset_Handler") | 1


def test_data_is_counted_in_flash_and_ram(tmp_path: Path) -> None:
    statics = "static int32_t counter = 7; static int32_t zeroes[5];\n"
    body = "(void)inputs; (void)outputs; (void)pools; counter += ++zeroes[counter % 5];"
    sizes = build_firmware(tiny_sources(body, statics), load_board("stm32f746"), tmp_path).sizes
    assert (sizes.data, sizes.bss) == (4, 20)
    assert sizes.statics_bytes == 4 + 20 + 48
    assert sizes.flash_bytes == sizes.text + sizes.rodata + 4


def test_ram_overflow_is_told_in_bytes(tmp_path: Path) -> None:
    board = generic_board("cortex-m7", 16 * KIB, 64 * KIB)
    sources = tiny_sources(arena_bytes=16 * KIB)
    with pytest.raises(
        Infeasible, match=r"20512 B|20\.0 KiB.*generic has 16 KiB: 4128 bytes too many.*arena"
    ):
        build_firmware(sources, board, tmp_path)


def test_the_last_byte_of_ram_can_be_used(tmp_path: Path) -> None:
    board = generic_board("cortex-m7", 16 * KIB, 64 * KIB)
    room = 16 * KIB - board.stack_bytes - 32
    for arena_bytes, fits in ((room, True), (room + 1, False)):
        folder = tmp_path / str(arena_bytes)
        folder.mkdir()
        if fits:
            assert build_firmware(tiny_sources(arena_bytes=arena_bytes), board, folder).sizes.arena == room
        else:
            with pytest.raises(Infeasible, match=": 1 bytes too many"):
                build_firmware(tiny_sources(arena_bytes=arena_bytes), board, folder)


def test_flash_overflow_is_told_in_bytes(tmp_path: Path) -> None:
    sources = tiny_sources(weights_bytes=20000)
    used = build_firmware(sources, load_board("stm32f746"), tmp_path).flash_bytes
    board = generic_board("cortex-m7", 64 * KIB, used - 100)
    with pytest.raises(Infeasible, match=r"of flash.*: 100 bytes too many.*weights take 19\.5 KiB"):
        build_firmware(sources, board, tmp_path)


def test_broken_c_is_a_compile_error(tmp_path: Path) -> None:
    with pytest.raises(CompileError, match="undeclared"):
        build_firmware(tiny_sources("return missing;"), load_board("stm32f746"), tmp_path)


def test_kernels_are_compiled_once_whoever_comes_first(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(kernel_objects, "cache_dir", lambda: tmp_path)
    toolchain = find_toolchain("zig", "cortex-m4")
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(kernel_objects.compile_startup, [toolchain, toolchain])
    assert first == second and first
    assert len(list((tmp_path / "objects").iterdir())) == 1
    stamps = [path.stat().st_mtime_ns for path in first]
    assert [path.stat().st_mtime_ns for path in kernel_objects.compile_startup(toolchain)] == stamps
