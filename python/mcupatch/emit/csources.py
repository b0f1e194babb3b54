"""The generated C of one network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mcupatch.emit.c_text import C_TYPES
from mcupatch.ir.tensor import Tensor
from mcupatch.row_formats import RowSource

ARENA = "arena"


@dataclass(frozen=True)
class WorkspacePool:
    """A part of the arena, or all of it: ``nbytes`` in ``memory`` ("": the board's main RAM).

    ``c_name`` is its pointer in the C struct: "arena" where there is one pool, else made of the memory's name.
    """

    c_name: str
    nbytes: int
    memory: str = ""

    @property
    def symbol(self) -> str:
        """Its array in a firmware."""
        return f"mcup_{self.section[1:]}"

    @property
    def section(self) -> str:
        """The section of its array."""
        return ".arena" if self.c_name == ARENA else f".arena_{self.c_name}"

    @property
    def constant(self) -> str:
        """What the macros of the header say after ``WORKSPACE_POOL``."""
        return "" if self.c_name == ARENA else f"_{self.c_name.upper()}"

    @property
    def title(self) -> str:
        """In a sentence: "the arena", or "the arena's part in dtcm"."""
        return "the arena" if self.c_name == ARENA else f"the arena's part in {self.memory}"


@dataclass(frozen=True)
class Port:
    """One input or output of the generated function: its C name in the struct and its place in a pool of the arena.

    An input without a place is streamed: the caller gives a function that reads its rows. ``source`` is what a
    firmware of ours makes them of; the network's C is the same for all.
    """

    c_name: str
    tensor: Tensor
    offset: int | None
    pool: str = ARENA
    source: RowSource = RowSource()

    @property
    def streamed(self) -> bool:
        return self.offset is None

    @property
    def c_type(self) -> str:
        return C_TYPES[self.tensor.dtype]

    @property
    def rows(self) -> int:
        return self.tensor.hwc[0]

    @property
    def row_bytes(self) -> int:
        """Bytes of one row, W x C elements, of ``[1, H, W, C]``."""
        return self.tensor.nbytes // self.rows

    @property
    def row_shape(self) -> tuple[int, int, int, int]:
        """``mcup_row_shape`` of an image: rows, columns, channels, and what is taken from each byte of a pixel."""
        return (*self.tensor.hwc, 128 if self.tensor.dtype == "int8" else 0)

    @property
    def sent_row_bytes(self) -> int:
        """Bytes of one row as a camera sends it."""
        return self.source.camera_row_bytes(self.tensor.hwc[1]) if self.source.is_camera else self.row_bytes

    @property
    def sent_bytes(self) -> int | None:
        """Bytes of what the input is made of; None: a JPEG file of any size."""
        return None if self.source.is_jpeg else self.rows * self.sent_row_bytes


@dataclass(frozen=True)
class KernelSources:
    """The micro-kernels, and row decoders if asked for: names relative to a source and an include folder; texts."""

    sources: dict[str, str]
    headers: dict[str, str]


@dataclass(frozen=True)
class CSources:
    """Everything a build needs beside the kernels of ``src/runtime``.

    ``name`` is the C prefix without ``tvmgen_``. ``sources`` and ``headers`` map file names to text, ``operators`` the
    operators of the network, in their order, to the C functions that run each. ``stages`` are the functions that the
    entry calls, in order, with the bytes of the arena that each needs beside what it reads and writes for others.
    ``objects`` are ELF files by name to link with the C, for the board's core and no other.
    """

    name: str
    sources: dict[str, str]
    headers: dict[str, str]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    pools: tuple[WorkspacePool, ...]
    weights_bytes: int
    operators: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    stages: Mapping[str, int] = field(default_factory=dict)
    objects: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def arena_bytes(self) -> int:
        return sum(pool.nbytes for pool in self.pools)

    @property
    def has_row_formats(self) -> bool:
        """Whether a streamed input is made of other bytes than its own values."""
        return any(not port.source.is_raw for port in self.inputs)

    def write_to(self, folder: Path) -> list[Path]:
        """Write all files into one existing folder; returns the paths of those to compile."""
        for name, text in {**self.sources, **self.headers}.items():
            (folder / name).write_text(text)
        for name, data in self.objects.items():
            (folder / name).write_bytes(data)
        return [folder / name for name in self.sources]
