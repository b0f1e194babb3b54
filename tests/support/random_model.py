"""Adds operators with random attributes to an int8 .tflite model, with scales that keep the values alive.

Values are followed by shape and quantisation only; nothing is computed. Every stored tensor is assumed to spread
over about ``_SPREAD`` steps, and each operator's scales are chosen so that its output does too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from tflite import BuiltinOperator

from mcupatch.zoo import tflite_options as options
from mcupatch.zoo.tflite_builder import TfliteBuilder

_SPREAD = 45.0  # standard deviation of stored values, in steps
_WEIGHT_SPREAD = 127 / np.sqrt(3)  # of uniform int8 weights


@dataclass(frozen=True)
class Value:
    """An int8 activation: tensor number, full shape, quantisation."""

    number: int
    shape: tuple[int, ...]
    scale: float
    zero_point: int

    @property
    def channels(self) -> int:
        return self.shape[-1]

    @property
    def smallest_side(self) -> int:
        return min(self.shape[1:3])


class RandomModel:
    """One model under construction; every choice comes from ``rng``."""

    def __init__(self, seed: int | list[int]) -> None:
        self.rng = np.random.default_rng(seed)
        self._builder = TfliteBuilder("random")
        self._inputs: list[int] = []
        self._count = 0

    def chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def choose(self, *values: int) -> int:
        return int(self.rng.choice(values))

    def between(self, low: int, high: int) -> int:
        """Both ends included."""
        return int(self.rng.integers(low, high + 1))

    def finish(self, *outputs: Value) -> bytes:
        return self._builder.finish(self._inputs, [value.number for value in outputs])

    def add_input(self, shape: tuple[int, ...]) -> Value:
        value = self._make_value("input", shape, *self._random_quant())
        self._inputs.append(value.number)
        return value

    def conv(self, x: Value, out_channels: int, kernel: tuple[int, int], **window: object) -> Value:
        """CONV_2D; ``window`` as in ``_windowed``."""
        groups = 2 if x.channels % 2 == 0 and out_channels % 2 == 0 and self.chance(0.1) else 1
        shape = (out_channels, *kernel, x.channels // groups)
        return self._windowed(x, BuiltinOperator.CONV_2D, shape, 0, kernel, **window)  # type: ignore[arg-type]

    def depthwise(self, x: Value, multiplier: int, kernel: tuple[int, int], **window: object) -> Value:
        """DEPTHWISE_CONV_2D; ``window`` as in ``_windowed``."""
        shape = (1, *kernel, x.channels * multiplier)
        return self._windowed(x, BuiltinOperator.DEPTHWISE_CONV_2D, shape, 3, kernel, **window)  # type: ignore[arg-type]

    def _windowed(
        self,
        x: Value,
        code: int,
        weight_shape: tuple[int, ...],
        axis: int,
        kernel: tuple[int, int],
        stride: tuple[int, int] = (1, 1),
        dilation: tuple[int, int] = (1, 1),
        padding: str = "SAME",
        quant: tuple[float, int] | None = None,
    ) -> Value:
        """A convolution of either kind; ``quant`` fixes the output's scale and zero point."""
        activation = "NONE" if quant is not None else str(self.rng.choice(["NONE", "RELU", "RELU6"]))
        shape = (1, *window_sides(x, kernel, stride, dilation, padding), weight_shape[axis])
        y = self._make_value("conv", shape, *(quant or self._random_quant(activation)))
        constants = self._weights(x, y, weight_shape, axis, activation)
        if code == BuiltinOperator.CONV_2D:
            table = options.conv2d_options(padding, stride, dilation, activation)
        else:
            table = options.depthwise_options(padding, stride, dilation, y.channels // x.channels, activation)
        self._builder.operator(code, [x.number, *constants], [y.number], table, 3)
        return y

    def dense(self, x: Value, out_channels: int) -> Value:
        """FULLY_CONNECTED over everything in ``x``."""
        activation = "RELU" if self.chance(0.1) else "NONE"
        y = self._make_value("dense", (1, out_channels), *self._random_quant(activation))
        elements = int(np.prod(x.shape))
        constants = self._weights(x, y, (out_channels, elements), None, activation)
        table = options.fully_connected_options(activation)
        self._builder.operator(BuiltinOperator.FULLY_CONNECTED, [x.number, *constants], [y.number], table, 4)
        return y

    def pool(
        self, x: Value, kernel: tuple[int, int], stride: tuple[int, int], padding: str, average: bool = False
    ) -> Value:
        """AVERAGE_POOL_2D or MAX_POOL_2D; with ``average`` the first."""
        shape = (1, *window_sides(x, kernel, stride, (1, 1), padding), x.channels)
        y = self._make_value("pool", shape, x.scale, x.zero_point)
        code = BuiltinOperator.AVERAGE_POOL_2D
        if not average:
            code = self.choose(BuiltinOperator.AVERAGE_POOL_2D, BuiltinOperator.MAX_POOL_2D)
        self._builder.operator(code, [x.number], [y.number], options.pool_options(kernel, stride, padding), 2)
        return y

    def pad(self, x: Value, top: int, left: int, bottom: int, right: int) -> Value:
        _, height, width, channels = x.shape
        y = self._make_value(
            "pad", (1, height + top + bottom, width + left + right, channels), x.scale, x.zero_point
        )
        amounts = self._constant("paddings", "int32", [[0, 0], [top, bottom], [left, right], [0, 0]])
        table = options.empty_options("PadOptions")
        self._builder.operator(BuiltinOperator.PAD, [x.number, amounts], [y.number], table, 2)
        return y

    def add(self, a: Value, b: Value) -> Value:
        activation = str(self.rng.choice(["NONE", "NONE", "RELU"]))
        scale = float(np.hypot(a.scale, b.scale) * self.rng.uniform(0.8, 1.3))
        y = self._make_value("add", a.shape, scale, self.between(-40, 40))
        self._builder.operator(
            BuiltinOperator.ADD, [a.number, b.number], [y.number], options.add_options(activation), 2
        )
        return y

    def mul(self, a: Value, b: Value) -> Value:
        """MUL; ``b`` may be ``[1, 1, 1, C]``."""
        scale = a.scale * b.scale * _SPREAD * float(self.rng.uniform(2.5, 5.0))
        y = self._make_value("mul", a.shape, scale, self.between(-40, 40))
        self._builder.operator(
            BuiltinOperator.MUL, [a.number, b.number], [y.number], options.mul_options(), 2
        )
        return y

    def concat(self, *parts: Value) -> Value:
        """CONCATENATION along channels; int8 parts must share one quantisation."""
        first = parts[0]
        shape = (*first.shape[:3], sum(part.channels for part in parts))
        y = self._make_value("concat", shape, first.scale, first.zero_point)
        numbers = [part.number for part in parts]
        self._builder.operator(
            BuiltinOperator.CONCATENATION, numbers, [y.number], options.concat_options(3), 2
        )
        return y

    def mean(self, x: Value, keep_dims: bool) -> Value:
        """MEAN over H and W."""
        shape = (1, 1, 1, x.channels) if keep_dims else (1, x.channels)
        y = self._make_value(
            "mean", shape, x.scale * float(self.rng.uniform(0.3, 1.0)), self.between(-20, 20)
        )
        axes = self._constant("axes", "int32", [1, 2])
        table = options.reducer_options(keep_dims)
        self._builder.operator(BuiltinOperator.MEAN, [x.number, axes], [y.number], table, 2)
        return y

    def logistic(self, x: Value) -> Value:
        y = self._make_value("logistic", x.shape, 1 / 256, -128)  # the quantisation LOGISTIC demands
        self._builder.operator(BuiltinOperator.LOGISTIC, [x.number], [y.number], None, 2)
        return y

    def hard_swish(self, x: Value) -> Value:
        y = self._make_value(
            "hard_swish", x.shape, x.scale * float(self.rng.uniform(0.6, 1.2)), self.between(-100, 0)
        )
        table = options.empty_options("HardSwishOptions")
        self._builder.operator(BuiltinOperator.HARD_SWISH, [x.number], [y.number], table)
        return y

    def softmax(self, x: Value) -> Value:
        y = self._make_value("softmax", x.shape, 1 / 256, -128)  # the quantisation SOFTMAX demands
        table = options.softmax_options(float(self.rng.choice([1.0, 0.25])))
        self._builder.operator(BuiltinOperator.SOFTMAX, [x.number], [y.number], table, 2)
        return y

    def resize(self, x: Value, height: int, width: int) -> Value:
        """RESIZE_NEAREST_NEIGHBOR or RESIZE_BILINEAR, with any legal pair of flags."""
        y = self._make_value("resize", (1, height, width, x.channels), x.scale, x.zero_point)
        size = self._constant("size", "int32", [height, width])
        align, half_pixel = [(False, False), (False, True), (True, False)][self.between(0, 2)]
        if self.chance(0.5):
            code, table = (
                BuiltinOperator.RESIZE_NEAREST_NEIGHBOR,
                options.resize_nearest_options(align, half_pixel),
            )
        else:
            code, table = BuiltinOperator.RESIZE_BILINEAR, options.resize_bilinear_options(align, half_pixel)
        self._builder.operator(code, [x.number, size], [y.number], table, 3)
        return y

    def reshape(self, x: Value, shape: tuple[int, ...]) -> Value:
        y = self._make_value("reshape", shape, x.scale, x.zero_point)
        target = self._constant("shape", "int32", list(shape))
        self._builder.operator(
            BuiltinOperator.RESHAPE, [x.number, target], [y.number], options.reshape_options(shape)
        )
        return y

    def _weights(
        self, x: Value, y: Value, shape: tuple[int, ...], axis: int | None, activation: str
    ) -> tuple[int, int]:
        """Weights and bias such that ``y`` spreads as assumed. ``axis`` None quantises per tensor."""
        out_channels = y.channels
        if axis is not None and self.chance(0.2):
            axis = None
        fan_in = int(np.prod(shape)) // out_channels
        input_rms = np.hypot(_SPREAD, x.zero_point)
        multiplier = _SPREAD / (np.sqrt(fan_in) * _WEIGHT_SPREAD * input_rms)  # x.scale * scale / y.scale
        scale = (
            multiplier * y.scale / x.scale * self.rng.uniform(0.7, 1.4, 1 if axis is None else out_channels)
        )
        scale = scale.astype(np.float32)
        shift = 64 if activation == "RELU6" else 0  # brings values into the middle of [0, 6]
        bias = (shift + self.rng.uniform(-40, 40, out_channels)) * y.scale / (x.scale * scale)
        stored = self.rng.integers(-127, 128, shape)
        weights = self._builder.tensor(self._name("weights"), shape, "int8", scale, 0, axis or 0, stored)
        bias_scale = np.float32(x.scale) * scale
        return weights, self._builder.tensor(
            self._name("bias"), (out_channels,), "int32", bias_scale, 0, 0, np.rint(bias)
        )

    def _random_quant(self, activation: str = "NONE") -> tuple[float, int]:
        if activation == "RELU6":
            return float(self.rng.uniform(5.0, 7.0)) / 255, -128
        zero_point = self.between(-128, -60) if activation == "RELU" else self.between(-60, 60)
        return float(self.rng.uniform(0.01, 0.1)), zero_point

    def _make_value(self, stem: str, shape: tuple[int, ...], scale: float, zero_point: int) -> Value:
        scale = float(np.float32(scale))
        number = self._builder.tensor(self._name(stem), shape, "int8", scale, zero_point)
        return Value(number, shape, scale, zero_point)

    def _constant(self, stem: str, dtype: str, data: list[int] | list[list[int]]) -> int:
        return self._builder.tensor(self._name(stem), np.shape(data), dtype, data=data)

    def _name(self, stem: str) -> str:
        self._count += 1
        return f"{stem}_{self._count}"


def window_sides(
    x: Value, kernel: tuple[int, int], stride: tuple[int, int], dilation: tuple[int, int], padding: str
) -> tuple[int, int]:
    """Output rows and columns; below 1 where a VALID window does not fit."""
    sides = []
    for size, k, s, d in zip(x.shape[1:3], kernel, stride, dilation):
        reach = (k - 1) * d if padding == "VALID" else 0
        sides.append(-(-(size - reach) // s))
    return sides[0], sides[1]
