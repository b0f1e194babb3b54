"""A float ONNX model made int8 in the form that the importer takes: QDQ, weights per channel, through onnxruntime."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from mcupatch.errors import BadInput, ToolMissing

METHODS = ("minmax", "entropy", "percentile")
_INT8_STEPS, _INT8_MIN = 255, -128
_QUANTIZED = ("QuantizeLinear", "QLinearConv", "QLinearMatMul", "ConvInteger")

Samples = Iterable[NDArray[np.float32]]
Progress = Callable[[str], None]


@dataclass(frozen=True)
class FloatInput:
    """The one input of a float model; ``shape`` has a batch of 1, -1 where the model leaves a side open."""

    name: str
    shape: tuple[int, ...]

    @property
    def picture_size(self) -> tuple[int, int, int]:
        """Height, width and channels of ``[1, C, H, W]`` or ``[1, H, W, C]``. Raises BadInput for another shape."""
        if len(self.shape) == 4:
            if self.is_channels_first and min(self.shape[2:]) > 0:
                return self.shape[2], self.shape[3], self.shape[1]
            if self.shape[3] in (1, 3) and min(self.shape[1:3]) > 0:
                return self.shape[1], self.shape[2], self.shape[3]
        raise BadInput(
            f"Input {self.name!r} of shape {list(self.shape)} takes no pictures: it is neither [1, C, H, W] nor "
            "[1, H, W, C] of fixed size with 1 or 3 channels. Calibrate from Python instead, or fix its size."
        )

    @property
    def is_channels_first(self) -> bool:
        return len(self.shape) == 4 and self.shape[1] in (1, 3)


def read_float_input(data: bytes) -> FloatInput:
    """The input of the float model ``data``. Raises BadInput if it is no such model, or has several inputs."""
    try:
        model = onnx.load_model_from_string(data)
        onnx.checker.check_model(model)
    except Exception as error:  # protobuf and the checker raise many kinds
        raise BadInput(f"This is no valid ONNX model: {' '.join(str(error).split())[:200]}") from error
    kinds = {node.op_type for node in model.graph.node}
    if kinds & set(_QUANTIZED):
        raise BadInput("This model is quantised already: give the float model, or compile this one as it is.")
    constants = {each.name for each in model.graph.initializer}
    inputs = [each for each in model.graph.input if each.name not in constants]
    if len(inputs) != 1 or inputs[0].type.tensor_type.elem_type != onnx.TensorProto.FLOAT:
        raise BadInput("A model to be quantised has one float32 input.")
    sides = [side.dim_value or -1 for side in inputs[0].type.tensor_type.shape.dim]
    if sides and sides[0] == -1:
        sides[0] = 1
    return FloatInput(inputs[0].name, tuple(sides))


def quantize_onnx(
    data: bytes,
    samples: Samples,
    value_range: tuple[float, float] | None = None,
    method: str = "minmax",
    progress: Progress = lambda step: None,
) -> bytes:
    """The model with int8 activations and weights per channel.

    ``samples`` are inputs in the model's own shape and order. ``value_range`` fixes the lowest and highest value of
    the input, so that a picture's 0 and 255 are stored as -128 and 127; without it the samples' own range counts.
    Raises BadInput for models or samples that do not suit, ToolMissing without onnxruntime.
    """
    if method not in METHODS:
        raise BadInput(f"The calibration method is one of {', '.join(METHODS)}, not {method!r}.")
    tools = _load_onnxruntime()
    source = read_float_input(data)
    options: dict[str, Any] = {"ActivationSymmetric": False, "WeightSymmetric": True}
    if value_range is not None:
        options["TensorQuantOverrides"] = {source.name: [_params_of(value_range)]}
    reader = _Reader(source, iter(samples), progress)
    with tempfile.TemporaryDirectory(prefix="mcupatch-") as folder, _quiet():
        given, prepared, target = (
            Path(folder) / f"{step}.onnx" for step in ("given", "prepared", "quantized")
        )
        given.write_bytes(data)
        progress("folding the float model")
        try:
            tools.prepare(str(given), str(prepared), skip_symbolic_shape=True)
            tools.quantize_static(
                str(prepared),
                str(target),
                reader,
                quant_format=tools.QuantFormat.QDQ,
                per_channel=True,
                activation_type=tools.QuantType.QInt8,
                weight_type=tools.QuantType.QInt8,
                calibrate_method=getattr(tools.CalibrationMethod, _METHOD_NAMES[method]),
                extra_options=options,
            )
        except BadInput:
            raise
        except Exception as error:  # onnxruntime raises whatever its parts raise
            raise BadInput(
                f"onnxruntime cannot quantise this model: {' '.join(str(error).split())[:300]}"
            ) from error
        return target.read_bytes()


_METHOD_NAMES = {"minmax": "MinMax", "entropy": "Entropy", "percentile": "Percentile"}


@dataclass(frozen=True)
class _Tools:
    quantize_static: Any
    prepare: Any
    QuantFormat: Any
    QuantType: Any
    CalibrationMethod: Any


def _load_onnxruntime() -> _Tools:
    try:
        from onnxruntime import quantization
        from onnxruntime.quantization.shape_inference import quant_pre_process
    except ImportError as error:
        raise ToolMissing(
            "Quantising needs the package onnxruntime; install it with: pip install 'mcupatch[onnx]'"
        ) from error
    return _Tools(
        quantization.quantize_static,
        quant_pre_process,
        quantization.QuantFormat,
        quantization.QuantType,
        quantization.CalibrationMethod,
    )


def _params_of(value_range: tuple[float, float]) -> dict[str, Any]:
    low, high = min(value_range[0], 0.0), max(value_range[1], 0.0)
    if not high > low:
        raise BadInput(f"The range of the input, {value_range[0]:g} to {value_range[1]:g}, is empty.")
    scale = np.float32((high - low) / _INT8_STEPS)
    zero_point = int(np.clip(np.rint(_INT8_MIN - low / float(scale)), -128, 127))
    return {"scale": np.array(scale, np.float32), "zero_point": np.array(zero_point, np.int8)}


class _Reader:
    """What onnxruntime asks for samples; it may ask for all of them at once or one by one."""

    def __init__(
        self, source: FloatInput, samples: Iterator[NDArray[np.float32]], progress: Progress
    ) -> None:
        self._source, self._samples, self._progress = source, samples, progress
        self.count = 0

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        sample = next(self._samples, None)
        if sample is None:
            if self.count == 0:
                raise BadInput("There is nothing to calibrate with: give at least one sample.")
            self._progress("quantising")
            return None
        self.count += 1
        self._progress(f"calibrating, sample {self.count}")
        return {self._source.name: self._fit(np.asarray(sample, np.float32))}

    def _fit(self, sample: NDArray[np.float32]) -> NDArray[np.float32]:
        wanted = self._source.shape
        full = sample.reshape(1, *sample.shape) if sample.ndim == len(wanted) - 1 else sample
        fits = full.ndim == len(wanted) and all(w in (-1, n) for w, n in zip(wanted, full.shape))
        if not fits:
            raise BadInput(
                f"A sample has shape {list(sample.shape)}, but input {self._source.name!r} has {list(wanted)}."
            )
        if not np.isfinite(full).all():
            raise BadInput("A sample holds a value that is not finite.")
        return full


@contextmanager
def _quiet() -> Iterator[None]:
    """onnxruntime's advice on preprocessing, which is done here, stays away."""
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.ERROR)
    try:
        yield
    finally:
        root.setLevel(before)
