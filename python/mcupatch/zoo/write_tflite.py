"""A zoo network as an int8 .tflite file with int8 ends, in the form that converters write."""

from __future__ import annotations

from dataclasses import replace

from tflite import BuiltinOperator

from mcupatch.ir.quant import INT8_MIN, QuantParams
from mcupatch.zoo import tflite_options as options
from mcupatch.zoo.blocks import Network
from mcupatch.zoo.layers import (
    INPUT,
    Add,
    Conv,
    Dense,
    Depthwise,
    Gate,
    GateFunction,
    GlobalMean,
    Layer,
    MaxPool2x2,
    Padding,
    Scale,
    Shape,
    Sides,
    Upsample2x,
    Window,
    find_outputs,
)
from mcupatch.zoo.quantize import QuantizedNetwork, quantize_network
from mcupatch.zoo.tflite_builder import TfliteBuilder

_HARD_GATE_QUANT = QuantParams(6 / 255, INT8_MIN)  # relu6(x + 3)


def build_tflite(network: Network, seed: int = 0) -> bytes:
    """Draw weights from ``seed``, calibrate, quantise, write. The input is int8 ``[1, H, W, C]``, pixel - 128."""
    return write_tflite(quantize_network(network, seed))


def write_tflite(network: QuantizedNetwork) -> bytes:
    """The file: one subgraph, activations named after their layers."""
    return _Writer(network).write()


