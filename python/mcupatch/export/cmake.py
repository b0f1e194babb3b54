"""A network as a plain CMake project: a static library, a program that calls it, rules to install it.

OUT/CMakeLists.txt, cmake/   the build, and a toolchain file for Arm's gcc
OUT/src, include             the C of the network and of the kernels that it calls
OUT/example                  one inference with an input of its own
"""

from __future__ import annotations

from pathlib import Path

from mcupatch.export.project import Project, write_figures, write_files


def write_cmake(project: Project, folder: Path) -> None:
    """Fill the existing ``folder``."""
    sources = {f"src/{name}": text for name, text in project.source_files.items()}
    headers = {f"include/{name}": text for name, text in project.header_files.items()}
    example = {f"example/{name}": text for name, text in project.example_files().items()}
    write_files(
        folder,
        {
            **sources,
            **headers,
            **example,
            "example/main.c": project.render("cmake/main.c.j2"),
            "CMakeLists.txt": project.render("cmake/CMakeLists.txt.j2", source_files=list(sources)),
            "cmake/arm-none-eabi.cmake": project.render("cmake/arm-none-eabi.cmake.j2"),
            "README.md": project.render("cmake/README.md.j2"),
        },
    )
    write_figures(project, folder)
