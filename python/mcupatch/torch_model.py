"""A network of PyTorch, quantised and compiled."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from mcupatch.errors import BadInput, ToolMissing, UnsupportedModel
from mcupatch.model_file import ModelFile
from mcupatch.options import CompileOptions
from mcupatch.pipeline import CompiledModel, compile_model
from mcupatch.quantize_onnx import quantize_onnx

if TYPE_CHECKING:
    import torch

_OPSET = 18


def from_torch(
    model: torch.nn.Module,
    calibration: Iterable[Any],
    options: CompileOptions | None = None,
    *,
    name: str | None = None,
    value_range: tuple[float, float] | None = None,
    method: str = "minmax",
) -> CompiledModel:
    """Export ``model`` through torch.export and ONNX, quantise it with onnxruntime, compile it.

    ``calibration`` are inputs ``[1, C, H, W]`` or ``[C, H, W]``, as tensors or arrays, the first of which gives the size;
    ``value_range`` and ``method`` as in ``quantize_onnx``. ``io`` "int8" in the options is what patches and streaming need.
    Raises ToolMissing without torch and onnxscript, UnsupportedModel where it cannot be exported, and what compiling
    raises.
    """
    samples = [_to_array(sample) for sample in calibration]
    if not samples:
        raise BadInput("There is nothing to calibrate with: give at least one sample.")
    data = export_onnx(model, samples[0])
    quantized = quantize_onnx(data, samples, value_range, method)
    stem = re.sub(r"\W+", "_", name or type(model).__name__).strip("_") or "network"
    return compile_model(ModelFile(stem, ".onnx", quantized), options or CompileOptions(io="int8"))


def export_onnx(model: torch.nn.Module, sample: np.ndarray[Any, Any]) -> bytes:
    """The float ONNX file of ``model`` for inputs like ``sample``, in evaluation mode.

    Raises ToolMissing, or UnsupportedModel where torch cannot export the model.
    """
    try:
        import onnxscript  # noqa: F401  the exporter's own need
        import torch
    except ImportError as error:
        raise ToolMissing(
            f"A model of PyTorch needs the package {error.name}; install it with: pip install 'mcupatch[torch]'"
        ) from error
    training = model.training
    model.eval()
    try:
        program = torch.onnx.export(
            model,
            (torch.from_numpy(sample),),
            dynamo=True,
            opset_version=_OPSET,
            input_names=["input"],
            output_names=["output"],
            verbose=False,
        )
        assert program is not None
        stream = io.BytesIO()
        program.save(stream)
        return stream.getvalue()
    except Exception as error:  # the exporter raises whatever the model's own code raises
        reason = " ".join(str(error).split())[:300]
        raise UnsupportedModel(f"torch cannot export {type(model).__name__}: {reason}") from error
    finally:
        model.train(training)


def _to_array(sample: Any) -> np.ndarray[Any, Any]:
    """One input as float32 with a batch of 1. Raises BadInput for another shape."""
    values = sample.detach().cpu().numpy() if hasattr(sample, "detach") else np.asarray(sample)
    if values.ndim == 3:
        values = values[None]
    if values.ndim < 2 or values.shape[0] != 1:
        raise BadInput(
            f"A sample is [1, C, H, W] or [C, H, W], not {list(values.shape)}: give them one by one."
        )
    return np.ascontiguousarray(values, np.float32)
