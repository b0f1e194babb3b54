"""What the linked ELF says: its sections' sizes, its symbols, its load segments."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from elftools.elf.elffile import ELFFile


@dataclass(frozen=True)
class Symbol:
    """``size`` is 0 for a label; ``address`` of a function is without the Thumb bit."""

    name: str
    address: int
    size: int
    is_function: bool


@dataclass(frozen=True)
class Segment:
    """``data`` lies at ``address`` in flash when the chip starts."""

    address: int
    data: bytes


@dataclass(frozen=True)
class Elf:
    """``sections`` maps names to sizes in bytes; ``code_marks`` are the ``$t``, ``$d`` mapping symbols."""

    sections: dict[str, int]
    symbols: tuple[Symbol, ...]
    code_marks: tuple[tuple[int, str], ...]
    segments: tuple[Segment, ...]

    def address(self, name: str) -> int:
        """Address of a symbol. Raises KeyError."""
        for symbol in self.symbols:
            if symbol.name == name:
                return symbol.address
        raise KeyError(name)

    def function_at(self, address: int) -> str | None:
        """The name of the function that holds ``address``."""
        for symbol in self.symbols:
            if symbol.is_function and symbol.address <= address < symbol.address + max(symbol.size, 2):
                return symbol.name
        return None


def read_elf(path: Path) -> Elf:
    """Read a linked ELF file."""
    with path.open("rb") as file:
        elf = ELFFile(file)
        sections = {s.name: int(s["sh_size"]) for s in elf.iter_sections() if s["sh_flags"] & 2}  # SHF_ALLOC
        table = elf.get_section_by_name(".symtab")
        symbols = []
        marks = []
        for entry in table.iter_symbols():
            is_function = entry["st_info"]["type"] == "STT_FUNC"
            address = int(entry["st_value"]) & ~1 if is_function else int(entry["st_value"])
            if entry.name[:2] in ("$t", "$d", "$a"):
                marks.append((address, entry.name[:2]))
            elif entry.name and entry["st_shndx"] != "SHN_UNDEF":
                symbols.append(Symbol(entry.name, address, int(entry["st_size"]), is_function))
        segments = tuple(
            Segment(int(s["p_paddr"]), s.data())
            for s in elf.iter_segments()
            if s["p_type"] == "PT_LOAD" and s["p_filesz"]
        )
    return Elf(sections, tuple(symbols), tuple(sorted(marks)), segments)
