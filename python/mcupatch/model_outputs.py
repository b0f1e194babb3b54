"""Outputs of a run as files, and the names of classes."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mcupatch.errors import BadInput
from mcupatch.files import read_user_file
from mcupatch.outputs import write_file


def read_labels(path: Path) -> list[str]:
    """The lines of a text file, one class each. Raises BadInput if it cannot be read."""
    try:
        return read_user_file(path, "the labels").decode().splitlines()
    except UnicodeDecodeError as error:
        raise BadInput(f"cannot read the labels {str(path)!r}: {error}") from error


def save_outputs(path: Path, outputs: Mapping[str, NDArray[np.generic]]) -> None:
    """Write all outputs to one ``.npz`` file, each under its tensor's name."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:  # np.savez takes no array by the name "file"
        for name, value in outputs.items():
            with archive.open(f"{name.replace('/', '_')}.npy", "w") as entry:
                np.lib.format.write_array(entry, np.asanyarray(value), allow_pickle=False)
    write_file(path, stream.getvalue())
