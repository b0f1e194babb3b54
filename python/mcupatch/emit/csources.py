"""The generated C of one network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mcupatch.emit.c_text import C_TYPES
from mcupatch.ir.tensor import Tensor


@dataclass(frozen=True)
class Port:
    """One input or output of the generated function: its C name in the struct and its place in the arena.

    An input without a place is streamed: the caller gives a function that reads its rows.
    """

    c_name: str
    tensor: Tensor
    offset: int | None

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


@dataclass(frozen=True)
class KernelSources:
    """The micro-kernels: file names, relative to a source and an include folder, and their text."""

    sources: dict[str, str]
    headers: dict[str, str]


@dataclass(frozen=True)
class CSources:
    """Everything a build needs beside the kernels of ``src/runtime``.

    ``name`` is the C prefix without ``tvmgen_``. ``sources`` and ``headers`` map file names to text.
    """

    name: str
    sources: dict[str, str]
    headers: dict[str, str]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    arena_bytes: int
    weights_bytes: int

    def write_to(self, folder: Path) -> list[Path]:
        """Write all files into one existing folder; returns the paths of those to compile."""
        for name, text in {**self.sources, **self.headers}.items():
            (folder / name).write_text(text)
        return [folder / name for name in self.sources]
