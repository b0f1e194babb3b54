"""What ``build.json`` says of a compilation: written with it, and read back with the files that it vouches for.

A compiled model is stored as a directory (``saved.py``) or as an archive (``packed.py``); both hold these facts.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from mcupatch import __version__
from mcupatch.emit.csources import CSources, Port, WorkspacePool
from mcupatch.importer.raw_rows import RawScaling
from mcupatch.ir.graph import Graph
from mcupatch.model_file import ModelFile
from mcupatch.packing.round_once import round_once
from mcupatch.pipeline import BuiltModel, CompiledModel, input_scaling, read_graph
from mcupatch.result import Result
from mcupatch.row_formats import RowSource
from mcupatch.target.board import BOARD_SUFFIX, Board, limit_board, load_board, parse_board, read_board_file

BUILD_FILE = "build.json"
MODEL_SUFFIXES = (".tflite", ".onnx")


@dataclass(frozen=True, eq=False)
class SavedModel(BuiltModel):
    """A compiled model read back. One from an archive has no directory, and a firmware that goes with ``workspace``."""

    directory: Path | None
    result: Result
    workspace: tempfile.TemporaryDirectory[str] | None = None


@dataclass(frozen=True)
class StoredFiles:
    """Where a stored model keeps its files: folders with a slash at the end, or nothing."""

    sources: str
    headers: str
    objects: str
    model: str


def build_facts(compiled: CompiledModel) -> dict[str, Any]:
    """All but the digests of the files, which ``sign_facts`` adds."""
    options, sources = compiled.options, compiled.sources
    return {
        "mcupatch": __version__,
        "board": Path(options.board).name,
        "board_description": read_board_file(options.board) if options.board.endswith(BOARD_SUFFIX) else None,
        "sram_bytes": options.sram_bytes,
        "flash_bytes": options.flash_bytes,
        "io": options.io,
        "stream_input": options.stream_input,
        "input_scaling": astuple(scaling) if (scaling := input_scaling(options)) else None,
        "toolchain": options.toolchain,
        "fast_rounding": options.fast_rounding,
        "model_file": stored_model_name(compiled),
        "c_name": sources.name,
        "sources": sorted(sources.sources),
        "headers": sorted(sources.headers),
        "operators": sources.operators,
        "stages": sources.stages,
        "objects": sorted(sources.objects),
        "pools": [asdict(pool) for pool in sources.pools],
        "inputs": [asdict(port) for port in sources.inputs],
        "outputs": [asdict(port) for port in sources.outputs],
    }


def stored_board(facts: Mapping[str, Any]) -> Board:
    """The board that was compiled for, by its name or by the description that came from a file."""
    name, text, sizes = (
        facts["board"],
        facts["board_description"],
        (facts["sram_bytes"], facts["flash_bytes"]),
    )
    if text is None:
        return load_board(name, *sizes)
    return limit_board(parse_board(Path(name).stem, text), *sizes)


def stored_model_name(compiled: CompiledModel) -> str:
    return f"model{compiled.source.suffix if compiled.source.suffix in MODEL_SUFFIXES else '.bin'}"


def sign_facts(facts: Mapping[str, Any], files: Mapping[str, bytes]) -> dict[str, Any]:
    """``facts`` with the digests of ``files``, the stored model's by their paths with slashes, and of themselves."""
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in sorted(files.items())}
    return {**facts, "digests": {**digests, BUILD_FILE: digest_facts(facts)}}


def parse_stored(
    facts: Mapping[str, Any], result: Result, files: StoredFiles, read: Callable[[str], bytes]
) -> tuple[Graph, CSources]:
    """The network and its C; ``read`` gives a file by its path. Raises ValueError or KeyError where one is another."""
    digests = facts["digests"]
    if digests[BUILD_FILE] != digest_facts(facts):
        raise ValueError(f"{BUILD_FILE} was changed")

    def read_unchanged(path: str) -> bytes:
        return check_unchanged(read(path), path, digests)

    name = PurePosixPath(facts["model_file"])
    model = ModelFile(name.stem, name.suffix, read_unchanged(files.model + str(name)))
    scaling = RawScaling(*facts["input_scaling"]) if facts["input_scaling"] else None
    graph = read_graph(model, facts["io"], facts["stream_input"], scaling)
    graph = round_once(graph) if facts["fast_rounding"] else graph
    pools = _parse_pools(facts["pools"], result)
    streamed = [port.name for port in result.model.input if port.streamed]
    return graph, CSources(
        facts["c_name"],
        {n: read_unchanged(files.sources + n).decode() for n in facts["sources"]},
        {n: read_unchanged(files.headers + n).decode() for n in facts["headers"]},
        _parse_ports(facts["inputs"], graph, graph.inputs, pools, streamed),
        _parse_ports(facts["outputs"], graph, graph.outputs, pools),
        pools,
        result.flash.weights_bytes,
        {op.name: tuple(map(str, facts["operators"][op.name])) for op in graph.ops},
        {str(name): int(nbytes) for name, nbytes in facts["stages"].items()},
        {n: read_unchanged(files.objects + n) for n in facts["objects"]},
    )


def check_unchanged(data: bytes, path: str, digests: Mapping[str, str]) -> bytes:
    """``data`` itself. Raises ValueError if it is not what was stored: figures would be wrong."""
    if hashlib.sha256(data).hexdigest() != digests[path]:
        raise ValueError(f"{path} was changed")
    return data


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
