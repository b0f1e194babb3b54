from importlib import resources
from pathlib import Path

import pytest

from mcupatch.errors import BadInput
from mcupatch.target.board import (
    Board,
    Memory,
    arena_budget,
    generic_board,
    limit_board,
    list_boards,
    load_board,
    parse_board,
)

KIB = 1024


@pytest.mark.parametrize(
    ("name", "cpu", "sram", "flash", "base"),
    [
        ("stm32f207", "cortex-m3", 128 * KIB, 1024 * KIB, 0x2000_0000),
        ("stm32f412", "cortex-m4", 256 * KIB, 1024 * KIB, 0x2000_0000),
        ("stm32f746", "cortex-m7", 320 * KIB, 1024 * KIB, 0x2000_0000),
        ("stm32h743", "cortex-m7", 512 * KIB, 2048 * KIB, 0x2400_0000),
    ],
)
def test_known_boards(name: str, cpu: str, sram: int, flash: int, base: int) -> None:
    board = load_board(name)
    assert (board.cpu, board.sram_bytes, board.flash_bytes) == (cpu, sram, flash)
    assert board.main_ram.base == base
    assert board.main_flash.base == 0x0800_0000
    assert board.source


def test_every_listed_board_loads() -> None:
    names = list_boards()
    assert names[-1] == "generic"
    for name in names:
        assert 0 < arena_budget(load_board(name)) < load_board(name).sram_bytes


def test_unknown_board_names_the_known() -> None:
    with pytest.raises(BadInput, match="'stm32f999' is not known") as failure:
        load_board("stm32f999")
    assert ", ".join(list_boards()) in str(failure.value)


@pytest.mark.parametrize("name", ["../boards/stm32f746", "", "stm32f746.toml", "x\ny"])
def test_a_name_is_no_path(name: str) -> None:
    with pytest.raises(BadInput):
        load_board(name)


def test_limits_shrink_the_main_memories() -> None:
    board = load_board("stm32f746", sram_bytes=64 * KIB, flash_bytes=512 * KIB)
    assert (board.sram_bytes, board.flash_bytes) == (64 * KIB, 512 * KIB)
    assert board.main_ram.base == 0x2000_0000


@pytest.mark.parametrize("sram", [0, -1, 321 * KIB])
def test_a_limit_above_the_board_is_refused(sram: int) -> None:
    with pytest.raises(BadInput, match="320 KiB"):
        limit_board(load_board("stm32f746"), sram_bytes=sram)


def test_generic_has_free_sizes() -> None:
    board = load_board("generic", sram_bytes=10_000_000, flash_bytes=3 * KIB)
    assert (board.sram_bytes, board.flash_bytes) == (10_000_000, 3 * KIB)
    assert generic_board("cortex-m4", 100, 200).cpu == "cortex-m4"


def test_largest_contiguous_run_is_the_main_ram() -> None:
    board = Board(
        "b",
        "cortex-m4",
        1,
        (
            Memory("f", "flash", 0, 100),
            Memory("high", "ram", 2000, 300),
            Memory("b", "ram", 1100, 150),
            Memory("a", "ram", 1000, 100),
        ),
    )
    assert board.main_ram == Memory("high", "ram", 2000, 300)
    assert limit_board(board, sram_bytes=120).main_ram.size == 120  # the other run does not take its place


GOOD = """
cpu = "cortex-m4"
clock_hz = 1
stack_bytes = 1024
source = "a test"
[[memory]]
name = "flash"
kind = "flash"
base = 0
size = "1 KiB"
[[memory]]
name = "ram"
kind = "ram"
base = 4096
size = "1 KiB"
"""


def test_a_description_is_parsed() -> None:
    assert parse_board("mine", GOOD).sram_bytes == KIB


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('cpu = "cortex-m4"', "", "'cpu' is missing"),
        ("cortex-m4", "cortex-a53", "cortex-a53"),
        ("clock_hz = 1", 'clock_hz = "fast"', "'clock_hz' has to be of type int"),
        ('size = "1 KiB"', 'size = "1 KB"', "not a size"),
        ('kind = "flash"', 'kind = "rom"', "rom"),
        ("base = 4096", "base = 512", "overlap"),
        ("base = 4096", "base = 4294967295", "32-bit"),
        ('kind = "ram"', 'kind = "flash"', "no memory of kind ram"),
        ("[[memory]]", "[memory", "not TOML"),
    ],
)
def test_a_malformed_description_says_what(old: str, new: str, message: str) -> None:
    with pytest.raises(BadInput, match=message) as error:
        parse_board("mine", GOOD.replace(old, new))
    assert "'mine'" in str(error.value)


def test_a_board_from_a_file(tmp_path: Path) -> None:
    text = (resources.files("mcupatch.target.boards") / "stm32f412.toml").read_text()
    (tmp_path / "mine.toml").write_text(text)
    mine, known = load_board(str(tmp_path / "mine.toml")), load_board("stm32f412")
    assert mine.name == "mine" and mine.memories == known.memories
    assert load_board(str(tmp_path / "mine.toml"), sram_bytes=4096).sram_bytes == 4096
    (tmp_path / "bad.toml").write_bytes(b"\xff\xfe")
    for name, message in (("absent.toml", "cannot read"), ("bad.toml", "cannot read")):
        with pytest.raises(BadInput, match=message):
            load_board(str(tmp_path / name))
