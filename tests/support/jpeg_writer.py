"""Writes baseline JPEG files from coefficients, in any sampling: what Pillow cannot write, and with known contents.

The Huffman tables are those of the standard's Annex K, taken from a file of Pillow's.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Coefficients = NDArray[np.int64]  # [block rows, block columns, 8 (v), 8 (u)], quantised
_DIAGONALS = sorted(
    ((v, u) for v in range(8) for u in range(8)),
    key=lambda p: (p[0] + p[1], p[0] if (p[0] + p[1]) % 2 else p[1]),
)
ZIGZAG = np.array([8 * v + u for v, u in _DIAGONALS])


@dataclass(frozen=True)
class Component:
    """``across`` x ``down`` blocks in a group; ``steps`` [8, 8] are the quantisation steps."""

    across: int
    down: int
    steps: NDArray[np.int64]
    coefficients: Coefficients


@dataclass(frozen=True)
class Picture:
    """``transform``: what the Adobe segment says of the colours; None: a JFIF segment in its place."""

    rows: int
    columns: int
    components: tuple[Component, ...]
    restart_interval: int = 0
    transform: int | None = None

    @property
    def groups(self) -> tuple[int, int]:
        """Rows and columns of groups."""
        down = max(c.down for c in self.components)
        across = max(c.across for c in self.components)
        return -(-self.rows // (8 * down)), -(-self.columns // (8 * across))


def random_picture(
    size: tuple[int, int],
    sampling: Sequence[tuple[int, int]],
    seed: int,
    restart_interval: int = 0,
    transform: int | None = None,
) -> Picture:
    """Smooth noise of ``size`` (rows, columns); ``sampling`` is (across, down) of each component."""
    random = np.random.default_rng(seed)
    bare = tuple(Component(a, d, np.zeros((8, 8), np.int64), np.zeros(0, np.int64)) for a, d in sampling)
    group_rows, group_columns = Picture(*size, bare).groups
    components = []
    for across, down in sampling:
        shape = (group_rows * down, group_columns * across, 8, 8)
        falling = 200.0 / (1 + np.add.outer(np.arange(8), np.arange(8))) ** 2
        steps = random.integers(1, 24, (8, 8))
        values = np.rint(random.normal(0, falling, shape) * random.integers(0, 2, shape) / steps)
        values[..., 0, 0] = random.integers(-900, 900, shape[:2]) // steps[0, 0]
        components.append(Component(across, down, steps, values.astype(np.int64)))
    return Picture(*size, tuple(components), restart_interval, transform)


def write_jpeg(picture: Picture, frame: int = 0xC0) -> bytes:
    """The file; ``frame`` is the marker of its frame."""
    parts = [b"\xff\xd8"]
    if picture.transform is None:
        parts.append(_segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0"))
    else:
        parts.append(_segment(0xEE, b"Adobe\0\x64\0\0\0\0" + bytes([picture.transform])))
    for number, component in enumerate(picture.components):
        table = component.steps.reshape(-1)[ZIGZAG]
        parts.append(_segment(0xDB, bytes([number, *table.tolist()])))
    header = struct.pack(">BHHB", 8, picture.rows, picture.columns, len(picture.components))
    for number, component in enumerate(picture.components):
        header += bytes([number + 1, component.across << 4 | component.down, number])
    parts.append(_segment(frame, header))
    tables = standard_tables()
    parts += [_segment(0xC4, bytes([key]) + table) for key, table in tables.items()]
    if picture.restart_interval:
        parts.append(_segment(0xDD, struct.pack(">H", picture.restart_interval)))
    scan = bytes([len(picture.components)])
    for number in range(len(picture.components)):
        scan += bytes([number + 1, 0x11 if number else 0x00])
    parts.append(_segment(0xDA, scan + b"\0\x3f\0"))
    return b"".join([*parts, *_entropy_data(picture, tables), b"\xff\xd9"])


def standard_tables() -> dict[int, bytes]:
    """Counts and symbols by class << 4 | number."""
    stream = io.BytesIO()
    Image.new("RGB", (8, 8)).save(stream, "JPEG")
    data, at, tables = stream.getvalue(), 2, {}
    while data[at + 1] != 0xDA:
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        if data[at + 1] == 0xC4:
            body = data[at + 4 : at + 2 + length]
            while body:
                size = 17 + sum(body[1:17])
                tables[body[0]] = body[1:size]
                body = body[size:]
        at += 2 + length
    return tables


def _segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def _codes(table: bytes) -> dict[int, str]:
    codes, code, at = {}, 0, 16
    for length in range(1, 17):
        for _ in range(table[length - 1]):
            codes[table[at]] = format(code, f"0{length}b")
            code, at = code + 1, at + 1
        code <<= 1
    return codes


def _entropy_data(picture: Picture, tables: dict[int, bytes]) -> Iterator[bytes]:
    codes = {key: _codes(table) for key, table in tables.items()}
    rows, columns = picture.groups
    previous, bits, restarts = [0] * len(picture.components), "", 0
    for group in range(rows * columns):
        if picture.restart_interval and group and group % picture.restart_interval == 0:
            yield _pack(bits) + bytes([0xFF, 0xD0 + restarts % 8])
            previous, bits, restarts = [0] * len(picture.components), "", restarts + 1
        y, x = divmod(group, columns)
        for number, component in enumerate(picture.components):
            kind = 1 if number else 0
            for block in _blocks(component, y, x):
                values = block.reshape(-1)[ZIGZAG].tolist()
                bits += _block_bits(values, previous[number], codes[kind], codes[0x10 | kind])
                previous[number] = values[0]
    yield _pack(bits)


def _blocks(component: Component, y: int, x: int) -> Iterator[Coefficients]:
    for down in range(component.down):
        for across in range(component.across):
            yield component.coefficients[y * component.down + down, x * component.across + across]


def _block_bits(values: list[int], previous: int, dc: dict[int, str], ac: dict[int, str]) -> str:
    size, bits = _number(values[0] - previous)
    text, zeros = dc[size] + bits, 0
    last = max((k for k in range(1, 64) if values[k]), default=0)
    for value in values[1 : last + 1]:
        if value == 0:
            zeros += 1
            continue
        text += ac[0xF0] * (zeros // 16)
        size, bits = _number(value)
        text += ac[zeros % 16 << 4 | size] + bits
        zeros = 0
    return text + (ac[0] if last < 63 else "")


def _number(value: int) -> tuple[int, str]:
    size = abs(value).bit_length()
    return size, format(value if value > 0 else value + (1 << size) - 1, f"0{size}b") if size else ""


def _pack(bits: str) -> bytes:
    bits += "1" * (-len(bits) % 8)
    data = int(bits or "0", 2).to_bytes(len(bits) // 8, "big")
    return data.replace(b"\xff", b"\xff\0")
