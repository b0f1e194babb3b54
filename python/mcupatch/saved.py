"""A compiled model as a directory, and back: what lies between ``mcupatch compile`` and ``mcupatch run``.

DIR/mcupatch.json    schedule and figures, with the measured ones after a run
DIR/build.json       how it was compiled, where inputs (null: streamed) and outputs lie, digests of the other files
DIR/firmware.elf     for the board
DIR/src, include     the network's C and the kernels, ready for any C11 compiler
DIR/lib              the stages as an object for the board's core, with the target llvm
DIR/model.tar        the archive in the Model Library Format
DIR/model.tflite     (or .onnx) a copy of the model, for the reference
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from mcupatch.describe import describe_model
from mcupatch.emit.csources import KernelSources
from mcupatch.errors import BadInput
from mcupatch.files import read_user_file
from mcupatch.firmware.bare_metal import load_firmware
from mcupatch.kernel_sources import read_kernel_sources
from mcupatch.outputs import MARKER, replace_directory, write_file
from mcupatch.packed import load_packed, pack_model
from mcupatch.pipeline import CompiledModel
from mcupatch.result import MeasuredFacts, Result, parse_result
from mcupatch.saved_facts import (
    BUILD_FILE,
    SavedModel,
    StoredFiles,
    build_facts,
    check_unchanged,
    parse_stored,
    sign_facts,
    stored_board,
    stored_model_name,
)

FIRMWARE_FILE = "firmware.elf"
ARCHIVE_FILE = "model.tar"


_FILES = StoredFiles(sources="src/", headers="include/", objects="lib/", model="")


def save_compiled(compiled: CompiledModel, directory: Path, measured: MeasuredFacts | None = None) -> Result:
    """Write ``compiled`` to ``directory``, whole or not at all, with the figures of a run if there was one.

    Returns all figures. Raises BadInput if the directory cannot be written.
    """
    figures = describe_model(compiled)
    result = replace(figures, measured=measured)
    with replace_directory(directory) as draft:
        kernels = read_kernel_sources(compiled.sources.has_row_formats)
        _write_texts(draft / "src", compiled.sources.sources | kernels.sources)
        _write_texts(draft / "include", compiled.sources.headers | kernels.headers)
        for name, data in compiled.sources.objects.items():
            (draft / "lib").mkdir(exist_ok=True)
            (draft / "lib" / name).write_bytes(data)
        shutil.copyfile(compiled.firmware.path, draft / FIRMWARE_FILE)
        (draft / ARCHIVE_FILE).write_bytes(pack_model(compiled, figures))
        (draft / stored_model_name(compiled)).write_bytes(compiled.source.data)
        facts = sign_facts(build_facts(compiled), _read_files(draft))
        (draft / BUILD_FILE).write_text(json.dumps(facts, indent=2) + "\n")
        (draft / MARKER).write_text(json.dumps(result.as_json(), indent=2) + "\n")
    return result


def _write_texts(folder: Path, texts: Mapping[str, str]) -> None:
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def load_compiled(path: Path) -> SavedModel:
    """Read back what ``save_compiled`` wrote, or the archive in it. Raises BadInput if it is something else, or damaged."""
    return load_packed(path) if path.is_file() else _load_directory(path)


def _load_directory(directory: Path) -> SavedModel:
    if not (directory / MARKER).is_file() or not (directory / BUILD_FILE).is_file():
        raise BadInput(
            f"{str(directory)!r} is no compiled model (it holds no {MARKER}); "
            "give the directory that 'mcupatch compile' wrote, or an archive"
        )

    try:
        result = parse_result(json.loads((directory / MARKER).read_text()))
        facts = json.loads((directory / BUILD_FILE).read_text())
        graph, sources = parse_stored(facts, result, _FILES, partial(_read, directory))
        check_unchanged(_read(directory, FIRMWARE_FILE), FIRMWARE_FILE, facts["digests"])
        firmware = load_firmware(
            directory / FIRMWARE_FILE,
            stored_board(facts),
            sources,
        )
        toolchain = str(facts["toolchain"])
    except (OSError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise BadInput(f"{str(directory)!r} is damaged ({error}); compile the model again") from error
    return SavedModel(graph, sources, firmware, toolchain, directory, result)


def load_kernels(directory: Path | None) -> KernelSources:
    """The micro-kernels as they were when the model in ``directory`` was compiled, whatever is installed now.

    With the row decoders, if there are any. Those of an archive, which has no directory, are the installed ones. Raises
    BadInput where one is missing or changed.
    """
    if directory is None:
        return read_kernel_sources(with_row_decoders=True)
    try:
        digests = json.loads((directory / BUILD_FILE).read_text())["digests"]
        return KernelSources(
            _read_texts(directory, "src/", ("kernels/", "rows/"), digests),
            _read_texts(directory, "include/", ("mcupatch/",), digests),
        )
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise BadInput(f"{str(directory)!r} is damaged ({error}); compile the model again") from error


def _read_texts(
    directory: Path, root: str, folders: tuple[str, ...], digests: Mapping[str, str]
) -> dict[str, str]:
    """The files below the ``folders`` in ``root`` by their paths below ``root``."""
    names = [name for name in digests if name.startswith(tuple(root + folder for folder in folders))]
    return {n.removeprefix(root): check_unchanged(_read(directory, n), n, digests).decode() for n in names}


def _read(directory: Path, name: str) -> bytes:
    """Raises ValueError where it cannot be read."""
    try:
        return read_user_file(directory / name, "its file")
    except BadInput as error:
        raise ValueError(str(error)) from error


def update_figures(saved: SavedModel, measured: MeasuredFacts) -> Result:
    """Put the figures of a run into the directory's ``mcupatch.json``, if there is one, and return all figures."""
    result = replace(saved.result, measured=measured)
    if saved.directory is not None:
        write_file(saved.directory / MARKER, json.dumps(result.as_json(), indent=2) + "\n")
    return result


def _read_files(directory: Path) -> dict[str, bytes]:
    """Every file below ``directory``, by its path with slashes."""
    files = (p for p in directory.rglob("*") if p.is_file())
    return {p.relative_to(directory).as_posix(): p.read_bytes() for p in files}
