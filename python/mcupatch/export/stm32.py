"""A network as a bare-metal project for an STM32: start-up, clock, linker script and report, no library of the vendor.

OUT/CMakeLists.txt, cmake/   the build with Arm's gcc, or zig
OUT/src, include             the C of the network and of the kernels that it calls
OUT/example                  the arena, one inference with an input of its own, its report
OUT/board                    everything that knows the chip
OUT/openocd.cfg              flashes it
"""

from __future__ import annotations

from pathlib import Path

from mcupatch.errors import BadInput
from mcupatch.export.project import Project, write_figures, write_files
from mcupatch.firmware.templates import BARE_METAL
from mcupatch.target.board import Board, load_board
from mcupatch.target.stm32 import Stm32, find_chip

_BOARD_FILES = (
    "board.c",
    "board.h",
    "chip.h",
    "linker.ld",
    "main.c",
    "places.h",
    "registers.h",
    "semihosting.c",
    "semihosting.h",
    "startup.c",
    "uart.c",
)


def write_stm32(project: Project, folder: Path) -> None:
    """Fill the existing ``folder``. Raises BadInput for a board that is no known STM32."""
    chip = find_chip(project.board)
    board = load_board(project.board)
    sources = {f"src/{name}": text for name, text in project.source_files.items()}
    headers = {f"include/{name}": text for name, text in project.header_files.items()}
    example = {f"example/{name}": text for name, text in project.example_files().items()}
    own = _board_texts(project, chip, board)
    values = {"chip": chip, "flash": board.main_flash}
    write_files(
        folder,
        {
            **sources,
            **headers,
            **example,
            **own,
            "CMakeLists.txt": project.render(
                "stm32/CMakeLists.txt.j2",
                network_files=[*sources, *(f for f in example if f.endswith(".c"))],
                board_files=[f for f in own if f.endswith(".c")],
                **values,
            ),
            "cmake/arm-none-eabi.cmake": project.render("cmake/arm-none-eabi.cmake.j2"),
            "cmake/zig.cmake": project.render("stm32/zig.cmake.j2", **values),
            "openocd.cfg": project.render("stm32/openocd.cfg.j2", **values),
            "README.md": project.render("stm32/README.md.j2", **values),
        },
    )
    write_figures(project, folder)


def _board_texts(project: Project, chip: Stm32, board: Board) -> dict[str, str]:
    places = [(pool, board.ram_named(pool.memory)) for pool in project.sources.pools]
    others = [(pool, memory) for pool, memory in places if memory.base != board.main_ram.base]
    values = {
        "chip": chip,
        "source": board.source,
        "flash": board.main_flash,
        "ram": board.main_ram,
        "others": others,
        "apart": [pool for pool, _ in others],
        "stack_reserve": board.stack_bytes,
    }
    texts = {f"board/{name}": project.render(f"stm32/{name}.j2", **values) for name in _BOARD_FILES}
    texts["board/chip.c"] = project.render(f"stm32/chip_{chip.family}.c.j2", **values)
    # Arm's gcc may come without a C library, and zig has none.
    texts["board/string.c"] = (BARE_METAL / "string.c").read_text()
    texts["board/string.h"] = (BARE_METAL / "include" / "string.h").read_text()
    return texts


def check_board(project: Project, asked: str | None) -> None:
    """Raise BadInput if ``asked`` is another board than the one that the model was compiled for."""
    if asked is not None and asked != project.board:
        load_board(asked)
        raise BadInput(
            f"the model was compiled for {project.board}, whose memories its arena lies in; for {asked} compile it "
            f"with --board {asked}"
        )
