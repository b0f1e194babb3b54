"""A network as an Arduino library, in the layout of its specification (1.5 format, recursive ``src``).

OUT/library.properties   what the library manager reads
OUT/src                  the C of the network, in kernels/ and mcupatch/ that of the kernels it calls
OUT/examples/run_once    a sketch with one inference
"""

from __future__ import annotations

from pathlib import Path

from mcupatch.export.project import Project, write_figures, write_files

_EXAMPLE = "examples/run_once"


def write_arduino(project: Project, folder: Path) -> None:
    """Fill the existing ``folder``."""
    prelude = project.render("arduino/prelude.h.j2")
    sources = {f"src/{name}": prelude + text for name, text in project.source_files.items()}
    headers = {f"src/{name}": text for name, text in project.header_files.items()}
    example = {f"{_EXAMPLE}/{name}": text for name, text in project.example_files().items()}
    write_files(
        folder,
        {
            **sources,
            **headers,
            **example,
            f"{_EXAMPLE}/run_once.ino": project.render("arduino/run_once.ino.j2"),
            "library.properties": project.render("arduino/library.properties.j2"),
            "README.md": project.render("arduino/README.md.j2"),
        },
    )
    write_figures(project, folder)
