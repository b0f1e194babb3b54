"""Small pieces of C text: numbers, arrays, initialisers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

INT32_MIN = -(2**31)
C_TYPES = {
    "int8": "int8_t",
    "uint8": "uint8_t",
    "int16": "int16_t",
    "int32": "int32_t",
    "float32": "float",
    "float64": "double",
}


def c_int(value: int) -> str:
    """A decimal constant; INT32_MIN has none in C and is written as a sum."""
    return "(-2147483647 - 1)" if value == INT32_MIN else str(int(value))


def c_float(value: float) -> str:
    """A float constant that reads back as the same float32."""
    text = f"{np.float32(value):.9g}"
    return (text if any(c in text for c in ".e") else text + ".0") + "f"


def c_double(value: float) -> str:
    """A double constant that reads back as the same float64."""
    text = f"{value:.17g}"
    return text if any(c in text for c in ".e") else text + ".0"


def c_array(name: str, array: NDArray[np.generic], linkage: str = "") -> str:
    """The definition of a constant array, flat, in lines of about 100 columns."""
    head = f"{linkage}const {C_TYPES[array.dtype.name]} {name}[{array.size}]"
    return f"{head} = {{\n" + "\n".join(_lines(array)) + "\n};\n"


def c_array_declaration(name: str, array: NDArray[np.generic]) -> str:
    return f"extern const {C_TYPES[array.dtype.name]} {name}[{array.size}];\n"


def c_initialiser(fields: Mapping[str, object], indent: str = "      ") -> str:
    """``{.a = 1, .b = {...}}``, one field a line; nested mappings are nested structs."""
    lines = []
    for key, value in fields.items():
        text = c_initialiser(value, indent + "    ") if isinstance(value, Mapping) else str(value)
        lines.append(f"{indent}.{key} = {text},")
    return "{\n" + "\n".join(lines) + "\n" + indent[:-4] + "}"


def wrap_c(text: str, columns: int = 110) -> str:
    """Break lines that are too long after commas; the rest of a broken line goes in by four more columns."""
    return "".join(_wrap_line(line, columns) for line in text.splitlines(keepends=True))


def _wrap_line(line: str, columns: int) -> str:
    indent = " " * (len(line) - len(line.lstrip()) + 4)
    wrapped = ""
    while len(line.rstrip()) > columns:
        end = max(line.rfind(", ", len(indent), columns), 0) or line.find(", ", columns)
        if end < 0:
            break
        wrapped += line[: end + 1] + "\n"
        line = indent + line[end + 2 :]
    return wrapped + line


def c_comment(text: str) -> str:
    """``text`` as it may stand inside a block comment: one line, ASCII, no end of comment."""
    plain = text.encode("ascii", "replace").decode().replace("*/", "* /").replace("/*", "/ *")
    return "".join(c if c.isprintable() else " " for c in plain)


def _lines(array: NDArray[np.generic]) -> Iterator[str]:
    write = {"float32": c_float, "float64": c_double}.get(array.dtype.name, c_int)
    texts = [write(v) for v in array.ravel().tolist()]
    per_line = 8 if array.dtype.itemsize > 1 else 24
    for start in range(0, len(texts), per_line):
        yield "    " + ", ".join(texts[start : start + per_line]) + ","
