"""Small graphs for tests that care about shapes alone: every weight is zero."""

from __future__ import annotations

from typing import Any

import numpy as np

from mcupatch.ir import ops
from mcupatch.ir.graph import Graph
from mcupatch.ir.quant import QuantParams, Rounding, make_requant
from mcupatch.ir.tensor import Tensor

QUANT = QuantParams(0.5, 0)
REQUANT = make_requant(Rounding.FIXED, np.array([0.5]))
WHOLE = ops.Clamp()


class GraphBuilder:
    """Adds one operator a call; every method takes tensor names and returns the name of its output.

    >>> b = GraphBuilder()
    >>> x = b.conv(b.input(8, 8, 3), 4, kernel=3, pad=1)
    >>> graph = b.build(x)
    """

    def __init__(self, name: str = "net") -> None:
        self.name = name
        self._inputs: list[str] = []
        self._ops: list[ops.Operator] = []
        self._tensors: dict[str, Tensor] = {}
        self._constants: dict[str, np.ndarray] = {}

    def input(self, height: int, width: int, channels: int, dtype: str = "int8") -> str:
        name = f"in{len(self._inputs)}"
        self._inputs.append(name)
        return self._tensor(name, (1, height, width, channels), dtype)

    def constant(self, *shape: int) -> str:
        name = f"const{len(self._constants)}"
        self._constants[name] = np.zeros(shape, np.int8)
        return self._tensor(name, shape, "int8")

    def _tensor(self, name: str, shape: tuple[int, ...], dtype: str) -> str:
        self._tensors[name] = Tensor(name, shape, dtype, QUANT if dtype == "int8" else None)
        return name

    def shape(self, name: str) -> tuple[int, ...]:
        return self._tensors[name].shape

    def _emit(
        self,
        kind: type[ops.Operator],
        inputs: tuple[str, ...],
        shape: tuple[int, ...],
        name: str | None,
        dtype: str = "int8",
        **fields: Any,
    ) -> str:
        op_name = name or f"op{len(self._ops)}_{kind.kind}"
        out = self._tensor(f"{op_name}.out", shape, dtype)
        self._ops.append(kind(name=op_name, inputs=inputs, output=out, **fields))
        return out

    def _window_shape(
        self,
        x: str,
        kernel: tuple[int, int],
        stride: tuple[int, int],
        dilation: tuple[int, int],
        pad: ops.Padding,
    ) -> tuple[int, int]:
        _, height, width, _ = self.shape(x)
        rows = (height + pad.top + pad.bottom - (kernel[0] - 1) * dilation[0] - 1) // stride[0] + 1
        cols = (width + pad.left + pad.right - (kernel[1] - 1) * dilation[1] - 1) // stride[1] + 1
        return rows, cols

    def conv(
        self,
        x: str,
        channels: int,
        kernel: Any = 1,
        stride: Any = 1,
        pad: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        name: str | None = None,
    ) -> str:
        k, s, d, p = _pair(kernel), _pair(stride), _pair(dilation), _padding(pad)
        weights = np.zeros((channels, *k, self.shape(x)[3] // groups), np.int8)
        return self._emit(
            ops.Conv2D,
            (x,),
            (1, *self._window_shape(x, k, s, d, p), channels),
            name,
            weights=weights,
            bias=np.zeros(channels, np.int32),
            requant=REQUANT,
            stride=s,
            dilation=d,
            padding=p,
            groups=groups,
            input_zero_point=0,
            weight_zero_point=0,
            output_zero_point=0,
            clamp=WHOLE,
        )

    def depthwise(
        self,
        x: str,
        kernel: Any = 3,
        stride: Any = 1,
        pad: Any = 1,
        dilation: Any = 1,
        multiplier: int = 1,
        name: str | None = None,
    ) -> str:
        k, s, d, p = _pair(kernel), _pair(stride), _pair(dilation), _padding(pad)
        channels = self.shape(x)[3] * multiplier
        return self._emit(
            ops.DepthwiseConv2D,
            (x,),
            (1, *self._window_shape(x, k, s, d, p), channels),
            name,
            weights=np.zeros((*k, channels), np.int8),
            bias=np.zeros(channels, np.int32),
            requant=REQUANT,
            stride=s,
            dilation=d,
            padding=p,
            multiplier=multiplier,
            input_zero_point=0,
            weight_zero_point=0,
            output_zero_point=0,
            clamp=WHOLE,
        )

    def max_pool(
        self,
        x: str,
        kernel: Any = 2,
        stride: Any = 2,
        pad: Any = 0,
        dilation: Any = 1,
        name: str | None = None,
    ) -> str:
        k, s, d, p = _pair(kernel), _pair(stride), _pair(dilation), _padding(pad)
        return self._emit(
            ops.MaxPool2D,
            (x,),
            (1, *self._window_shape(x, k, s, d, p), self.shape(x)[3]),
            name,
            kernel=k,
            stride=s,
            dilation=d,
            padding=p,
            clamp=WHOLE,
        )

    def avg_pool(
        self, x: str, kernel: Any = 2, stride: Any = 2, pad: Any = 0, name: str | None = None
    ) -> str:
        k, s, p = _pair(kernel), _pair(stride), _padding(pad)
        return self._emit(
            ops.AvgPool2D,
            (x,),
            (1, *self._window_shape(x, k, s, (1, 1), p), self.shape(x)[3]),
            name,
            kernel=k,
            stride=s,
            padding=p,
            rounding_up=False,
            count_include_pad=False,
            requant=None,
            input_zero_point=0,
            output_zero_point=0,
            clamp=WHOLE,
        )

    def add(self, a: str, b: str, name: str | None = None) -> str:
        shape = tuple(int(n) for n in np.broadcast_shapes(self.shape(a), self.shape(b)))
        return self._emit(
            ops.Add,
            (a, b),
            shape,
            name,
            input_requant=make_requant(Rounding.FIXED, np.array([0.5, 0.5])),
            output_requant=REQUANT,
            left_shift=20,
            input_zero_points=(0, 0),
            output_zero_point=0,
            clamp=WHOLE,
        )

    def mul(self, a: str, b: str, name: str | None = None) -> str:
        shape = tuple(int(n) for n in np.broadcast_shapes(self.shape(a), self.shape(b)))
        return self._emit(
            ops.Mul,
            (a, b),
            shape,
            name,
            requant=REQUANT,
            input_zero_points=(0, 0),
            output_zero_point=0,
            clamp=WHOLE,
        )

    def pad(self, x: str, pad: Any = 1, name: str | None = None) -> str:
        p = _padding(pad)
        return self._emit(
            ops.Pad,
            (x,),
            (1, *self._window_shape(x, (1, 1), (1, 1), (1, 1), p), self.shape(x)[3]),
            name,
            padding=p,
            value=0,
        )

    def mean(self, x: str, keep: bool = False, name: str | None = None) -> str:
        channels = self.shape(x)[3]
        return self._emit(
            ops.Mean,
            (x,),
            (1, 1, 1, channels) if keep else (1, channels),
            name,
            axes=(1, 2),
            requant=REQUANT,
            input_zero_point=0,
            output_zero_point=0,
            clamp=WHOLE,
        )

    def dense(self, x: str, outputs: int, name: str | None = None) -> str:
        inputs = self.shape(x)[-1]
        return self._emit(
            ops.Dense,
            (x,),
            (*self.shape(x)[:-1], outputs),
            name,
            weights=np.zeros((outputs, inputs), np.int8),
            bias=np.zeros(outputs, np.int32),
            requant=REQUANT,
            input_zero_point=0,
            weight_zero_point=0,
            output_zero_point=0,
            clamp=WHOLE,
        )

    def concat(self, *inputs: str, axis: int = 3, name: str | None = None) -> str:
        shape = list(self.shape(inputs[0]))
        shape[axis] = sum(self.shape(x)[axis] for x in inputs)
        return self._emit(
            ops.Concat, inputs, tuple(shape), name, axis=axis, tables=np.zeros((0, 256), np.int8)
        )

    def lut(self, x: str, name: str | None = None) -> str:
        return self._emit(ops.Lut, (x,), self.shape(x), name, table=np.zeros(256, np.int8))

    def resize(self, x: str, height: int, width: int, name: str | None = None) -> str:
        _, rows, cols, channels = self.shape(x)
        return self._emit(
            ops.ResizeNearest,
            (x,),
            (1, height, width, channels),
            name,
            row_index=(np.arange(height) * rows // height).astype(np.int32),
            col_index=(np.arange(width) * cols // width).astype(np.int32),
        )

    def reshape(self, x: str, *shape: int, name: str | None = None) -> str:
        return self._emit(ops.Reshape, (x,), shape, name)

    def softmax(self, x: str, name: str | None = None) -> str:
        return self._emit(
            ops.Softmax,
            (x,),
            self.shape(x),
            name,
            table=np.zeros(256, np.float32),
            output_scale=1 / 256,
            output_zero_point=-128,
        )

    def transpose(self, x: str, *permutation: int, name: str | None = None) -> str:
        shape = tuple(self.shape(x)[i] for i in permutation)
        return self._emit(ops.Transpose, (x,), shape, name, permutation=permutation)

    def quantize(self, x: str, name: str | None = None) -> str:
        return self._emit(ops.Quantize, (x,), self.shape(x), name, scale=0.5, zero_point=0, half_even=False)

    def dequantize(self, x: str, name: str | None = None) -> str:
        return self._emit(ops.Dequantize, (x,), self.shape(x), name, dtype="float32", scale=0.5, zero_point=0)

    def build(self, *outputs: str) -> Graph:
        return Graph(
            self.name,
            tuple(self._inputs),
            outputs,
            tuple(self._ops),
            dict(self._tensors),
            dict(self._constants),
        )


def _pair(value: Any) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else (int(value[0]), int(value[1]))


def _padding(value: Any) -> ops.Padding:
    """One number for all sides, or (top, left, bottom, right)."""
    if isinstance(value, ops.Padding):
        return value
    return ops.Padding(value, value, value, value) if isinstance(value, int) else ops.Padding(*value)
