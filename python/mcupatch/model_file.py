"""Where a model comes from: a file, a network of the zoo, or a definition of one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from mcupatch.files import read_user_file

ZOO_PREFIX = "zoo:"
DEFINITION_SUFFIX = ".json"


@dataclass(frozen=True)
class ModelFile:
    """The bytes of a model. ``name`` is the file's stem, ``suffix`` its ending in lower case with the dot."""

    name: str
    suffix: str
    data: bytes

    @property
    def file_name(self) -> str:
        return self.name + self.suffix

    @property
    def digest(self) -> str:
        """``sha256:`` and 64 hexadecimal digits."""
        return f"sha256:{hashlib.sha256(self.data).hexdigest()}"


def load_model_file(source: str | Path) -> ModelFile:
    """Read a file, or build the network that ``zoo:NAME``, ``zoo:NAME@PIXELS`` or the definition in a .json file names.

    Raises BadInput if there is no such file or network.
    """
    text = str(source)
    if text.startswith(ZOO_PREFIX):
        from mcupatch.zoo.models import zoo_model_bytes

        data, stem = zoo_model_bytes(text.removeprefix(ZOO_PREFIX))
        return ModelFile(stem, ".tflite", data)
    path = Path(text)
    if path.suffix.lower() == DEFINITION_SUFFIX:
        from mcupatch.zoo.models import load_network
        from mcupatch.zoo.write_tflite import build_tflite

        network = load_network(text)
        return ModelFile(network.file_stem, ".tflite", build_tflite(network))
    return ModelFile(path.stem, path.suffix.lower(), read_user_file(path, "the model"))
