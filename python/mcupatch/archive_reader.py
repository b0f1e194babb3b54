"""Reading an archive that a user names, without a file of it ever touching the disk.

A tar file can name places outside its folder, links and devices, and claim sizes that it does not hold. What is read
here is a map from plain relative paths to bytes, and anything else is refused before a byte of it is used.
"""

from __future__ import annotations

import io
import tarfile
from pathlib import Path, PurePosixPath

from mcupatch.errors import BadInput
from mcupatch.files import read_user_file

MAX_ENTRIES = 10_000  # an archive of ours holds about a hundred


def read_archive(path: Path) -> dict[str, bytes]:
    """The files of an uncompressed ``.tar`` by their paths with slashes, without ``./``. Raises BadInput."""
    data = read_user_file(path, "the archive")
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as tar:
            return _read_entries(tar, len(data))
    except (tarfile.TarError, EOFError, OverflowError, UnicodeError, ValueError) as error:
        raise BadInput(
            f"cannot read the archive {str(path)!r}: {error}; give the uncompressed .tar that 'tvmc compile' wrote"
        ) from error


def _read_entries(tar: tarfile.TarFile, left: int) -> dict[str, bytes]:
    """Raises ValueError for an entry that is no plain file or folder in a plain place, or for more than ``left`` bytes.

    As nothing is compressed, honest entries are together no larger than their archive.
    """
    files: dict[str, bytes] = {}
    for count, entry in enumerate(tar):
        if count >= MAX_ENTRIES:
            raise ValueError(f"it holds more than {MAX_ENTRIES} entries")
        name = _plain_path(entry.name)
        if entry.isdir():
            continue
        if entry.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or entry.issparse():
            raise ValueError(f"{entry.name!r} is a link, a device or a sparse file")
        if name in files:
            raise ValueError(f"it holds {name!r} twice")
        left -= entry.size
        if entry.size < 0 or left < 0:
            raise ValueError("its entries are larger than the archive itself")
        stream = tar.extractfile(entry)
        content = b"" if stream is None else stream.read()
        if len(content) != entry.size:
            raise ValueError(f"{entry.name!r} is cut off")
        files[name] = content
    return files


def _plain_path(name: str) -> str:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name or "\0" in name:
        raise ValueError(f"the entry {name!r} lies outside the archive")
    return str(path)
