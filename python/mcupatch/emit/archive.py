"""The archive of a compiled model, in the layout of TVM's Model Library Format: C, interface, metadata."""

from __future__ import annotations

import io
import json
import tarfile

from mcupatch.emit.csources import ARENA, CSources, KernelSources, Port

FORMAT_VERSION = 7  # the last version that microTVM wrote


def build_archive(sources: CSources, kernels: KernelSources, digest: str = "") -> bytes:
    """A ``.tar`` of the network's C and the kernels: ``cc -Icodegen/host/include`` builds it.

    Its bytes depend on the arguments alone: sorted entries, no times, no owners.
    """
    files = {"src": sources.sources | kernels.sources, "include": sources.headers | kernels.headers}
    entries = {
        f"codegen/host/{folder}/{name}": text.encode()
        for folder, texts in files.items()
        for name, text in texts.items()
    }
    entries["metadata.json"] = json.dumps(_metadata(sources, digest), indent=2).encode() + b"\n"
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path in ["parameters", *sorted(entries)]:
            info = tarfile.TarInfo("./" + path)
            if path in entries:
                info.size = len(entries[path])
                info.mode = 0o644
                tar.addfile(info, io.BytesIO(entries[path]))
            else:  # the weights are C arrays: the folder is there for readers of the format
                info.type, info.mode = tarfile.DIRTYPE, 0o755
                tar.addfile(info)
    return buffer.getvalue()


def _metadata(sources: CSources, digest: str) -> dict[str, object]:
    main = {
        "device": 1,
        "workspace_size_bytes": sources.arena_bytes,
        "constants_size_bytes": sources.weights_bytes,
        "io_size_bytes": sum(p.tensor.nbytes for p in (*sources.inputs, *sources.outputs) if not p.streamed),
        "inputs": {p.c_name: _port(p) for p in sources.inputs},
        "outputs": {p.c_name: _port(p) for p in sources.outputs},
    }
    if len(sources.pools) > 1:
        main["workspace_pools"] = {pool.c_name: pool.nbytes for pool in sources.pools}
    return {
        "version": FORMAT_VERSION,
        "modules": {
            sources.name: {
                "model_name": sources.name,
                "model_digest": digest,
                "target": ["c -keys=cpu"],
                "executors": ["aot"],
                "style": "full-model",
                "memory": {"functions": {"main": [main], "operator_functions": []}},
            }
        },
    }


def _port(port: Port) -> dict[str, object]:
    tensor = port.tensor
    entry: dict[str, object] = {
        "dtype": tensor.dtype,
        "shape": list(tensor.shape),
        "size": tensor.nbytes,
    }
    if port.streamed:
        entry |= {"rows": port.rows, "row_size": port.row_bytes}
        entry |= {} if port.source.is_raw else {"row_format": port.source.format}
    else:
        entry["offset"] = port.offset
        if port.pool != ARENA:
            entry["pool"] = port.pool
    if tensor.quant is not None:
        entry |= {"scale": tensor.quant.scale, "zero_point": tensor.quant.zero_point}
    return entry
