"""The int8 operators: the whole vocabulary of a program, each a frozen dataclass.

Fields that hold NumPy arrays are constants of the operator (weights, biases, tables); every other field is
a plain value. ``inputs`` and ``output`` are tensor names. Spatial operators see their tensors as
``[H, W, C]`` (``Tensor.hwc``). The exact arithmetic of every operator is ``ir/reference.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from mcupatch.ir.quant import INT8_MAX, INT8_MIN, Requant, Rounding

Int8Array = NDArray[np.int8]
Int32Array = NDArray[np.int32]

MAX_TRANSPOSE_RANK = 6  # the kernel counts that many axes
MAX_FIXED_SOFTMAX_CHANNELS = (1 << 13) - 1  # beyond, the sum of LiteRT's exponentials, Q12.19, leaves 32 bits


@dataclass(frozen=True)
class Padding:
    """Positions added around H and W, at each border; they hold the zero point."""

    top: int = 0
    left: int = 0
    bottom: int = 0
    right: int = 0

    def __post_init__(self) -> None:
        if min(self.top, self.left, self.bottom, self.right) < 0:
            raise ValueError(f"padding must not be negative: {self}")


@dataclass(frozen=True)
class Clamp:
    """The range of the stored int8 value: a fused relu, relu6 or clip, or the whole type."""

    low: int = INT8_MIN
    high: int = INT8_MAX

    def __post_init__(self) -> None:
        if not INT8_MIN <= self.low <= self.high <= INT8_MAX:
            raise ValueError(f"clamp [{self.low}, {self.high}] is not a range of int8")


@dataclass(frozen=True, eq=False)
class Operator:
    """``name`` is unique in the graph; ``inputs`` are activations (or constants of the graph) in order."""

    kind: ClassVar[str] = ""
    name: str
    inputs: tuple[str, ...]
    output: str


@dataclass(frozen=True, eq=False)
class Conv2D(Operator):
    """``out = clamp(requant(bias + sum (x - input_zero_point) * (w - weight_zero_point)) + output_zero_point)``.

    ``weights`` int8 ``[O, KH, KW, I / groups]``, ``bias`` int32 ``[O]``. ``requant`` has 1 or O entries.
    A tap outside the input tensor contributes nothing.
    """

    kind: ClassVar[str] = "conv2d"
    weights: Int8Array
    bias: Int32Array
    requant: Requant
    stride: tuple[int, int]
    dilation: tuple[int, int]
    padding: Padding
    groups: int
    input_zero_point: int
    weight_zero_point: int
    output_zero_point: int
    clamp: Clamp

    @property
    def kernel(self) -> tuple[int, int]:
        return int(self.weights.shape[1]), int(self.weights.shape[2])


@dataclass(frozen=True, eq=False)
class DepthwiseConv2D(Operator):
    """Output channel ``c * multiplier + m`` reads input channel ``c`` only; ``weights`` int8 ``[KH, KW, C * multiplier]``.

    ``bias`` int32 ``[C * multiplier]``; the arithmetic is that of ``Conv2D``.
    """

    kind: ClassVar[str] = "depthwise_conv2d"
    weights: Int8Array
    bias: Int32Array
    requant: Requant
    stride: tuple[int, int]
    dilation: tuple[int, int]
    padding: Padding
    multiplier: int
    input_zero_point: int
    weight_zero_point: int
    output_zero_point: int
    clamp: Clamp

    @property
    def kernel(self) -> tuple[int, int]:
        return int(self.weights.shape[0]), int(self.weights.shape[1])


@dataclass(frozen=True, eq=False)
class Dense(Operator):
    """Rows of ``weights.shape[1]`` inputs times ``weights`` int8 ``[O, I]``; arithmetic of ``Conv2D``.

    The input is read as ``[elements / I, I]`` and the output is ``[elements / I, O]``, in storage order.
    For LiteRT ``requant`` is ``double``: this layer's reference kernel scales in float64.
    """

    kind: ClassVar[str] = "dense"
    weights: Int8Array
    bias: Int32Array
    requant: Requant
    input_zero_point: int
    weight_zero_point: int
    output_zero_point: int
    clamp: Clamp


@dataclass(frozen=True, eq=False)
class Add(Operator):
    """Sum of two tensors, each broadcast to the output's shape side by side (a side of 1 repeats).

    ``fixed`` (LiteRT): each ``(x - zero_point) << left_shift`` is scaled by its own entry of
    ``input_requant`` (2 entries), the sum by ``output_requant`` (1 entry).
    ``float``: ``input_requant`` holds the ratios scale_a / scale_out and scale_b / scale_out, float32, and
    ``output_requant`` is [1.0] and unused:
    ``round_half_even(fma(a - za, ratio_a, fma(b - zb, ratio_b, offset))) + output_zero_point``, where ``fma``
    rounds once to float32. ``offset`` lets onnxruntime's zero-point arithmetic, which is done in float32, be
    followed exactly; 0.0 is the plain sum.
    """

    kind: ClassVar[str] = "add"
    input_requant: Requant
    output_requant: Requant
    left_shift: int
    input_zero_points: tuple[int, int]
    output_zero_point: int
    clamp: Clamp
    offset: float = 0.0


@dataclass(frozen=True, eq=False)
class Mul(Operator):
    """Product of two tensors, broadcast as in ``Add``: ``requant((a - za) * (b - zb)) + output_zero_point``.

    ``float``: ``round_half_even(product * scale + offset) + output_zero_point``, each step in float32.
    """

    kind: ClassVar[str] = "mul"
    requant: Requant
    input_zero_points: tuple[int, int]
    output_zero_point: int
    clamp: Clamp
    offset: float = 0.0


@dataclass(frozen=True, eq=False)
class AvgPool2D(Operator):
    """Mean of the window's positions inside the tensor.

    ``rounding_up`` False: ``(sum +- n/2) / n``, half away from zero, on the stored int8 values (LiteRT int8).
    ``rounding_up`` True: half up on the stored values (LiteRT's legacy uint8).
    If ``requant`` is given it is float with two entries, scale_in and scale_out, and the value is what onnxruntime
    computes, each step in float32: the sum over the window, row by row, of ``(x - input_zero_point) * scale_in``,
    divided by the count, divided by scale_out, plus ``offset``, rounded half to even, plus ``output_zero_point``.
    ``count_include_pad`` divides by the whole kernel.
    """

    kind: ClassVar[str] = "avg_pool2d"
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: Padding
    rounding_up: bool
    count_include_pad: bool
    requant: Requant | None
    input_zero_point: int
    output_zero_point: int
    clamp: Clamp
    offset: float = 0.0


@dataclass(frozen=True, eq=False)
class MaxPool2D(Operator):
    """Largest stored value of the window's positions inside the tensor."""

    kind: ClassVar[str] = "max_pool2d"
    kernel: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]
    padding: Padding
    clamp: Clamp


