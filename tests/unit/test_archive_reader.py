"""Archives that are no archives of ours: every way out of the folder, every odd entry, and damage are refused."""

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path

import pytest

from mcupatch.archive_reader import MAX_ENTRIES, read_archive
from mcupatch.errors import BadInput


def entry(
    name: str, data: bytes = b"x", kind: bytes = tarfile.REGTYPE, link: str = ""
) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    info.size = len(data) if kind == tarfile.REGTYPE else 0
    return info, data


def tar_of(*entries: tuple[tarfile.TarInfo, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for info, data in entries:
            tar.addfile(info, io.BytesIO(data) if info.isreg() else None)
    return stream.getvalue()


def with_size(data: bytes, size: int) -> bytes:
    """The first header's size field changed, and its checksum with it."""
    header = bytearray(data[:512])
    header[124:136] = b"%011o\0" % size
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + data[512:]


def negative_size() -> bytes:
    """By a header beside the entry's own, as large files have."""
    info, data = entry("a")
    info.pax_headers = {"size": "-512"}
    return tar_of((info, data))


ATTACKS = {
    "absolute": (tar_of(entry("/etc/passwd")), "outside"),
    "parent": (tar_of(entry("../x")), "outside"),
    "parent inside": (tar_of(entry("./codegen/../../x")), "outside"),
    "windows": (tar_of(entry("..\\x")), "outside"),
    "drive": (tar_of(entry("C:x")), "outside"),
    "symbolic link": (tar_of(entry("a", kind=tarfile.SYMTYPE, link="/etc")), "link"),
    "hard link": (tar_of(entry("a"), entry("b", kind=tarfile.LNKTYPE, link="a")), "link"),
    "device": (tar_of(entry("a", kind=tarfile.CHRTYPE)), "device"),
    "block device": (tar_of(entry("a", kind=tarfile.BLKTYPE)), "device"),
    "pipe": (tar_of(entry("a", kind=tarfile.FIFOTYPE)), "device"),
    "twice": (tar_of(entry("a"), entry("./a")), "twice"),
    "many": (tar_of(*[entry(f"{i}", b"") for i in range(MAX_ENTRIES + 1)]), "entries"),
    "cut off": (tar_of(entry("a", bytes(5000)))[:3000], "cannot read"),
    "huge size": (with_size(tar_of(entry("a")), 0o77777777777), "larger than the archive"),
    "negative size": (negative_size(), "cannot read"),
    "compressed": (gzip.compress(tar_of(entry("a", bytes(1 << 22)))), "uncompressed"),
    "garbage": (bytes(range(256)) * 16, "cannot read"),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_refused_in_plain_words(attack: str, tmp_path: Path) -> None:
    data, says = ATTACKS[attack]
    path = tmp_path / "model.tar"
    path.write_bytes(data)
    with pytest.raises(BadInput, match=says):
        read_archive(path)
    assert [p.name for p in tmp_path.iterdir()] == ["model.tar"]


def test_plain_files_are_read(tmp_path: Path) -> None:
    path = tmp_path / "model.tar"
    path.write_bytes(tar_of(entry(".", kind=tarfile.DIRTYPE), entry("./a/b", b"12"), entry("c", b"")))
    assert read_archive(path) == {"a/b": b"12", "c": b""}


def test_an_empty_file_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "model.tar"
    path.write_bytes(b"")
    with pytest.raises(BadInput, match="cannot read"):
        read_archive(path)
