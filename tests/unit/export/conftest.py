"""Compiled models to export: an image held, streamed, from a JPEG file, from a camera; one with float ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcupatch.model_file import load_model_file
from mcupatch.options import ByHand, CompileOptions
from mcupatch.pipeline import compile_model
from mcupatch.saved import save_compiled
from tests.support.odd_models import float_ends_model

OPTIONS = {
    "held": CompileOptions(mode=ByHand(ops=5, grid=(2, 2))),
    "streamed": CompileOptions(stream_input=True),
    "jpeg": CompileOptions(stream_input=True, input_format="jpeg"),
    "camera": CompileOptions(stream_input=True, input_format="yuv422"),
    "floats": CompileOptions(),
}


@pytest.fixture(scope="session")
def compiled_models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The directory of each model of ``OPTIONS``."""
    folder = tmp_path_factory.mktemp("compiled")
    (folder / "floats.tflite").write_bytes(float_ends_model())
    for name, options in OPTIONS.items():
        model = str(folder / "floats.tflite") if name == "floats" else "zoo:mbv2_w0.35_r144@32"
        save_compiled(compile_model(load_model_file(model), options), folder / name)
    return {name: folder / name for name in OPTIONS}
