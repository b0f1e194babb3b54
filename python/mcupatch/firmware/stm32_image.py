"""An exported STM32 project to an image, by mcupatch's own compilers: what its CMakeLists.txt does, without CMake."""

from __future__ import annotations

import re
from pathlib import Path

from mcupatch.errors import Infeasible
from mcupatch.firmware.toolchain import CompileError, Toolchain

_OWN_FLAGS = {"example.c": ("-include", "places.h"), "string.c": ("-fno-builtin",)}
# lld and GNU ld say it in words of their own
_OVERFLOWS = (
    re.compile(r"will not fit in region '(\w+)': overflowed by (\d+) bytes"),
    re.compile(r"region `(\w+)' overflowed by (\d+) bytes"),
)


def build_stm32_image(project: Path, toolchain: Toolchain, start_clock: bool = True) -> Path:
    """The linked ELF of the project in ``project``, which is written to. Raises Infeasible where a memory is too small.

    Without ``start_clock`` the clock stays as it is after reset, which is what an emulator needs.
    """
    objects = project / "objects"
    objects.mkdir()
    includes = [project / name for name in ("board", "include", "example")]
    sources = sorted(file for name in ("src", "example", "board") for file in (project / name).rglob("*.c"))
    common = (f"-DSTART_CLOCK={int(start_clock)}",)
    plain = [file for file in sources if file.name not in _OWN_FLAGS]
    built = toolchain.compile_objects(plain, objects, includes, common)
    for file in sources:
        if file.name in _OWN_FLAGS:
            built += toolchain.compile_objects([file], objects, includes, (*common, *_OWN_FLAGS[file.name]))
    image = project / "image.elf"
    try:
        toolchain.link(built, image, [f"-T{project / 'board' / 'linker.ld'}"])
    except CompileError as error:
        overflows = [found for pattern in _OVERFLOWS for found in pattern.findall(str(error))]
        if not overflows:
            raise
        region, nbytes = max(overflows, key=lambda found: int(found[1]))
        raise Infeasible(
            f"The network with its input and its report does not fit: {region.lower()} is {nbytes} bytes too small. The "
            "input lies in flash beside the weights."
        ) from error
    return image