@dataclass(frozen=True, eq=False)
class Mean(Operator):
    """Mean over ``axes`` (sorted, consecutive, of the input's full shape): global pooling and MEAN.

    ``clamp(requant(sum(x - input_zero_point)) + output_zero_point)``: the division by the count is part of
    ``requant``, which has one entry. ``fixed``: its multiplier may be as small as 2**29.
    """

    kind: ClassVar[str] = "mean"
    axes: tuple[int, ...]
    requant: Requant
    input_zero_point: int
    output_zero_point: int
    clamp: Clamp


@dataclass(frozen=True, eq=False)
class Pad(Operator):
    """Constant padding of H and W that could not be folded into the operator after it."""

    kind: ClassVar[str] = "pad"
    padding: Padding
    value: int


@dataclass(frozen=True, eq=False)
class Concat(Operator):
    """Inputs side by side along ``axis`` of the full shape.

    ``tables`` int8 ``[inputs, 256]`` requantises each input (row i, indexed by ``x + 128``); shape
    ``[0, 256]`` when every input already has the output's scale.
    """

    kind: ClassVar[str] = "concat"
    axis: int
    tables: Int8Array


@dataclass(frozen=True, eq=False)
class ResizeNearest(Operator):
    """Each output position copies one input position: ``row_index`` int32 ``[OH]``, ``col_index`` int32 ``[OW]``."""

    kind: ClassVar[str] = "resize_nearest"
    row_index: Int32Array
    col_index: Int32Array


