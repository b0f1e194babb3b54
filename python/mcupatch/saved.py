"""A compiled model as a directory, and back: what lies between ``mcupatch compile`` and ``mcupatch run``.

DIR/mcupatch.json    schedule and figures, with the measured ones after a run
DIR/build.json       how it was compiled, where inputs (null: streamed) and outputs lie, digests of the other files
DIR/firmware.elf     for the board
DIR/src, include     the network's C and the kernels, ready for any C11 compiler
DIR/model.tar        the archive in the Model Library Format
DIR/model.tflite     (or .onnx) a copy of the model, for the reference
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, replace
from pathlib import Path
from typing import Any

from mcupatch import __version__
from mcupatch.describe import describe_model
from mcupatch.emit.csources import CSources, Port, WorkspacePool
from mcupatch.errors import BadInput
from mcupatch.files import read_user_file
from mcupatch.firmware.bare_metal import load_firmware
from mcupatch.importer.raw_rows import RawScaling
from mcupatch.ir.graph import Graph
from mcupatch.kernel_sources import read_kernel_sources
from mcupatch.model_file import ModelFile
from mcupatch.outputs import MARKER, replace_directory, write_file
from mcupatch.pipeline import BuiltModel, CompiledModel, input_scaling, read_graph
from mcupatch.result import MeasuredFacts, Result, parse_result
from mcupatch.row_formats import RowSource
from mcupatch.target.board import load_board

BUILD_FILE = "build.json"
FIRMWARE_FILE = "firmware.elf"
ARCHIVE_FILE = "model.tar"


@dataclass(frozen=True, eq=False)
class SavedModel(BuiltModel):
    """A compiled model read back from its directory."""

    directory: Path
    result: Result


def save_compiled(compiled: CompiledModel, directory: Path, measured: MeasuredFacts | None = None) -> Result:
    """Write ``compiled`` to ``directory``, whole or not at all, with the figures of a run if there was one.

    Returns all figures. Raises BadInput if the directory cannot be written.
    """
    result = replace(describe_model(compiled), measured=measured)
    with replace_directory(directory) as draft:
        kernels = read_kernel_sources(compiled.sources.has_row_formats)
        _write_texts(draft / "src", compiled.sources.sources | kernels.sources)
        _write_texts(draft / "include", compiled.sources.headers | kernels.headers)
        shutil.copyfile(compiled.firmware.path, draft / FIRMWARE_FILE)
        (draft / ARCHIVE_FILE).write_bytes(compiled.archive)
        (draft / _model_file(compiled)).write_bytes(compiled.source.data)
        facts = _build_facts(compiled)
        facts["digests"] = {**_digest_files(draft), BUILD_FILE: digest_facts(facts)}
        (draft / BUILD_FILE).write_text(json.dumps(facts, indent=2) + "\n")
        (draft / MARKER).write_text(json.dumps(result.as_json(), indent=2) + "\n")
    return result


def _write_texts(folder: Path, texts: Mapping[str, str]) -> None:
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def load_compiled(directory: Path) -> SavedModel:
    """Read back what ``save_compiled`` wrote. Raises BadInput if the directory is something else, or damaged."""
    if not (directory / MARKER).is_file() or not (directory / BUILD_FILE).is_file():
        raise BadInput(
            f"{str(directory)!r} is no compiled model (it holds no {MARKER}); "
            "give the directory that 'mcupatch compile' wrote"
        )
    try:
        result = parse_result(json.loads((directory / MARKER).read_text()))
        facts = json.loads((directory / BUILD_FILE).read_text())
        digests = facts["digests"]
        if digests[BUILD_FILE] != digest_facts(facts):
            raise ValueError(f"{BUILD_FILE} was changed")
        name = Path(facts["model_file"])
        model = ModelFile(name.stem, name.suffix, _read_unchanged(directory, name.as_posix(), digests))
        _read_unchanged(directory, FIRMWARE_FILE, digests)
        scaling = RawScaling(*facts["input_scaling"]) if facts["input_scaling"] else None
        graph = read_graph(model, facts["io"], facts["stream_input"], scaling)
        pools = _parse_pools(facts["pools"], result)
        streamed = [port.name for port in result.model.input if port.streamed]
        sources = CSources(
            facts["c_name"],
            {n: _read_unchanged(directory, f"src/{n}", digests).decode() for n in facts["sources"]},
            {n: _read_unchanged(directory, f"include/{n}", digests).decode() for n in facts["headers"]},
            _parse_ports(facts["inputs"], graph, graph.inputs, pools, streamed),
            _parse_ports(facts["outputs"], graph, graph.outputs, pools),
            pools,
            result.flash.weights_bytes,
            {op.name: tuple(map(str, facts["operators"][op.name])) for op in graph.ops},
        )
        firmware = load_firmware(
            directory / FIRMWARE_FILE,
            load_board(facts["board"], facts["sram_bytes"], facts["flash_bytes"]),
            sources,
        )
    except (OSError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise BadInput(f"{str(directory)!r} is damaged ({error}); compile the model again") from error
    return SavedModel(graph, sources, firmware, directory, result)


def update_figures(saved: SavedModel, measured: MeasuredFacts) -> Result:
    """Put the figures of a run into the directory's ``mcupatch.json``, and return all figures."""
    result = replace(saved.result, measured=measured)
    write_file(saved.directory / MARKER, json.dumps(result.as_json(), indent=2) + "\n")
    return result


