"""A board: its core and the memories that a firmware may use, each with its address and size.

Boards are known by name: one TOML file each in ``boards/``, and ``generic`` with free sizes.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any

from mcupatch.errors import BadInput
from mcupatch.target.sizes import format_size, parse_size

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

CPUS = ("cortex-m3", "cortex-m4", "cortex-m7", "cortex-m55")
MEMORY_KINDS = ("flash", "ram")

# Alignment and the few bytes of .data and .bss that a firmware has beside arena and stack.
STATICS_BYTES = 64

GENERIC = "generic"
BOARD_SUFFIX = ".toml"  # of a file that describes a board
_GENERIC_CPU = "cortex-m7"
_GENERIC_BYTES = 1 << 20


@dataclass(frozen=True)
class Memory:
    """``size`` bytes of flash or RAM from address ``base``."""

    name: str
    kind: str
    base: int
    size: int

    def __post_init__(self) -> None:
        if self.kind not in MEMORY_KINDS:
            raise BadInput(f"memory {self.name!r} is of kind {self.kind!r}; known are flash and ram")
        if self.base < 0 or self.size < 1 or self.stop > 1 << 32:
            raise BadInput(
                f"memory {self.name!r} ({self.size} bytes at {self.base:#x}) is not a 32-bit range"
            )

    @property
    def stop(self) -> int:
        return self.base + self.size


@dataclass(frozen=True)
class Board:
    """At the bottom of the main RAM a firmware reserves ``stack_bytes``, and beside the arena it has ``statics_bytes``.

    ``has_double`` is False where the floating-point unit of a Cortex-M7 knows single precision only.
    """

    name: str
    cpu: str
    clock_hz: int
    memories: tuple[Memory, ...]
    stack_bytes: int = 4096
    source: str = ""
    notes: str = ""
    has_double: bool = True
    statics_bytes: int = STATICS_BYTES

    def __post_init__(self) -> None:
        if self.cpu not in CPUS:
            raise BadInput(f"board {self.name!r} has core {self.cpu!r}; known are {', '.join(CPUS)}")
        if not self.has_double and self.cpu != "cortex-m7":
            raise BadInput(
                f"board {self.name!r}: has_double = false is for a cortex-m7, not for a {self.cpu}"
            )
        if self.clock_hz < 0 or self.stack_bytes < 1:
            raise BadInput(f"board {self.name!r} needs a clock and a stack that are positive")
        for kind in MEMORY_KINDS:
            if not any(m.kind == kind for m in self.memories):
                raise BadInput(f"board {self.name!r} has no memory of kind {kind}")
        ordered = sorted(self.memories, key=lambda m: m.base)
        for lower, upper in zip(ordered, ordered[1:]):
            if lower.stop > upper.base:
                raise BadInput(f"board {self.name!r}: memories {lower.name!r} and {upper.name!r} overlap")

    @property
    def core(self) -> str:
        """The core with its floating-point unit, as ``find_toolchain`` knows it."""
        return self.cpu if self.has_double else f"{self.cpu}-single"

    @property
    def main_ram(self) -> Memory:
        """The largest contiguous run of RAM, as one memory: stack, data and arena lie there."""
        return self.ram_runs[0]

    @property
    def ram_runs(self) -> tuple[Memory, ...]:
        """The contiguous runs of RAM, each as one memory, the largest first."""
        return _find_runs(self.memories, "ram")

    def ram_named(self, name: str) -> Memory:
        """One RAM, or several that follow each other, joined by "+"; "" is the main RAM. Raises KeyError for others."""
        known = {m.name: m for m in (*self.ram_runs, *self.memories) if m.kind == "ram"}
        if name in known or not name:
            return known[name] if name else self.main_ram
        runs = _find_runs(tuple(known[part] for part in dict.fromkeys(name.split("+"))), "ram")
        if len(runs) > 1:
            raise KeyError(name)
        return replace(runs[0], name=name)

    @property
    def main_flash(self) -> Memory:
        """The largest contiguous run of flash, as one memory: code and weights lie there."""
        return _find_runs(self.memories, "flash")[0]

    @property
    def sram_bytes(self) -> int:
        return self.main_ram.size

    @property
    def flash_bytes(self) -> int:
        return self.main_flash.size


def _find_runs(memories: tuple[Memory, ...], kind: str) -> tuple[Memory, ...]:
    """Memories that follow each other without a gap, joined; the largest first."""
    runs: list[Memory] = []
    for memory in sorted((m for m in memories if m.kind == kind), key=lambda m: m.base):
        if runs and runs[-1].stop == memory.base:
            last = runs.pop()
            memory = Memory(f"{last.name}+{memory.name}", kind, last.base, last.size + memory.size)
        runs.append(memory)
    return tuple(sorted(runs, key=lambda m: -m.size))


def arena_budget(board: Board) -> int:
    """Bytes that an arena may take on ``board``: its main RAM without the stack's reserve and the statics."""
    return max(0, board.sram_bytes - board.stack_bytes - board.statics_bytes)


