"""What ``tvmc micro`` knows of each platform: how its project is built and flashed, and where it runs.

Projects come from ``mcupatch export``; their own tools build them, as their README.md says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mcupatch.errors import BadInput
from mcupatch.tvmc.project import MicroProject

Command = Sequence[str]
CHIP_TOOLCHAIN = "cmake/arm-none-eabi.cmake"  # in the project


def _build_cmake(project: MicroProject) -> list[Command]:
    toolchain = project.options.get("toolchain_file", CHIP_TOOLCHAIN if project.platform == "stm32" else None)
    chip = [] if toolchain is None else [f"-DCMAKE_TOOLCHAIN_FILE={toolchain}"]
    build = str(project.build_directory)
    return [["cmake", "-S", str(project.directory), "-B", build, *chip], ["cmake", "--build", build]]


def _flash_cmake(project: MicroProject) -> list[Command]:
    return [["cmake", "--build", str(project.build_directory), "--target", "flash"]]


def _build_arduino(project: MicroProject) -> list[Command]:
    folder = str(project.directory)
    sketch = str(project.directory / "examples" / "run_once")
    return [
        [
            *_arduino(project, "compile"),
            "--library",
            folder,
            "--build-path",
            str(project.build_directory),
            sketch,
        ]
    ]


def _flash_arduino(project: MicroProject) -> list[Command]:
    port = _option(project, "port")
    return [[*_arduino(project, "upload"), "--port", port, "--input-dir", str(project.build_directory)]]


def _arduino(project: MicroProject, action: str) -> list[str]:
    return ["arduino-cli", action, "--fqbn", _option(project, "board")]


def _build_zephyr(project: MicroProject) -> list[Command]:
    build = str(project.build_directory)
    return [["west", "build", "-b", _option(project, "board"), "-d", build, str(project.directory)]]


def _flash_zephyr(project: MicroProject) -> list[Command]:
    return [["west", "flash", "-d", str(project.build_directory)]]


@dataclass(frozen=True)
class Platform:
    """``options`` are the project options that it knows.

    ``build`` and ``flash`` give the commands to run; where there are none, ``no_flash`` says why. ``backend`` is where
    ``tvmc run --device micro`` runs its archive; "": nowhere, and ``no_run`` says why.
    """

    options: tuple[str, ...] = ()
    build: Callable[[MicroProject], list[Command]] = lambda project: []
    flash: Callable[[MicroProject], list[Command]] | None = None
    no_flash: str = ""
    backend: str = ""
    no_run: str = ""


PLATFORMS = {
    "cmake": Platform(
        options=("toolchain_file",),
        build=_build_cmake,
        no_flash="the project is a library; the program that links it is flashed",
        no_run="the project is a library with an example, which its build directory holds",
    ),
    "arduino": Platform(
        options=("board", "port"),
        build=_build_arduino,
        flash=_flash_arduino,
        no_run="the sketch prints its report to the serial port",
    ),
    "zephyr": Platform(
        options=("board", "zephyr_base"), build=_build_zephyr, flash=_flash_zephyr, backend="zephyr"
    ),
    "stm32": Platform(
        options=("toolchain_file",),
        build=_build_cmake,
        flash=_flash_cmake,
        no_run="its report comes through the debugger that 'tvmc micro flash' starts, or the serial port",
    ),
    "qemu": Platform(
        no_flash="QEMU has no flash to write; 'tvmc run --device micro' boots the image", backend="qemu"
    ),
}
EXPORTED = tuple(
    name for name in PLATFORMS if name != "qemu"
)  # QEMU's image is made of the archive for each run


def platform_of(project: MicroProject) -> Platform:
    """Raises BadInput for one that this version does not know."""
    if project.platform not in PLATFORMS:
        raise BadInput(
            f"{str(project.directory)!r} is for {project.platform!r}; known are {', '.join(PLATFORMS)}"
        )
    return PLATFORMS[project.platform]


def run_backend(project: MicroProject) -> str:
    """Where its archive runs. Raises BadInput where it does not."""
    platform = platform_of(project)
    if not platform.backend:
        raise BadInput(f"{project.platform}: {platform.no_run}")
    return platform.backend


def _option(project: MicroProject, name: str) -> str:
    """Raises BadInput where a project option is needed and was not given."""
    if name not in project.options:
        raise BadInput(f"the platform {project.platform} needs --project-option {name}=...")
    return project.options[name]
