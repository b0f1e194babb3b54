"""
Add a board
===========

A board is a file of the datasheet's figures: the core, and its memories with address and size. Here one is written and
checked, and a network is compiled for its memories and run on a chip that has those and no others:

    .venv/bin/python tutorials/07_add_a_board.py
"""

from __future__ import annotations

from pathlib import Path

import mcupatch
from mcupatch.errors import BadInput
from mcupatch.target.board import arena_budget, load_board

# STM32F401xE, DS10086: 512 KiB of flash, 96 KiB of SRAM, 84 MHz. In the package this is one file in target/boards.
TEXT = """
cpu = "cortex-m4"
clock_hz = 84_000_000
stack_bytes = 4096
source = "STMicroelectronics DS10086, memory map"

[[memory]]
name = "flash"
kind = "flash"
base = 0x08000000
size = "512 KiB"

[[memory]]
name = "sram1"
kind = "ram"
base = 0x20000000
size = "96 KiB"
"""


def main() -> None:
    board_file = Path("stm32f401.toml")
    board_file.write_text(TEXT)
    board = load_board(str(board_file))
    print(f"{board.name}: {board.cpu}, {arena_budget(board):,} B for the arena beside the stack")

    # 1. What the description lacks is told.
    Path("broken.toml").write_text(TEXT.replace("84_000_000", '"fast"'))
    try:
        load_board("broken.toml")
    except BadInput as error:
        print(f"broken.toml: {error}")

    # 2. A network compiled for it, and run on an emulated chip with these memories.
    compiled = mcupatch.compile("zoo:mlperf_vww96", str(board_file))
    run = mcupatch.run(compiled)
    figures = mcupatch.figures(compiled, run)
    print(f"SRAM {figures['measured']['sram_bytes']:,} B of {board.sram_bytes:,} B, ", end="")
    print(f"flash {figures['measured']['flash_bytes']:,} B of {board.flash_bytes:,} B")
    print(f"equal to the reference, byte for byte: {run.matches_reference}")
    assert run.matches_reference

    # 3. The folder of a compiled model holds the board's description, so that it runs where the file is not.
    mcupatch.save(compiled, "net")
    board_file.unlink()
    assert mcupatch.run(mcupatch.load("net")).matches_reference


if __name__ == "__main__":
    main()
