"""Model files for tests of the command line: a small good one, and ones that cannot be used."""

from __future__ import annotations

from functools import cache

import numpy as np
import onnx
from tflite import BuiltinOperator

from mcupatch.zoo.tflite_builder import TfliteBuilder
from mcupatch.zoo.tflite_options import conv2d_options, empty_options, pool_options

ODD_NAMES = ('"quoted"', "line\nbreak", "while", "int", "*/ evil /*", "a\\b", "", "ü%d%n", "int")


def _conv_chain(names: tuple[str, ...], dtype: str = "int8", seed: int = 7) -> bytes:
    """16x16x3 input, then one 3x3 convolution to 8 channels for each further name."""
    rng = np.random.default_rng(seed)
    builder = TfliteBuilder(names[0])
    is_float = dtype == "float32"
    scale = None if is_float else 0.05
    channels, source = 3, builder.tensor(names[0], (1, 16, 16, 3), dtype, scale, -3 if scale else None)
    first = source
    for i, name in enumerate(names[1:]):
        shape = (8, 3, 3, channels)
        if is_float:
            weights = builder.tensor(f"w{i}", shape, dtype, data=rng.normal(size=shape))
            bias = builder.tensor(f"b{i}", (8,), dtype, data=np.zeros(8))
        else:
            weights = builder.tensor(
                f"w{i}", shape, dtype, np.full(8, 0.01), data=rng.integers(-90, 90, shape)
            )
            bias = builder.tensor(f"b{i}", (8,), "int32", np.full(8, 0.0005), data=rng.integers(-90, 90, 8))
        target = builder.tensor(name, (1, 16, 16, 8), dtype, scale, 5 if scale else None)
        builder.operator(
            BuiltinOperator.CONV_2D,
            [source, weights, bias],
            [target],
            conv2d_options("SAME", (1, 1)),
            version=3,
        )
        channels, source = 8, target
    return builder.finish([first], [source])


@cache
def small_model(seed: int = 7) -> bytes:
    """Three convolutions, int8: a good model that compiles in a moment."""
    return _conv_chain(("x", "a", "b", "c"), seed=seed)


@cache
def float_ends_model() -> bytes:
    """A quantize, a max pooling, a dequantize."""
    builder = TfliteBuilder()
    x = builder.tensor("x", (1, 8, 8, 3), "float32")
    q = builder.tensor("q", (1, 8, 8, 3), "int8", 0.05, -3)
    p = builder.tensor("p", (1, 4, 4, 3), "int8", 0.05, -3)
    y = builder.tensor("y", (1, 4, 4, 3), "float32")
    builder.operator(BuiltinOperator.QUANTIZE, [x], [q], empty_options("QuantizeOptions"))
    builder.operator(BuiltinOperator.MAX_POOL_2D, [q], [p], pool_options((2, 2), (2, 2)), version=2)
    builder.operator(BuiltinOperator.DEQUANTIZE, [p], [y], empty_options("DequantizeOptions"), version=2)
    return builder.finish([x], [y])


@cache
def odd_names_model() -> bytes:
    """A good model whose tensors have names that no language takes."""
    return _conv_chain(ODD_NAMES)


@cache
def float_tflite() -> bytes:
    return _conv_chain(("x", "a"), "float32")


@cache
def unsupported_tflite() -> bytes:
    """Two operators that mcupatch does not know."""
    builder = TfliteBuilder()
    x = builder.tensor("x", (1, 4, 4, 3), "int8", 0.1, 0)
    y = builder.tensor("y", (1, 2, 2, 12), "int8", 0.1, 0)
    z = builder.tensor("z", (1, 4, 4, 3), "int8", 0.1, 0)
    builder.operator(BuiltinOperator.SPACE_TO_DEPTH, [x], [y])
    builder.operator(BuiltinOperator.DEPTH_TO_SPACE, [y], [z])
    return builder.finish([x], [z])


def _onnx_model(
    nodes: list[onnx.NodeProto],
    shape: list[int | str],
    out_shape: list[int | str],
    constants: dict[str, np.ndarray],
) -> bytes:
    make = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        nodes,
        "g",
        [make("x", onnx.TensorProto.FLOAT, shape)],
        [make("y", onnx.TensorProto.FLOAT, out_shape)],
        [onnx.numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 13)])
    return bytes(model.SerializeToString())


_WEIGHTS = {"w": np.ones((8, 3, 3, 3), np.float32)}


def _float_conv() -> list[onnx.NodeProto]:
    return [onnx.helper.make_node("Conv", ["x", "w"], ["y"], pads=[1, 1, 1, 1])]


@cache
def float_onnx() -> bytes:
    return _onnx_model(_float_conv(), [1, 3, 8, 8], [1, 8, 8, 8], _WEIGHTS)


@cache
def dynamic_onnx() -> bytes:
    return _onnx_model(_float_conv(), [1, 3, "height", "width"], [1, 8, "height", "width"], _WEIGHTS)


@cache
def unsupported_onnx() -> bytes:
    """Quantised, with an operator that mcupatch does not know."""
    make, q = onnx.helper.make_node, ["s", "z"]
    nodes = [
        make("QuantizeLinear", ["x", *q], ["xq"]),
        make("DequantizeLinear", ["xq", *q], ["xd"]),
        make("SpaceToDepth", ["xd"], ["t"], blocksize=2),
        make("QuantizeLinear", ["t", *q], ["tq"]),
        make("DequantizeLinear", ["tq", *q], ["y"]),
    ]
    constants = {"s": np.array(0.1, np.float32), "z": np.array(0, np.int8)}
    return _onnx_model(nodes, [1, 3, 8, 8], [1, 12, 4, 4], constants)
