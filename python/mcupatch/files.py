"""Reading the files that a user names: a whole ordinary file of a sane size, or an error in plain words."""

from __future__ import annotations

import stat
from pathlib import Path

from mcupatch.errors import BadInput

MAX_FILE_BYTES = 1 << 30  # far beyond what a microcontroller holds


def read_user_file(path: Path, what: str) -> bytes:
    """The bytes of ``path``; ``what`` names its role in messages, as in "the model".

    Raises BadInput where it is absent, unreadable, larger than ``MAX_FILE_BYTES``, or no ordinary file: a pipe may
    never end and a device has no end.
    """
    shown = f"cannot read {what} {str(path)!r}"
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise BadInput(f"{shown}: it is a directory")
        if not stat.S_ISREG(status.st_mode):
            raise BadInput(f"{shown}: it is a pipe or a device; name an ordinary file")
        if status.st_size > MAX_FILE_BYTES:
            raise BadInput(f"{shown}: it is larger than {MAX_FILE_BYTES >> 20} MiB")
        return path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise BadInput(f"{shown}: {getattr(error, 'strerror', None) or error}") from error
