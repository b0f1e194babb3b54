"""The imports of the package, read from its syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "python" / "mcupatch"


@dataclass(frozen=True)
class Import:
    """``module`` as imported, absolute and dotted; for ``from mcupatch import ir`` it is ``mcupatch.ir``."""

    file: Path
    line: int
    module: str

    def __str__(self) -> str:
        return f"{self.file.relative_to(ROOT)}:{self.line} imports {self.module}"

    @property
    def importer(self) -> str:
        """The package, or the module at the root, that imports."""
        return part_of(self.file)

    @property
    def imported(self) -> str | None:
        """The part of mcupatch that is imported; None for anything else."""
        names = self.module.split(".")
        return names[1] if names[0] == "mcupatch" and len(names) > 1 else None


def part_of(file: Path) -> str:
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def source_files(folder: Path = PACKAGE) -> list[Path]:
    return sorted(folder.rglob("*.py"))


def read_imports() -> list[Import]:
    """Every import statement of the package, those inside functions included."""
    return [found for file in source_files() for found in _imports_of(file)]


def _imports_of(file: Path) -> Iterator[Import]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(file, node.lineno, alias.name)
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                raise AssertionError(f"{file}:{node.lineno}: a relative import; write it from mcupatch on")
            for alias in node.names if node.module == "mcupatch" else ():
                yield Import(file, node.lineno, f"mcupatch.{alias.name}")
            if node.module != "mcupatch":
                yield Import(file, node.lineno, str(node.module))
