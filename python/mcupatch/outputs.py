"""Writing results so that nothing is ever half-written: a whole directory, or a whole file, or nothing.

A directory is filled beside its final place and renamed at the end. Only a directory that mcupatch wrote itself
is replaced; entries that someone else added to it are carried over.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mcupatch.errors import BadInput

MARKER = "mcupatch.json"  # a directory that holds this file was written by mcupatch
MANIFEST = ".mcupatch-files"  # the top-level names that mcupatch wrote into it


@contextmanager
def replace_directory(target: Path) -> Iterator[Path]:
    """Yield an empty directory to fill; it becomes ``target`` when the block ends without an error.

    Raises BadInput if ``target`` exists and is not an output of mcupatch, or if it cannot be written.
    """
    check_replaceable(target)
    final = Path(os.path.realpath(target))
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{final.name}.", suffix=".tmp", dir=final.parent))
    except OSError as error:
        raise BadInput(f"cannot write to {str(target)!r}: {error.strerror}") from error
    try:
        draft.chmod(0o777 & ~_umask())  # mkdtemp makes it private; an output directory is an ordinary one
        yield draft
        _write_manifest(draft)
        with _lock(final.parent):
            _check_final(target, final)  # again: another process may have written there meanwhile
            _swap(draft, final)
    except OSError as error:
        raise BadInput(f"cannot write to {str(target)!r}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)  # gone already after the swap


def check_replaceable(target: Path) -> None:
    """Raise BadInput unless ``target`` is absent, an empty directory, or an earlier output of mcupatch.

    Long work calls this first, so that a bad name is told before the work and not after it.
    """
    final = Path(os.path.realpath(target))
    parent = next(p for p in final.parents if os.path.lexists(p))
    if not parent.is_dir():
        raise BadInput(f"cannot write to {str(target)!r}: {str(parent)!r} is not a directory")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise BadInput(f"cannot write to {str(target)!r}: no permission to write in {str(parent)!r}")
    with _lock(parent):
        _check_final(target, final)


def _check_final(target: Path, final: Path) -> None:
    if os.path.lexists(final):
        if not final.is_dir():
            raise BadInput(f"{str(target)!r} is a file; name a directory for the output")
        if any(final.iterdir()) and not (final / MARKER).is_file():
            raise BadInput(
                f"{str(target)!r} exists and was not written by mcupatch (it holds no {MARKER}); "
                "name another directory, or empty this one"
            )


def write_file(path: Path, content: str | bytes) -> None:
    """Write a whole file, or leave what was there; a link stays and what it points to is written.

    A device or a pipe (/dev/null, /dev/stdout) is written to, never replaced. Raises BadInput if it cannot be written.
    """
    data = content.encode() if isinstance(content, str) else content
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            path.write_bytes(data)
            return
        path = Path(os.path.realpath(path))
        handle, draft = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    except (OSError, ValueError) as error:
        raise BadInput(f"cannot write {str(path)!r}: {getattr(error, 'strerror', None) or error}") from error
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        os.chmod(draft, 0o666 & ~_umask())
        os.replace(draft, path)
    except OSError as error:
        raise BadInput(f"cannot write {str(path)!r}: {error.strerror}") from error
    finally:
        Path(draft).unlink(missing_ok=True)


def directory_of_output(file: Path) -> Path | None:
    """The output of mcupatch that ``file`` is part of; None where it is none of the entries that mcupatch wrote."""
    place = Path(os.path.realpath(file))
    below = zip(place.parents, (place, *place.parents))
    return next(
        (p for p, entry in below if (p / MARKER).is_file() and entry.name in _read_manifest(p)),
        None,
    )


@contextmanager
def _lock(directory: Path) -> Iterator[None]:
    """Keep other mcupatch processes from replacing anything in ``directory``; without effect where it has no locks."""
    try:
        handle = os.open(directory, os.O_RDONLY)
    except OSError:  # a directory that may be written but not listed
        yield
        return
    try:
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _swap(draft: Path, final: Path) -> None:
    """Put ``draft`` in the place of ``final``; what others added to ``final`` moves along."""
    if not final.exists():
        os.rename(draft, final)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{final.name}.", suffix=".old", dir=final.parent))
    os.rename(final, old / "previous")
    try:
        os.rename(draft, final)
    except OSError:
        os.rename(old / "previous", final)
        old.rmdir()
        raise
    _carry_over(old / "previous", final)
    shutil.rmtree(old, ignore_errors=True)


def _carry_over(previous: Path, current: Path) -> None:
    written = set(_read_manifest(previous))
    for entry in previous.iterdir():
        if written and entry.name not in written and not os.path.lexists(current / entry.name):
            os.rename(entry, current / entry.name)


def _write_manifest(directory: Path) -> None:
    names = sorted({MANIFEST, *(entry.name for entry in directory.iterdir())})
    (directory / MANIFEST).write_text(json.dumps(names, indent=1) + "\n")


def _read_manifest(directory: Path) -> list[str]:
    try:
        names = json.loads((directory / MANIFEST).read_text())
    except (OSError, ValueError):
        return []
    return [n for n in names if isinstance(n, str)] if isinstance(names, list) else []


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
