"""``metadata.json`` of an archive, with the keys that microTVM wrote: version 7 of the Model Library Format.

Of ours are ``model_digest``, what ``inputs`` and ``outputs`` say beside size and dtype, and ``workspace_pools``.
"""

from __future__ import annotations

from datetime import datetime

from mcupatch.emit.csources import ARENA, CSources, Port

FORMAT_VERSION = 7  # the last version that microTVM wrote
CPU_DEVICE = 1  # DLPack's number of a CPU


def archive_metadata(sources: CSources, digest: str, exported: datetime) -> dict[str, object]:
    """All of it; ``digest`` is the model's, ``exported`` the time that is told."""
    return {
        "version": FORMAT_VERSION,
        "modules": {
            sources.name: {
                "model_name": sources.name,
                "model_digest": digest,
                "export_datetime": exported.strftime("%Y-%m-%d %H:%M:%SZ"),
                "target": ["c -keys=cpu", *(["llvm -keys=arm_cpu,cpu"] if sources.objects else [])],
                "executors": ["aot"],
                "style": "full-model",
                "memory": {
                    "functions": {
                        "main": [_main_memory(sources)],
                        "operator_functions": _stage_memory(sources),
                    }
                },
            }
        },
    }


def _main_memory(sources: CSources) -> dict[str, object]:
    """The arena holds what all functions need, and every input and output that is not streamed."""
    main: dict[str, object] = {
        "device": CPU_DEVICE,
        "workspace_size_bytes": sources.arena_bytes,
        "constants_size_bytes": sources.weights_bytes,
        "io_size_bytes": sum(p.tensor.nbytes for p in (*sources.inputs, *sources.outputs) if not p.streamed),
        "inputs": {p.c_name: _port(p) for p in sources.inputs},
        "outputs": {p.c_name: _port(p) for p in sources.outputs},
    }
    if len(sources.pools) > 1:
        main["workspace_pools"] = {pool.c_name: pool.nbytes for pool in sources.pools}
    return main


def _stage_memory(sources: CSources) -> list[dict[str, object]]:
    """The functions that the entry calls, and what each needs of the arena beside its inputs and outputs."""
    return [
        {
            "function_name": name,
            "workspace": [{"device": CPU_DEVICE, "workspace_size_bytes": nbytes}],
        }
        for name, nbytes in sources.stages.items()
    ]


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