class _Writer:
    def __init__(self, network: QuantizedNetwork) -> None:
        self._network = network
        self._builder = TfliteBuilder(network.name, "mcupatch zoo")
        self._numbers: dict[str, int] = {}  # layer name to tensor number

    def write(self) -> bytes:
        layers = self._network.layers
        self._add_activation(INPUT, (1, *layers[0].in_shape))
        for layer in layers:
            self._write_layer(layer)
        outputs = [self._numbers[layer.name] for layer in find_outputs(layers)]
        return self._builder.finish([self._numbers[INPUT]], outputs)

    def _add_activation(self, name: str, shape: tuple[int, ...], quant_of: str | None = None) -> int:
        quant = self._network.activations[quant_of or name]
        number = self._builder.tensor(name, shape, "int8", quant.scale, quant.zero_point)
        self._numbers[name] = number
        return number

    def _write_layer(self, layer: Layer) -> None:
        inputs = [self._numbers[name] for name in layer.inputs]
        if isinstance(layer, Conv | Depthwise):
            self._write_window(layer)
        elif isinstance(layer, Gate):
            self._write_gate(layer, inputs[0])
        elif isinstance(layer, GlobalMean):
            self._write_mean(layer, inputs[0])
        elif isinstance(layer, Dense):
            constants = self._add_constants(layer, layer.weight_shape, 0)
            output = self._add_activation(layer.name, (1, layer.out_shape[2]))
            table = options.fully_connected_options()
            self._builder.operator(
                BuiltinOperator.FULLY_CONNECTED, [*inputs, *constants], [output], table, version=4
            )
        else:
            self._write_elementwise(layer, inputs)

    def _write_elementwise(self, layer: Layer, inputs: list[int]) -> None:
        """Everything whose output is ``[1, H, W, C]`` and needs no more than a table of options."""
        if isinstance(layer, Add):
            code, table, version = BuiltinOperator.ADD, options.add_options(layer.fused.value), 2
        elif isinstance(layer, Scale):
            code, table, version = BuiltinOperator.MUL, options.mul_options(), 2
        elif isinstance(layer, MaxPool2x2):
            code, table, version = BuiltinOperator.MAX_POOL_2D, options.pool_options((2, 2), (2, 2)), 2
        else:
            assert isinstance(layer, Upsample2x)
            size = self._builder.tensor(f"{layer.name}/size", (2,), "int32", data=layer.out_shape[:2])
            inputs = [*inputs, size]
            code, table, version = (
                BuiltinOperator.RESIZE_NEAREST_NEIGHBOR,
                options.resize_nearest_options(),
                2,
            )
        output = self._add_activation(layer.name, (1, *layer.out_shape))
        self._builder.operator(code, inputs, [output], table, version=version)

    def _write_mean(self, layer: GlobalMean, source: int) -> None:
        channels = layer.out_shape[2]
        axes = self._builder.tensor(f"{layer.name}/axes", (2,), "int32", data=[1, 2])
        output = self._add_activation(layer.name, (1, channels) if layer.is_flat else (1, 1, 1, channels))
        table = options.reducer_options(keep_dims=not layer.is_flat)
        self._builder.operator(BuiltinOperator.MEAN, [source, axes], [output], table, version=2)

    def _write_gate(self, layer: Gate, source: int) -> None:
        """LOGISTIC, or the hard form as converters write it: ADD 3 with relu6, MUL 1/6."""
        shape = (1, *layer.out_shape)
        if layer.function is GateFunction.SIGMOID:
            output = self._add_activation(layer.name, shape)
            self._builder.operator(BuiltinOperator.LOGISTIC, [source], [output], version=2)
            return
        quant = _HARD_GATE_QUANT
        inner = self._builder.tensor(f"{layer.name}/relu6", shape, "int8", quant.scale, quant.zero_point)
        operands = [source, self._add_scalar(f"{layer.name}/three", 3.0)]
        self._builder.operator(BuiltinOperator.ADD, operands, [inner], options.add_options("RELU6"), 2)
        operands = [inner, self._add_scalar(f"{layer.name}/sixth", 1 / 6)]
        output = self._add_activation(layer.name, shape)
        self._builder.operator(BuiltinOperator.MUL, operands, [output], options.mul_options(), 2)

    def _add_scalar(self, name: str, value: float) -> int:
        """``value``, stored as 127 of its own scale."""
        return self._builder.tensor(name, (1,), "int8", value / 127, 0, data=[127])

    def _write_window(self, layer: Conv | Depthwise) -> None:
        source, padding = self._numbers[layer.inputs[0]], "SAME"
        if not _is_same(layer):
            source, padding = self._write_pad(layer), "VALID"
        stride, activation = (layer.stride, layer.stride), layer.fused.value
        if isinstance(layer, Conv):
            code, axis, shape = BuiltinOperator.CONV_2D, 0, layer.weight_shape
            table = options.conv2d_options(padding, stride, activation=activation)
        else:
            code, axis, shape = BuiltinOperator.DEPTHWISE_CONV_2D, 3, (1, *layer.weight_shape)
            table = options.depthwise_options(padding, stride, activation=activation)
        constants = self._add_constants(layer, shape, axis)
        output = self._add_activation(layer.name, (1, *layer.out_shape))
        self._builder.operator(code, [source, *constants], [output], table, version=3)

    def _write_pad(self, layer: Window) -> int:
        """PAD on every side, as converters write symmetric padding that SAME would put elsewhere."""
        pads = layer.pads
        amounts = self._builder.tensor(
            f"{layer.name}/paddings", (4, 2), "int32", data=[[0, 0], *pads, [0, 0]]
        )
        padded = self._add_activation(f"{layer.name}/pad", _padded(layer.in_shape, pads), layer.inputs[0])
        inputs = [self._numbers[layer.inputs[0]], amounts]
        self._builder.operator(
            BuiltinOperator.PAD, inputs, [padded], options.empty_options("PadOptions"), version=2
        )
        return padded

    def _add_constants(self, layer: Layer, shape: tuple[int, ...], axis: int) -> tuple[int, int]:
        stored = self._network.weights[layer.name]
        weights = self._builder.tensor(
            f"{layer.name}/weights", shape, "int8", stored.scale, 0, axis, stored.weights.reshape(shape)
        )
        bias = self._builder.tensor(
            f"{layer.name}/bias", stored.bias.shape, "int32", stored.bias_scale, 0, 0, stored.bias
        )
        return weights, bias


def _is_same(layer: Window) -> bool:
    """Whether SAME puts as many zeros in front of both axes, which is all that those behind depend on."""
    in_front = tuple(before for before, _ in replace(layer, padding=Padding.SAME).pads)
    return in_front == tuple(before for before, _ in layer.pads)


def _padded(shape: Shape, pads: Sides) -> tuple[int, ...]:
    (top, bottom), (left, right) = pads
    return (1, shape[0] + top + bottom, shape[1] + left + right, shape[2])
