"""A zoo network as an int8 .tflite file with int8 ends, in the form that converters write."""

from __future__ import annotations

from tflite import BuiltinOperator

from mcupatch.zoo import tflite_options as options
from mcupatch.zoo.blocks import Network
from mcupatch.zoo.layers import INPUT, Add, Conv, Dense, Depthwise, GlobalMean, Layer, Shape, Window
from mcupatch.zoo.quantize import QuantizedNetwork, quantize_network
from mcupatch.zoo.tflite_builder import TfliteBuilder


def build_tflite(network: Network, seed: int = 0) -> bytes:
    """Draw weights from ``seed``, calibrate, quantise, write. The input is int8 ``[1, H, W, 3]``, pixel - 128."""
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
        return self._builder.finish([self._numbers[INPUT]], [self._numbers[layers[-1].name]])

    def _add_activation(self, name: str, shape: tuple[int, ...], quant_of: str | None = None) -> int:
        quant = self._network.activations[quant_of or name]
        number = self._builder.tensor(name, shape, "int8", quant.scale, quant.zero_point)
        self._numbers[name] = number
        return number

    def _write_layer(self, layer: Layer) -> None:
        inputs = [self._numbers[name] for name in layer.inputs]
        if isinstance(layer, Conv | Depthwise):
            self._write_window(layer)
        elif isinstance(layer, Add):
            output = self._add_activation(layer.name, (1, *layer.out_shape))
            self._builder.operator(BuiltinOperator.ADD, inputs, [output], options.add_options(), version=2)
        elif isinstance(layer, GlobalMean):
            axes = self._builder.tensor(f"{layer.name}/axes", (2,), "int32", data=[1, 2])
            output = self._add_activation(layer.name, (1, layer.out_shape[2]))
            self._builder.operator(
                BuiltinOperator.MEAN, [*inputs, axes], [output], options.reducer_options(), version=2
            )
        else:
            assert isinstance(layer, Dense)
            constants = self._add_constants(layer, layer.weight_shape, 0)
            output = self._add_activation(layer.name, (1, layer.out_shape[2]))
            self._builder.operator(
                BuiltinOperator.FULLY_CONNECTED,
                [*inputs, *constants],
                [output],
                options.fully_connected_options(),
                version=4,
            )

    def _write_window(self, layer: Conv | Depthwise) -> None:
        source, padding = self._numbers[layer.inputs[0]], "SAME"
        if not _same_is_symmetric(layer):
            source, padding = self._write_pad(layer), "VALID"
        activation = "RELU6" if layer.relu6 else "NONE"
        stride = (layer.stride, layer.stride)
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
        border = layer.padding
        amounts = self._builder.tensor(
            f"{layer.name}/paddings", (4, 2), "int32", data=[[0, 0], [border] * 2, [border] * 2, [0, 0]]
        )
        padded = self._add_activation(f"{layer.name}/pad", _padded(layer.in_shape, border), layer.inputs[0])
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


def _same_is_symmetric(layer: Window) -> bool:
    """Whether SAME puts ``kernel // 2`` in front of both axes, which is all that a symmetric border does."""
    in_front = [
        max(0, (out - 1) * layer.stride + layer.kernel - size) // 2
        for size, out in zip(layer.in_shape[:2], layer.out_shape[:2])
    ]
    return in_front == [layer.padding, layer.padding]


def _padded(shape: Shape, border: int) -> tuple[int, ...]:
    return (1, shape[0] + 2 * border, shape[1] + 2 * border, shape[2])
