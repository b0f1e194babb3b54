"""What every converter works with: the model's tensors as int8, and the graph that grows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcupatch.importer.tflite_reader import TfliteModel, TfliteOperator, TfliteTensor
from mcupatch.importer.unique_names import UniqueNames
from mcupatch.ir import ops
from mcupatch.ir.graph import Graph
from mcupatch.ir.quant import QuantParams, Requant, Rounding, make_requant
from mcupatch.ir.tensor import Tensor

UINT8_SHIFT = 128  # a uint8 tensor is held as int8: value and zero point less 128
QUANTIZED = ("int8", "uint8")
SMALLEST_SCALE, LARGEST_SCALE = 2.0**-40, 2.0**40  # beyond lie damaged files and float32's ends


class NotSupported(Exception):
    """An operator that mcupatch does not compile, and why. Collected, then told to the user all at once."""


class Malformed(Exception):
    """An operator that contradicts itself: the file is damaged or was written wrongly."""


class Conversion:
    """The graph under construction. Converters read tensors, ``add`` operators and declare their outputs."""

    def __init__(self, model: TfliteModel, rounding: Rounding) -> None:
        self.model = model
        self.rounding = rounding
        self.ops: list[ops.Operator] = []
        self.tensors: dict[str, Tensor] = {}
        self.constants: dict[str, NDArray[np.generic]] = {}
        self._names: dict[int, str] = {}
        self._tensor_names = UniqueNames()
        self._op_names = UniqueNames()

    # --- the model's tensors

    def input(self, op: TfliteOperator, position: int) -> TfliteTensor:
        """A required input. Raises Malformed if it is absent."""
        tensor = self.optional_input(op, position)
        if tensor is None:
            raise Malformed(f"it has no input {position}")
        return tensor

    def optional_input(self, op: TfliteOperator, position: int) -> TfliteTensor | None:
        if position >= len(op.inputs) or op.inputs[position] < 0:
            return None
        return self.model.tensors[op.inputs[position]]

    def output(self, op: TfliteOperator) -> TfliteTensor:
        """The only output. Raises Malformed if there is none or another."""
        if len(op.outputs) != 1:
            raise Malformed(f"it has {len(op.outputs)} outputs")
        return self.model.tensors[op.outputs[0]]

    def require_quantized(self, *tensors: TfliteTensor) -> None:
        """All tensors are int8, or all are uint8. Raises NotSupported with what would help."""
        types = sorted({t.dtype for t in tensors})
        if len(types) == 1 and types[0] in QUANTIZED:
            return
        if "float32" in types or "float16" in types:
            raise NotSupported("works on floating point: quantise weights and activations to int8")
        raise NotSupported(f"mixes or uses the types {', '.join(types)}: quantise to int8")

    def constant(self, tensor: TfliteTensor, what: str) -> NDArray[Any]:
        """The values of a constant tensor. Raises NotSupported if they are computed at run time."""
        if tensor.data is None:
            raise NotSupported(f"has {what} that is computed at run time: make it a constant")
        return tensor.array()

    def quant(self, tensor: TfliteTensor) -> QuantParams:
        """The only scale and zero point of an activation, as of int8. Raises Malformed."""
        q = tensor.quantization
        if q is None:
            raise Malformed(f"tensor {tensor.number} has no scale")
        if len(q.scales) != 1 or len(q.zero_points) > 1:
            raise NotSupported(
                "has an activation with a scale for each channel: use one scale for the tensor"
            )
        low = 0 if tensor.dtype == "uint8" else -128
        zero = int(q.zero_points[0]) if len(q.zero_points) else 0
        if not low <= zero < low + 256:
            raise Malformed(f"tensor {tensor.number} has the zero point {zero}")
        if not SMALLEST_SCALE <= q.scales[0] <= LARGEST_SCALE:
            raise Malformed(f"tensor {tensor.number} has the scale {q.scales[0]}")
        return QuantParams(float(q.scales[0]), zero - low - UINT8_SHIFT)

    def requant(self, scales: NDArray[np.float64] | float, rounding: Rounding | None = None) -> Requant:
        """From real scales, in the model's rounding or another. Raises Malformed for one that is no number."""
        real = np.atleast_1d(np.asarray(scales, np.float64))
        if not np.all(np.isfinite(real) & (real >= 0)):
            raise Malformed("its scales do not fit together")
        return make_requant(rounding or self.rounding, real)

    # --- the graph

    def declare(self, tensor: TfliteTensor) -> str:
        """The graph's name of an activation, declared as int8 or float32 when first asked for."""
        if tensor.number not in self._names:
            wanted = tensor.name
            if tensor.dtype == "uint8" and tensor.number in (*self.model.inputs, *self.model.outputs):
                wanted = f"{tensor.name or 'tensor'}_int8"  # the end keeps the name, see external()
            self._names[tensor.number] = self._declare_as(tensor, wanted)
        return self._names[tensor.number]

    def external(self, tensor: TfliteTensor) -> str:
        """Declare a model input or output under its own name and with its own type."""
        if tensor.dtype != "uint8":
            return self.declare(tensor)
        name = self._tensor_names.take(tensor.name, f"tensor_{tensor.number}")
        self.tensors[name] = Tensor(name, tensor.shape, "uint8", self._external_quant(tensor))
        return name

    def read(self, tensor: TfliteTensor) -> str:
        """The graph's name of an operator's input; a constant is stored with the graph."""
        name = self.declare(tensor)
        if tensor.data is not None and name not in self.constants:
            self.constants[name] = self.as_int8(tensor.array())
        return name

    def read_constant(self, tensor: TfliteTensor, shape: tuple[int, ...]) -> str:
        """Store a constant under another shape of as many elements."""
        name = self._tensor_names.take(tensor.name, f"tensor_{tensor.number}")
        self.tensors[name] = Tensor(name, shape, "int8", self.quant(tensor))
        self.constants[name] = self.as_int8(tensor.array()).reshape(shape)
        return name

    def fresh(self, like: str, suffix: str, shape: tuple[int, ...]) -> str:
        """Declare a further tensor with the type and quantisation of ``like``."""
        source = self.tensors[like]
        name = self._tensor_names.take(f"{like}_{suffix}", "tensor")
        self.tensors[name] = Tensor(name, shape, source.dtype, source.quant)
        return name

    def op_name(self, op: TfliteOperator, kind: str) -> str:
        """Unique and readable: the kind and the operator's number in the file."""
        return self._op_names.take(f"{kind}_{op.index}", kind)

    def end_name(self, kind: str) -> str:
        """A name for an operator that the file does not hold."""
        return self._op_names.take(kind, kind)

    def add(self, op: ops.Operator) -> None:
        self.ops.append(op)

    def graph(self, name: str, inputs: list[str], outputs: list[str]) -> Graph:
        return Graph(name, tuple(inputs), tuple(outputs), tuple(self.ops), self.tensors, self.constants)

    @staticmethod
    def as_int8(values: NDArray[Any]) -> NDArray[np.int8]:
        """Stored bytes as the int8 tensor that stands for them."""
        if values.dtype == np.uint8:
            return (values.astype(np.int16) - UINT8_SHIFT).astype(np.int8)
        return np.array(values, np.int8)

    def _declare_as(self, tensor: TfliteTensor, wanted: str) -> str:
        if tensor.dtype not in (*QUANTIZED, "float32"):
            raise NotSupported(f"works on {tensor.dtype}: quantise to int8")
        name = self._tensor_names.take(wanted, f"tensor_{tensor.number}")
        has_quant = tensor.dtype in QUANTIZED and tensor.quantization is not None
        quant = self.quant(tensor) if has_quant else None
        dtype = "float32" if tensor.dtype == "float32" else "int8"
        self.tensors[name] = Tensor(name, tensor.shape, dtype, quant)
        return name

    def _external_quant(self, tensor: TfliteTensor) -> QuantParams | None:
        if tensor.quantization is None:
            return None
        quant = self.quant(tensor)
        return QuantParams(quant.scale, quant.zero_point + UINT8_SHIFT)


def clamp_of(activation: str, quant: QuantParams) -> ops.Clamp:
    """The int8 range of a fused activation. Raises NotSupported for one that is not a range."""
    if activation not in ACTIVATION_RANGES:
        raise NotSupported(f"has the fused activation {activation}: make it an operator of its own")
    low, high = ACTIVATION_RANGES[activation]
    return ops.Clamp(
        -128 if low is None else max(-128, quantize_bound(low, quant)),
        127 if high is None else min(127, quantize_bound(high, quant)),
    )


ACTIVATION_RANGES: dict[str, tuple[float | None, float | None]] = {
    "NONE": (None, None),
    "RELU": (0.0, None),
    "RELU6": (0.0, 6.0),
    "RELU_N1_TO_1": (-1.0, 1.0),
}


def quantize_bound(real: float, quant: QuantParams) -> int:
    """A bound as stored value, rounded as LiteRT does: float32 quotient, halves away from zero."""
    return quant.zero_point + round_half_away(np.float32(real) / np.float32(quant.scale))


def round_half_away(value: np.float32 | float) -> int:
    magnitude = int(np.floor(abs(float(value)) + 0.5))
    return -magnitude if value < 0 else magnitude
