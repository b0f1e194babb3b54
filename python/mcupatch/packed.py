"""A compiled model as one archive in the Model Library Format, and back: what ``tvmc compile`` writes.

Beside what the format asks for, the archive holds what a run needs, so that it can be run and compared by itself:

./mcupatch.json, ./build.json   figures and facts as in a directory (``saved.py``)
./src/NAME.relax                the tiled program
./src/model.tflite              (or .onnx) a copy of the model, for the reference
"""

from __future__ import annotations

import json
import os
import tempfile
from datetime import datetime, timezone
from pathlib import Path

from mcupatch.archive_reader import read_archive
from mcupatch.emit.archive import EPOCH, HOST, build_archive, codegen_entries
from mcupatch.emit.csources import KernelSources
from mcupatch.errors import BadInput
from mcupatch.firmware.bare_metal import build_firmware
from mcupatch.firmware.toolchain import find_toolchain
from mcupatch.kernel_sources import read_kernel_sources
from mcupatch.outputs import MARKER
from mcupatch.pipeline import CompiledModel
from mcupatch.result import Result, parse_result
from mcupatch.saved_facts import (
    BUILD_FILE,
    SavedModel,
    StoredFiles,
    build_facts,
    parse_stored,
    sign_facts,
    stored_board,
    stored_model_name,
)

_FILES = StoredFiles(sources=f"{HOST}src/", headers=f"{HOST}include/", objects=f"{HOST}lib/", model="src/")


def pack_model(compiled: CompiledModel, result: Result) -> bytes:
    """The archive of ``compiled``; ``result`` are its figures. The same model and options give the same bytes."""
    kernels = read_kernel_sources(compiled.sources.has_row_formats)
    beside = {
        f"src/{compiled.sources.name}.relax": str(compiled.module.script()).encode() + b"\n",
        f"src/{stored_model_name(compiled)}": compiled.source.data,
        MARKER: _json(result.as_json()),
    }
    facts = sign_facts(build_facts(compiled), codegen_entries(compiled.sources, kernels) | beside)
    beside[BUILD_FILE] = _json(facts)
    return build_archive(compiled.sources, kernels, compiled.source.digest, beside, read_export_time())


def load_packed(path: Path) -> SavedModel:
    """Read back what ``pack_model`` gave, and build its firmware. Raises BadInput if it is something else, or damaged."""
    entries = read_archive(path)
    if MARKER not in entries or BUILD_FILE not in entries:
        raise BadInput(f"{str(path)!r} is no archive of a model that mcupatch compiled: it holds no {MARKER}")
    try:
        result = parse_result(json.loads(entries[MARKER]))
        facts = json.loads(entries[BUILD_FILE])
        graph, sources = parse_stored(facts, result, _FILES, entries.__getitem__)
        _check_kernels(entries, read_kernel_sources(sources.has_row_formats), facts["mcupatch"])
        board = stored_board(facts)
        workspace = tempfile.TemporaryDirectory(prefix="mcupatch-")
        toolchain = str(facts["toolchain"])
        compiler = find_toolchain(toolchain, board.core)
        firmware = build_firmware(sources, board, Path(workspace.name), compiler)
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise BadInput(f"{str(path)!r} is damaged ({error}); compile the model again") from error
    return SavedModel(graph, sources, firmware, toolchain, None, result, workspace)


def _check_kernels(entries: dict[str, bytes], installed: KernelSources, version: str) -> None:
    """The firmware is linked with the kernels that are installed, so they have to be those of the archive."""
    texts = {f"{_FILES.sources}{n}": t for n, t in installed.sources.items()}
    texts |= {f"{_FILES.headers}{n}": t for n, t in installed.headers.items()}
    if any(entries.get(name) != text.encode() for name, text in texts.items()):
        raise ValueError(f"its kernels are not those of this mcupatch but of {version}")


def read_export_time() -> datetime:
    """The start of 1970, so that bytes repeat, or what ``SOURCE_DATE_EPOCH`` says. Raises BadInput."""
    text = os.environ.get("SOURCE_DATE_EPOCH", "")
    try:
        return datetime.fromtimestamp(int(text), timezone.utc) if text else EPOCH
    except (ValueError, OverflowError, OSError) as error:
        raise BadInput(f"SOURCE_DATE_EPOCH is {text!r}, not a time in whole seconds since 1970") from error


def _json(values: object) -> bytes:
    return json.dumps(values, indent=2).encode() + b"\n"