def _model_file(compiled: CompiledModel) -> str:
    return f"model{compiled.source.suffix if compiled.source.suffix in ('.tflite', '.onnx') else '.bin'}"


def _build_facts(compiled: CompiledModel) -> dict[str, Any]:
    options, sources = compiled.options, compiled.sources
    return {
        "mcupatch": __version__,
        "board": options.board,
        "sram_bytes": options.sram_bytes,
        "flash_bytes": options.flash_bytes,
        "io": options.io,
        "stream_input": options.stream_input,
        "input_scaling": astuple(scaling) if (scaling := input_scaling(options)) else None,
        "toolchain": options.toolchain,
        "model_file": _model_file(compiled),
        "c_name": sources.name,
        "sources": sorted(sources.sources),
        "headers": sorted(sources.headers),
        "operators": sources.operators,
        "pools": [asdict(pool) for pool in sources.pools],
        "inputs": [asdict(port) for port in sources.inputs],
        "outputs": [asdict(port) for port in sources.outputs],
    }


def _parse_pools(values: list[dict[str, Any]], result: Result) -> tuple[WorkspacePool, ...]:
    """Raises ValueError where these are not the memories of the figures' arena."""
    pools = tuple(WorkspacePool(**value) for value in values)
    if [p.nbytes for p in pools] != [p.bytes for p in result.memory.pools]:
        raise ValueError("other memories than those of the arena")
    if sum(p.nbytes for p in pools) != result.memory.arena_bytes:
        raise ValueError(f"an arena of {result.memory.arena_bytes} bytes")
    return pools


def _parse_ports(
    values: list[dict[str, Any]],
    graph: Graph,
    names: tuple[str, ...],
    pools: tuple[WorkspacePool, ...],
    streamed: Sequence[str] = (),
) -> tuple[Port, ...]:
    """Raises ValueError where these are not the places of the tensors ``names`` in ``pools``.

    A streamed input has none.
    """
    rooms = {pool.c_name: pool.nbytes for pool in pools}
    ports = []
    for value, name in zip(values, names):
        tensor, place = graph.tensors[name], value["offset"]
        offset = None if place is None and name in streamed else int(place)
        fits = offset is None or 0 <= offset <= rooms[value["pool"]] - tensor.nbytes
        if value["tensor"]["name"] != name or not fits:
            raise ValueError(f"no place for {name!r} in the arena")
        ports.append(Port(str(value["c_name"]), tensor, offset, value["pool"], RowSource(**value["source"])))
    if len(values) != len(names):
        raise ValueError(f"{len(values)} places in the arena for {len(names)} tensors")
    return tuple(ports)


def digest_facts(facts: Mapping[str, Any]) -> str:
    """SHA-256 of what ``build.json`` says beside the digests."""
    told = {key: value for key, value in facts.items() if key != "digests"}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _digest_files(directory: Path) -> dict[str, str]:
    """SHA-256 of every file below ``directory``, by its path with slashes."""
    files = sorted(p for p in directory.rglob("*") if p.is_file())
    return {p.relative_to(directory).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def _read_unchanged(directory: Path, name: str, digests: dict[str, str]) -> bytes:
    """A file that ``save_compiled`` wrote. Raises ValueError if it has been changed since: figures would be wrong."""
    try:
        data = read_user_file(directory / name, "its file")
    except BadInput as error:
        raise ValueError(str(error)) from error
    if hashlib.sha256(data).hexdigest() != digests[name]:
        raise ValueError(f"{name} was changed")
    return data
