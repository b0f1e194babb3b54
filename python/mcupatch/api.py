"""What a Python program does with a compiled model: run it, look at its figures, keep it.

result = mcupatch.compile("model.tflite", board="stm32f746", mode=mcupatch.LeastSram(0.10))
run = mcupatch.run(result)                      # on the emulated chip, beside the reference
print(mcupatch.figures(result, run)["measured"])
mcupatch.save(result, "net")                    # what `mcupatch compile -o net` writes
mcupatch.run(mcupatch.load("net"), on="host")
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from mcupatch.describe import describe_model, describe_run
from mcupatch.errors import BadInput
from mcupatch.pipeline import BACKENDS, Array, BuiltModel, ComparedRun, CompiledModel, measure_model
from mcupatch.saved import load_compiled, save_compiled
from mcupatch.saved_facts import SavedModel
from mcupatch.sent_inputs import random_sent_inputs


def run(
    model: BuiltModel, inputs: Mapping[str, Array] | None = None, *, on: str = "unicorn", seed: int = 0
) -> ComparedRun:
    """One inference on "unicorn", the emulated chip, in "qemu", or "host", the same C here; compared with the reference.

    ``inputs`` holds an array for every model input by its name; seeded random ones without it. A streamed input with
    an ``input_format`` takes the bytes of the JPEG file, or of the camera, as a 1-D array of uint8.
    Raises BadInput for inputs that do not suit, EmulationFault if the program leaves its memories, ToolMissing
    where QEMU is not installed.
    """
    if on not in BACKENDS:
        raise BadInput(f"a model runs on one of {', '.join(BACKENDS)}, not on {on!r}")
    values = random_sent_inputs(model, seed) if inputs is None else dict(inputs)
    if set(values) != set(model.graph.inputs):
        raise BadInput(
            f"the model's inputs are {list(model.graph.inputs)}, the values are for {list(values)}"
        )
    for port in model.sources.inputs:
        name, tensor = port.tensor.name, port.tensor
        array = values[name]
        if not port.source.is_raw:
            continue  # bytes of a file or a camera, which tell themselves whether they fit
        if (array.shape, array.dtype.name) != (tensor.shape, tensor.dtype):
            raise BadInput(
                f"input {name!r} is {tensor.dtype}{list(tensor.shape)}, not {array.dtype.name}{list(array.shape)}"
            )
    return measure_model(model, values, on)


def figures(model: CompiledModel, run: ComparedRun | None = None) -> dict[str, Any]:
    """The object of ``mcupatch.json`` (docs/json.md), with the measured part if a run is given."""
    return replace(describe_model(model), measured=describe_run(run) if run else None).as_json()


def save(model: CompiledModel, directory: str | Path, run: ComparedRun | None = None) -> None:
    """Write C, firmware, archive and figures to ``directory``, whole or not at all. Raises BadInput if it cannot."""
    save_compiled(model, Path(directory), describe_run(run) if run else None)


def load(path: str | Path) -> SavedModel:
    """Read back the directory that ``save`` or ``mcupatch compile`` wrote, or the archive in it.

    Raises BadInput if it is something else, or damaged.
    """
    return load_compiled(Path(path))
