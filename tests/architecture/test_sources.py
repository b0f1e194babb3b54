"""What holds for every source file: its length, who may print, what C may include."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.architecture.imports import PACKAGE, ROOT, part_of, source_files

MAX_LINES = 400
SUFFIXES = (".py", ".c", ".h", ".cc", ".inc", ".S", ".j2")
MAY_PRINT = {"cli", "report"}
# Includes of the C that runs on the chip: the freestanding headers of C11, string.h and the project's own.
ALLOWED_HEADERS = {"stdint.h", "stddef.h", "string.h", "stdbool.h", "limits.h", "float.h", "arm_acle.h"}
FORBIDDEN_CALLS = re.compile(r"\b(?:malloc|calloc|realloc|free|alloca|printf|TVM[A-Z][a-z]\w*)\s*\(")


def _all_sources() -> list[Path]:
    folders = (ROOT / "python", ROOT / "src", ROOT / "tests", ROOT / "tutorials")
    files = [f for folder in folders for f in folder.rglob("*") if f.suffix in SUFFIXES]
    return [*files, ROOT / "setup.py"]


def _chip_sources() -> list[Path]:
    runtime = ROOT / "src" / "runtime"
    support = PACKAGE / "firmware" / "support"
    return [
        f
        for folder in (runtime, support / "bare_metal", support / "hosted")
        for f in sorted(folder.rglob("*.[ch]"))
    ]


def test_no_file_is_longer_than_one_concept() -> None:
    long = {f: len(f.read_text(encoding="utf-8").splitlines()) for f in _all_sources()}
    assert {str(f.relative_to(ROOT)): n for f, n in long.items() if n > MAX_LINES} == {}


def test_only_command_line_and_reports_print() -> None:
    found = []
    for file in source_files():
        if part_of(file) in MAY_PRINT:
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
                found.append(f"{file.relative_to(ROOT)}:{node.lineno}")
    assert found == []


@pytest.mark.parametrize("file", _chip_sources(), ids=lambda f: f.name)
def test_c_for_the_chip_needs_no_library(file: Path) -> None:
    check_chip_source(file.read_text(encoding="utf-8"), own={f.name for f in _chip_sources()})


def check_chip_source(text: str, own: set[str]) -> None:
    """Assert that C ``text`` includes nothing but ALLOWED_HEADERS and ``own``, and allocates and prints nothing."""
    code = re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.DOTALL)
    headers = {Path(name).name for name in re.findall(r'#\s*include\s*[<"]([^>"]+)[>"]', code)}
    assert headers <= ALLOWED_HEADERS | own
    assert FORBIDDEN_CALLS.findall(code) == []


def test_the_architecture_page_names_every_part() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    modules = {file.name for file in PACKAGE.glob("*.py")} - {"__init__.py"}
    folders = {f"{part_of(file)}/" for file in source_files() if file.parent != PACKAGE}
    native = {f"src/{folder.name}/" for folder in (ROOT / "src").iterdir() if folder.is_dir()}
    assert {name for name in modules | folders | native if f"`{name}`" not in page} == set()