@dataclass(frozen=True, eq=False)
class ResizeBilinear(Operator):
    """Weighted mean of four neighbours.

    Per output row: ``row_index`` int32 ``[OH, 2]`` (upper, lower) and ``row_weight`` ``[OH, 2]`` their weights;
    columns alike. ``fixed``: weights int32 in 1/1024, rounded as LiteRT's integer kernel.
    ``float``: weights float32; each corner is ``(x - zero_points[0]) * scales[0]``, times the product of its two
    weights; the four are added upper left, upper right, lower left, lower right, the sum divided by ``scales[1]``,
    rounded half to even, plus ``zero_points[1]``.
    """

    kind: ClassVar[str] = "resize_bilinear"
    row_index: Int32Array
    row_weight: NDArray[np.generic]
    col_index: Int32Array
    col_weight: NDArray[np.generic]
    scales: tuple[float, float] = (1.0, 1.0)
    zero_points: tuple[int, int] = (0, 0)


@dataclass(frozen=True, eq=False)
class Lut(Operator):
    """Any function of one stored byte: ``table`` int8 ``[256]``, indexed by the input's raw byte (0..255).

    Hard-swish, sigmoid, a relu of its own, requantisation, int8 to uint8 and back. The table holds raw bytes,
    so an int8 value v is at index ``v & 255``; a uint8 output's byte is stored as the int8 of the same bits.
    """

    kind: ClassVar[str] = "lut"
    table: Int8Array


@dataclass(frozen=True, eq=False)
class Softmax(Operator):
    """Softmax over the last axis, from a table: entry ``255 - d`` is for a stored value d below its row's largest.

    ``fixed`` (LiteRT): ``table`` int32 ``[256]``, ``exp(-d * input_scale * beta)`` in Q0.31, 0 where the reference
    skips the element. The output is always in 1/256 with zero point -128; the sum (of at most
    ``MAX_FIXED_SOFTMAX_CHANNELS``), its reciprocal and the product are integers, as ``ir/reference_softmax.py`` states.
    ``float`` (onnxruntime): ``table`` float32 ``[256]``, proportional to that exponential, summed in order in
    float32; ``e * output_scale / sum`` rounded half to even, plus ``output_zero_point``, where ``output_scale``
    is the whole number ``floor(1 / scale)``.
    """

    kind: ClassVar[str] = "softmax"
    table: NDArray[np.generic]
    output_scale: float
    output_zero_point: int
    rounding: Rounding = Rounding.FIXED


@dataclass(frozen=True, eq=False)
class Reshape(Operator):
    """The same bytes under another shape."""

    kind: ClassVar[str] = "reshape"


@dataclass(frozen=True, eq=False)
class Transpose(Operator):
    """Axes of the full shape in a new order: output side i is input side ``permutation[i]``.

    At most ``MAX_TRANSPOSE_RANK`` axes.
    """

    kind: ClassVar[str] = "transpose"
    permutation: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Quantize(Operator):
    """float32 to int8: ``clamp(round(x / scale) + zero_point)``.

    ``half_even`` False rounds half away from zero (LiteRT), True half to even (onnxruntime).
    """

    kind: ClassVar[str] = "quantize"
    scale: float
    zero_point: int
    half_even: bool


@dataclass(frozen=True, eq=False)
class Dequantize(Operator):
    """int8 to float32: ``(q - zero_point) * scale`` in float32."""

    kind: ClassVar[str] = "dequantize"
    scale: float
    zero_point: int


OPERATOR_TYPES: tuple[type[Operator], ...] = (
    Conv2D,
    DepthwiseConv2D,
    Dense,
    Add,
    Mul,
    AvgPool2D,
    MaxPool2D,
    Mean,
    Pad,
    Concat,
    ResizeNearest,
    ResizeBilinear,
    Lut,
    Softmax,
    Reshape,
    Transpose,
    Quantize,
    Dequantize,
)
