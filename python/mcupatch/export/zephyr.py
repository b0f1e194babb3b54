"""A network as a Zephyr application: plain ``west build`` against the user's own Zephyr makes it.

OUT/CMakeLists.txt, Kconfig, prj.conf   the application
OUT/boards                              what a board needs beyond its own files
OUT/src/main.c, example.c               a thread that runs the network once, and the report
OUT/src, include                        the C of the network and of the kernels that it calls
"""

from __future__ import annotations

from pathlib import Path

from mcupatch.errors import BadInput
from mcupatch.export.project import SUPPORT, Project, write_figures, write_files

_BOARDS = "zephyr/boards"
_MAIN_RAM_AND = "dtcm"  # the one other memory that Zephyr's linker scripts have a section for


def write_zephyr(project: Project, folder: Path) -> None:
    """Fill the existing ``folder``. Raises BadInput for an arena in memories that Zephyr does not place."""
    pools = {pool.memory: pool for pool in project.sources.pools}
    if len(pools) > 1 and (len(pools) > 2 or _MAIN_RAM_AND not in pools):
        raise BadInput(
            f"the arena is divided among {', '.join(pools)}; a Zephyr application has it in the main RAM and in "
            f"{_MAIN_RAM_AND}. Compile the model with --memories main"
        )
    network = {f"src/{name}": text for name, text in project.sources.sources.items()}
    kernels = {f"src/{name}": text for name, text in project.kernels.sources.items()}
    # A module has the kernels alone.
    rows = [name for name in kernels if name.startswith("src/rows/")]
    headers = {f"include/{name}": text for name, text in project.header_files.items()}
    example = {f"src/{name}": text for name, text in project.example_files().items()}
    build = project.render(
        "zephyr/CMakeLists.txt.j2",
        network_files=[*network, *rows],
        kernel_files=[name for name in kernels if name not in rows],
        has_dtcm=_MAIN_RAM_AND in pools,
    )
    write_files(
        folder,
        {
            **network,
            **kernels,
            **headers,
            **example,
            **_board_files(project),
            "src/main.c": project.render("zephyr/main.c.j2"),
            "CMakeLists.txt": build,
            "Kconfig": project.render("zephyr/Kconfig.j2"),
            "prj.conf": project.render("zephyr/prj.conf.j2"),
            "README.md": project.render("zephyr/README.md.j2"),
        },
    )
    write_figures(project, folder)


def _board_files(project: Project) -> dict[str, str]:
    """One overlay a board that needs one, found by Zephyr through its name."""
    templates = sorted((SUPPORT / _BOARDS).glob("*.j2"))
    return {f"boards/{t.stem}": project.render(f"{_BOARDS}/{t.name}") for t in templates}
