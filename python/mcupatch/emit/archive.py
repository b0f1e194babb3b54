"""The archive of a compiled model, in the layout of TVM's Model Library Format (docs/tvmc.md).

./codegen/host/{src,include}   C that needs a C11 compiler and nothing else
./codegen/host/lib             the stages as an object, if TVM's LLVM made them
./metadata.json                names, sizes and places (``emit/archive_metadata.py``)
./parameters/NAME.params       no parameters: the weights are C arrays
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Mapping
from datetime import datetime, timezone

from mcupatch.emit.archive_metadata import archive_metadata
from mcupatch.emit.csources import CSources, KernelSources

HOST = "codegen/host/"
METADATA_FILE = "metadata.json"
# What tvm.runtime.save_param_dict writes for none: its magic number, a reserved word, and two counts.
NO_PARAMETERS = (0xF7E58D4F05049CB7).to_bytes(8, "little") + bytes(24)
EPOCH = datetime.fromtimestamp(0, timezone.utc)


def build_archive(
    sources: CSources,
    kernels: KernelSources,
    digest: str = "",
    beside: Mapping[str, bytes] | None = None,
    exported: datetime = EPOCH,
) -> bytes:
    """A ``.tar`` of the network's C and the kernels: ``cc -Icodegen/host/include`` builds it.

    ``beside`` are further files by their paths. The bytes depend on the arguments alone: sorted entries, no times, no
    owners.
    """
    metadata = archive_metadata(sources, digest, exported)
    entries = {
        **codegen_entries(sources, kernels),
        f"parameters/{sources.name}.params": NO_PARAMETERS,
        METADATA_FILE: json.dumps(metadata, indent=2).encode() + b"\n",
        **(beside or {}),
    }
    return _pack(entries)


def codegen_entries(sources: CSources, kernels: KernelSources) -> dict[str, bytes]:
    """Every file that a build reads, by its path in the archive."""
    objects = {f"{HOST}lib/{name}": data for name, data in sources.objects.items()}
    folders = {"src": sources.sources | kernels.sources, "include": sources.headers | kernels.headers}
    return objects | {
        f"{HOST}{folder}/{name}": text.encode()
        for folder, texts in folders.items()
        for name, text in texts.items()
    }


def _pack(entries: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path, data in sorted(entries.items()):
            info = tarfile.TarInfo("./" + path)
            info.size, info.mode = len(data), 0o644
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()