def limit_board(board: Board, sram_bytes: int | None = None, flash_bytes: int | None = None) -> Board:
    """``board`` with only the first so many bytes of its main RAM and flash, as if the chip had no more.

    Raises BadInput where the board has less than asked for.
    """
    memories = board.memories
    for run, limit in ((board.main_ram, sram_bytes), (board.main_flash, flash_bytes)):
        if limit is None:
            continue
        if not 0 < limit <= run.size:
            raise BadInput(
                f"board {board.name} has {format_size(run.size)} of {run.kind} ({run.name}), "
                f"so {format_size(limit)} cannot be used of it"
            )
        # The other runs go too: a small rest of the main RAM would else lose its rank to one of them.
        kept = tuple(m for m in memories if m.kind != run.kind)
        memories = (*kept, replace(run, size=limit))
    return replace(board, memories=memories)


def generic_board(cpu: str, sram_bytes: int, flash_bytes: int) -> Board:
    """A board that is no product: one RAM at 0x20000000 and one flash at 0x08000000, of free sizes."""
    return Board(
        name=GENERIC,
        cpu=cpu,
        clock_hz=0,
        memories=(
            Memory("flash", "flash", 0x0800_0000, flash_bytes),
            Memory("sram", "ram", 0x2000_0000, sram_bytes),
        ),
        source="free sizes, no chip",
    )


def list_boards() -> tuple[str, ...]:
    """The names that ``load_board`` knows, ``generic`` last."""
    files = resources.files("mcupatch.target.boards").iterdir()
    return (*sorted(f.name[: -len(".toml")] for f in files if f.name.endswith(".toml")), GENERIC)


def load_board(name: str, sram_bytes: int | None = None, flash_bytes: int | None = None) -> Board:
    """The board ``name``, or the one that the file ``name``.toml describes, with less RAM or flash if so asked.

    ``generic`` has 1 MiB of what is not given. Raises BadInput for a name that is not known, for a file that describes
    no board, and for a size that the board does not have.
    """
    if name == GENERIC:
        sram = _GENERIC_BYTES if sram_bytes is None else sram_bytes
        flash = _GENERIC_BYTES if flash_bytes is None else flash_bytes
        return generic_board(_GENERIC_CPU, sram, flash)
    if name.endswith(BOARD_SUFFIX):
        return limit_board(parse_board(Path(name).stem, read_board_file(name)), sram_bytes, flash_bytes)
    if name not in list_boards():
        raise BadInput(
            f"board {name!r} is not known. Known are: {', '.join(list_boards())}, or a {BOARD_SUFFIX} file that "
            "describes another."
        )
    text = (resources.files("mcupatch.target.boards") / f"{name}.toml").read_text(encoding="utf-8")
    return limit_board(parse_board(name, text), sram_bytes, flash_bytes)


def read_board_file(path: str) -> str:
    """The text of a board's description. Raises BadInput if it cannot be read."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BadInput(f"cannot read the description of the board {path!r}: {reason}") from error


def parse_board(name: str, text: str) -> Board:
    """The board that a TOML ``text`` describes. Raises BadInput naming what is wrong with it."""
    try:
        data = tomllib.loads(text)
        return Board(
            name=name,
            cpu=_entry(data, "cpu", str),
            clock_hz=_entry(data, "clock_hz", int),
            memories=tuple(_parse_memory(entry) for entry in _entry(data, "memory", list)),
            stack_bytes=_entry(data, "stack_bytes", int),
            source=_entry(data, "source", str),
            notes=data.get("notes", ""),
            has_double=_entry(data, "has_double", bool) if "has_double" in data else True,
        )
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"the description of board {name!r} is not TOML: {error}") from error
    except BadInput as error:
        raise BadInput(f"the description of board {name!r} cannot be used: {error}") from error


def _parse_memory(entry: Any) -> Memory:
    if not isinstance(entry, dict):
        raise BadInput("each memory is a [[memory]] table")
    return Memory(
        name=_entry(entry, "name", str),
        kind=_entry(entry, "kind", str),
        base=_entry(entry, "base", int),
        size=parse_size(_entry(entry, "size", str)),
    )


def _entry(table: dict[str, Any], key: str, kind: type) -> Any:
    if key not in table:
        raise BadInput(f"{key!r} is missing")
    if not isinstance(table[key], kind):
        raise BadInput(f"{key!r} has to be of type {kind.__name__}")
    return table[key]
