"""Builds a Zephyr application with the user's own Zephyr, through ``west build``."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mcupatch.errors import BadInput, EmulationFault, ToolMissing

WEST = "west"
_SHOWN_LINES = 8
_BOARDS_WITH_QUALIFIERS = (3, 7)  # since this version a board is mps2/an385 and no longer mps2_an385
_EXPLAINED_LINES = 3
_ECHO = re.compile(
    r"Configuring incomplete|FATAL ERROR: command exited"
)  # what west and CMake say of every failure
_TELLING = re.compile(r"error|overflowed|not found|No board named|Could not|No such", re.IGNORECASE)


@dataclass(frozen=True)
class ZephyrTree:
    """A Zephyr that somebody installed, and its version as (major, minor)."""

    base: Path
    version: tuple[int, int]

    def board_name(self, board: str) -> str:
        """``mps2/an385`` as this version writes it."""
        return board if self.version >= _BOARDS_WITH_QUALIFIERS else board.replace("/", "_")


def find_zephyr(base: str | None) -> ZephyrTree:
    """The tree at ``base``, else at ``$ZEPHYR_BASE``. Raises BadInput where there is none."""
    named = base or os.environ.get("ZEPHYR_BASE")
    if not named:
        raise BadInput("no Zephyr is named: give --zephyr-base PATH, or set ZEPHYR_BASE")
    path = Path(named)
    try:
        text = (path / "VERSION").read_text(errors="replace")
    except OSError:
        text = ""
    numbers = dict(re.findall(r"^(VERSION_MAJOR|VERSION_MINOR)\s*=\s*(\d+)\s*$", text, re.MULTILINE))
    if len(numbers) != 2 or not (path / "cmake").is_dir():
        raise BadInput(f"{named!r} is no Zephyr tree: it has no file VERSION or no folder cmake")
    return ZephyrTree(path.resolve(), (int(numbers["VERSION_MAJOR"]), int(numbers["VERSION_MINOR"])))


def build_application(
    tree: ZephyrTree, application: Path, build: Path, board: str, timeout_seconds: float
) -> Path:
    """Build the ``application`` for ``board`` in the folder ``build``; returns the linked ELF.

    Raises ToolMissing without west, BadInput with the telling lines of a build that failed, EmulationFault for one
    that takes longer than ``timeout_seconds``.
    """
    west = shutil.which(WEST)
    if west is None:
        raise ToolMissing("west, the tool of Zephyr, is not installed; install it with: pip install west")
    command = [west, "build", "-b", tree.board_name(board), "-d", str(build), str(application)]
    # A session of its own: what west starts must end with it.
    with subprocess.Popen(
        command,
        cwd=tree.base,
        env={**os.environ, "ZEPHYR_BASE": str(tree.base)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as running:
        try:
            said, _ = running.communicate(timeout=timeout_seconds)
        except BaseException as error:
            with suppress(ProcessLookupError):  # it may have ended just now
                os.killpg(running.pid, signal.SIGKILL)
            if isinstance(error, subprocess.TimeoutExpired):
                raise EmulationFault(
                    f"Zephyr was not built within {timeout_seconds:g} s. --timeout gives it longer."
                ) from error
            raise
    elf = build / "zephyr" / "zephyr.elf"
    if running.returncode != 0 or not elf.is_file():
        raise BadInput(f"Zephyr cannot build the application for {board}:\n{_telling_lines(said)}")
    return elf


def _telling_lines(said: str) -> str:
    """The first lines that name an error, and what CMake says below one; else the last lines."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    telling: list[str] = []
    explained = 0
    for line in lines:
        is_error = bool(_TELLING.search(line)) and not line.startswith("[") and not _ECHO.search(line)
        explained = _EXPLAINED_LINES if line.startswith("CMake Error") else explained - 1
        if is_error or explained >= 0:
            telling.append(line)
    return "\n".join(telling[:_SHOWN_LINES] if telling else lines[-_SHOWN_LINES:])
