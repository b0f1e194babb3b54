"""Each ONNX operator through the importer and the oracle: byte for byte what onnxruntime computes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mcupatch.importer.onnx_qdq import import_onnx
from mcupatch.ir import reference
from mcupatch.ir.verify import verify_graph
from tests.support.onnx_cases import Params, QdqModel, Weights, add_weights, draw_params, draw_values
from tests.support.onnxruntime_reference import OnnxRuntime

TYPES = [np.int8, np.uint8]
INTEGER_TYPES = pytest.mark.parametrize("dtype", TYPES, ids=["int8", "uint8"])


def check(data: bytes, inputs: list[list[Any]], operator: str | None = None) -> None:
    """The oracle equals onnxruntime on every set of inputs; ``operator`` must be among what onnxruntime ran."""
    graph = import_onnx(data, "case")
    verify_graph(graph)
    runtime = OnnxRuntime(data)
    assert operator is None or operator in runtime.operators, runtime.operators
    for arrays in inputs:
        for ours, theirs in zip(reference.run(graph, arrays), runtime.run(arrays)):
            assert ours.dtype == theirs.dtype and ours.shape == theirs.shape
            np.testing.assert_array_equal(ours, theirs)


def draw_sets(
    rng: np.random.Generator, dtype: type, shapes: list[tuple[int, ...]], count: int = 3
) -> list[list[Any]]:
    return [[draw_values(rng, dtype, s) for s in shapes] for _ in range(count)]


CONVOLUTIONS = {
    "pointwise": (8, 12, dict(kernel_shape=[1, 1])),
    "3x3": (5, 7, dict(kernel_shape=[3, 3], pads=[1, 1, 1, 1])),
    "strided": (4, 6, dict(kernel_shape=[5, 3], pads=[2, 0, 1, 1], strides=[2, 3])),
    "dilated": (4, 6, dict(kernel_shape=[3, 2], pads=[2, 1, 2, 0], dilations=[2, 3])),
    "grouped": (8, 12, dict(kernel_shape=[3, 3], group=4)),
    "depthwise": (8, 8, dict(kernel_shape=[3, 3], pads=[1, 1, 1, 1], group=8)),
    "depthwise_strided": (6, 6, dict(kernel_shape=[7, 5], pads=[3, 2, 3, 2], strides=[2, 2], group=6)),
    "depthwise_multiplier": (4, 12, dict(kernel_shape=[3, 3], group=4)),
    "same_upper": (4, 4, dict(kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_UPPER")),
    "same_lower": (4, 4, dict(kernel_shape=[4, 3], strides=[2, 2], auto_pad="SAME_LOWER")),
    "one_channel": (1, 4, dict(kernel_shape=[3, 3])),
}


@INTEGER_TYPES
@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_convolution(name: str, dtype: type) -> None:
    channels, outputs, attributes = CONVOLUTIONS[name]
    rng = np.random.default_rng(sum(map(ord, name)))
    for how in (Weights(), Weights(per_channel=False), Weights(bias=False)):
        model, params = QdqModel(), draw_params(rng, dtype)
        kernel = attributes["kernel_shape"]
        shape = (outputs, channels // attributes.get("group", 1), *kernel)
        x = model.activation("x", (1, channels, 11, 12), params)
        value = model.node("Conv", [x, *add_weights(model, rng, shape, params.scale, how)], **attributes)
        data = model.finish(value, Params(np.float32(1.3), draw_params(rng, dtype).zero_point))
        check(data, draw_sets(rng, dtype, [(1, channels, 11, 12)]), "QLinearConv")


def test_convolution_with_uint8_weights() -> None:
    rng = np.random.default_rng(1)
    model, params = QdqModel(), draw_params(rng, np.uint8)
    x = model.activation("x", (1, 6, 9, 9), params)
    weights = add_weights(model, rng, (5, 6, 3, 3), params.scale, Weights(np.uint8, per_channel=False))
    data = model.finish(model.node("Conv", [x, *weights]), Params(np.float32(1.1), np.uint8(100)))
    check(data, draw_sets(rng, np.uint8, [(1, 6, 9, 9)]), "QLinearConv")


@INTEGER_TYPES
@pytest.mark.parametrize("op_type", ["Gemm", "MatMul"])
@pytest.mark.parametrize("per_channel", [True, False])
def test_dense(op_type: str, per_channel: bool, dtype: type) -> None:
    rng = np.random.default_rng(2)
    for transposed in (0, 1) if op_type == "Gemm" else (0,):
        model, params = QdqModel(), draw_params(rng, dtype)
        x = model.activation("x", (1, 37), params)
        how = Weights(per_channel=per_channel, bias=op_type == "Gemm")
        weights = add_weights(
            model, rng, (11, 37) if transposed else (37, 11), params.scale, how, 1 - transposed
        )
        attributes = {"transB": transposed} if op_type == "Gemm" else {}
        data = model.finish(
            model.node(op_type, [x, *weights], **attributes), Params(np.float32(1.7), dtype(9))
        )
        check(data, draw_sets(rng, dtype, [(1, 37)]))


@INTEGER_TYPES
@pytest.mark.parametrize("op_type", ["Add", "Mul"])
def test_pair_of_all_values(op_type: str, dtype: type) -> None:
    """Every pair of bytes, so that a tie that rounds the other way is found."""
    rng = np.random.default_rng(3)
    low = np.iinfo(dtype).min
    grid = np.arange(65536).reshape(1, 1, 256, 256)
    a, b = (grid // 256 + low).astype(dtype), (grid % 256 + low).astype(dtype)
    for _ in range(12):
        model = QdqModel()
        first, second, output = (draw_params(rng, dtype) for _ in range(3))
        if op_type == "Mul":
            output = Params(np.float32(output.scale * 3), output.zero_point)
        names = [model.activation("a", a.shape, first), model.activation("b", b.shape, second)]
        check(model.finish(model.node(op_type, names), output), [[a, b]], f"QLinear{op_type}")


BROADCASTS = [
    ((1, 6, 5, 7), (1, 6, 1, 1)),
    ((1, 6, 1, 1), (1, 6, 5, 7)),
    ((1, 6, 5, 7), (1, 1, 5, 7)),
    ((1, 1, 1, 7), (1, 6, 5, 7)),
    ((1, 9), (1, 9)),
    ((1, 4, 1, 1), (1, 1, 5, 7)),
]


@INTEGER_TYPES
@pytest.mark.parametrize("op_type", ["Add", "Mul"])
@pytest.mark.parametrize("shapes", BROADCASTS, ids=str)
def test_pair_with_broadcast(
    op_type: str, shapes: tuple[tuple[int, ...], tuple[int, ...]], dtype: type
) -> None:
    rng = np.random.default_rng(4)
    model = QdqModel()
    params = [draw_params(rng, dtype) for _ in range(3)]
    names = [model.activation(n, s, p) for n, s, p in zip("ab", shapes, params)]
    check(model.finish(model.node(op_type, names), params[2]), draw_sets(rng, dtype, list(shapes), 20))


@INTEGER_TYPES
@pytest.mark.parametrize("op_type", ["Add", "Mul"])
@pytest.mark.parametrize("shape", [(), (1,), (6, 1, 1), (1, 6, 1, 1), (1, 6, 5, 7), (1, 6, 6, 6)], ids=str)
def test_pair_with_constant(op_type: str, shape: tuple[int, ...], dtype: type) -> None:
    """The last one has as many channels as rows and columns: its shape does not tell whether it was transposed."""
    rng = np.random.default_rng(5)
    image = (1, 6, 6, 6) if shape == (1, 6, 6, 6) else (1, 6, 5, 7)
    for constant_first in (False, True):
        model = QdqModel()
        params = [draw_params(rng, dtype) for _ in range(3)]
        x = model.activation("x", image, params[0])
        constant = model.dequantize(model.constant(draw_values(rng, dtype, shape)), params[1])
        names = [constant, x] if constant_first else [x, constant]
        data = model.finish(model.node(op_type, names), params[2])
        check(data, draw_sets(rng, dtype, [image], 10))


POOLS = [
    dict(kernel_shape=[2, 2], strides=[2, 2]),
    dict(kernel_shape=[3, 2], strides=[2, 1], pads=[1, 0, 1, 1]),
    dict(kernel_shape=[3, 3], auto_pad="SAME_UPPER", strides=[2, 2]),
]


@INTEGER_TYPES
@pytest.mark.parametrize("attributes", POOLS, ids=["2x2", "padded", "same"])
@pytest.mark.parametrize("include_pad", [0, 1])
def test_average_pool(attributes: dict[str, Any], include_pad: int, dtype: type) -> None:
    rng = np.random.default_rng(6)
    for _ in range(8):
        model, params, output = QdqModel(), draw_params(rng, dtype), draw_params(rng, dtype)
        x = model.activation("x", (1, 8, 9, 10), params)
        value = model.node("AveragePool", [x], count_include_pad=include_pad, **attributes)
        check(model.finish(value, output), draw_sets(rng, dtype, [(1, 8, 9, 10)]), "QLinearAveragePool")


@INTEGER_TYPES
@pytest.mark.parametrize("attributes", POOLS + [dict(kernel_shape=[2, 3], dilations=[2, 1])], ids=str)
def test_max_pool(attributes: dict[str, Any], dtype: type) -> None:
    rng = np.random.default_rng(7)
    model, params = QdqModel(), draw_params(rng, dtype)
    x = model.activation("x", (1, 5, 9, 10), params)
    check(
        model.finish(model.node("MaxPool", [x], **attributes), params), draw_sets(rng, dtype, [(1, 5, 9, 10)])
    )


@INTEGER_TYPES
def test_global_pools(dtype: type) -> None:
    rng = np.random.default_rng(8)
    for op_type in ["GlobalAveragePool"] * 10 + ["GlobalMaxPool"]:
        model, params, output = QdqModel(), draw_params(rng, dtype), draw_params(rng, dtype, 0.02)
        x = model.activation("x", (1, 40, 7, 8), params)
        check(model.finish(model.node(op_type, [x]), output), draw_sets(rng, dtype, [(1, 40, 7, 8)]))


@INTEGER_TYPES
@pytest.mark.parametrize("opset,keepdims", [(17, 1), (17, 0), (18, 1)])
def test_reduce_mean(opset: int, keepdims: int, dtype: type) -> None:
    rng = np.random.default_rng(9)
    model, output = QdqModel(opset), draw_params(rng, dtype)
    params = Params(np.float32(0.0373), draw_params(rng, dtype).zero_point)
    x = model.activation("x", (1, 16, 7, 7), params)
    if opset < 18:
        value = model.node("ReduceMean", [x], axes=[2, 3], keepdims=keepdims)
    else:
        value = model.node("ReduceMean", [x, model.constant(np.array([-2, -1]))], keepdims=keepdims)
    check(model.finish(value, output), draw_sets(rng, dtype, [(1, 16, 7, 7)]))


FUNCTIONS: dict[str, dict[str, Any]] = {
    "Relu": {},
    "Sigmoid": {},
    "Tanh": {},
    "HardSigmoid": {"alpha": 0.17, "beta": 0.4},
    "HardSwish": {},
    "LeakyRelu": {"alpha": 0.1},
    "Identity": {},
}


@INTEGER_TYPES
@pytest.mark.parametrize("op_type", FUNCTIONS)
def test_function_of_every_byte(op_type: str, dtype: type) -> None:
    rng = np.random.default_rng(10)
    low = np.iinfo(dtype).min
    x = np.arange(low, low + 256).astype(dtype).reshape(1, 4, 8, 8)
    for _ in range(10):
        model = QdqModel()
        value = model.activation("x", x.shape, draw_params(rng, dtype))
        value = model.node(op_type, [value], **FUNCTIONS[op_type])
        check(model.finish(value, draw_params(rng, dtype, 0.02)), [[x]])


@INTEGER_TYPES
def test_clip_and_requantisation(dtype: type) -> None:
    rng = np.random.default_rng(11)
    for _ in range(5):
        model, params = QdqModel(), draw_params(rng, dtype)
        x = model.activation("x", (1, 3, 6, 6), params)
        bounds = [model.constant(np.float32(-0.7)), model.constant(np.float32(1.3))]
        value = model.requantize(model.node("Clip", [x, *bounds]), draw_params(rng, dtype))
        data = model.finish(model.node("Relu", [value]), draw_params(rng, dtype))
        check(data, draw_sets(rng, dtype, [(1, 3, 6, 6)]))


@INTEGER_TYPES
@pytest.mark.parametrize("bounded", ["Relu", "Clip"])
def test_bound_folds_into_convolution(bounded: str, dtype: type) -> None:
    """The zero point is the lowest value, as ``quantize_static`` chooses it for a relu's output."""
    rng = np.random.default_rng(12)
    model, params = QdqModel(), draw_params(rng, dtype)
    x = model.activation("x", (1, 4, 8, 8), params)
    value = model.node("Conv", [x, *add_weights(model, rng, (6, 4, 3, 3), params.scale, Weights())])
    bounds = [model.constant(np.float32(0)), model.constant(np.float32(6))] if bounded == "Clip" else []
    value = model.node(bounded, [value, *bounds])
    output = Params(np.float32(6 / 255 if bounded == "Clip" else 0.3), dtype(np.iinfo(dtype).min))
    data = model.finish(value, output)
    check(data, draw_sets(rng, dtype, [(1, 4, 8, 8)]), "QLinearConv")
    assert [op.kind for op in import_onnx(data, "case").ops if op.kind == "conv2d"] == ["conv2d"]


@INTEGER_TYPES
@pytest.mark.parametrize("axis", [1, 2, 3, -1])
def test_concat(axis: int, dtype: type) -> None:
    rng = np.random.default_rng(13)
    shapes = [list((1, 4, 5, 6)) for _ in range(3)]
    for i, shape in enumerate(shapes):
        shape[axis] += i
    for same in (False, True):
        model, output = QdqModel(), draw_params(rng, dtype)
        params = [output if same else draw_params(rng, dtype) for _ in shapes]
        names = [model.activation(n, tuple(s), p) for n, s, p in zip("abc", shapes, params)]
        data = model.finish(model.node("Concat", names, axis=axis), output)
        check(data, draw_sets(rng, dtype, [tuple(s) for s in shapes]))


@INTEGER_TYPES
def test_pad(dtype: type) -> None:
    rng = np.random.default_rng(14)
    model, params = QdqModel(), draw_params(rng, dtype)
    x = model.activation("x", (1, 3, 5, 6), params)
    value = model.node("Pad", [x, model.constant(np.array([0, 0, 1, 2, 0, 0, 3, 0]))])
    check(model.finish(value, params), draw_sets(rng, dtype, [(1, 3, 5, 6)]))


@INTEGER_TYPES
@pytest.mark.parametrize("opset", [12, 17])
def test_softmax(opset: int, dtype: type) -> None:
    rng = np.random.default_rng(15)
    lowest = dtype(np.iinfo(dtype).min)
    for scale in (1 / 255, 1 / 256, 0.01):
        model = QdqModel(opset)
        x = model.activation("x", (1, 10), draw_params(rng, dtype))
        data = model.finish(model.node("Softmax", [x], axis=1), Params(np.float32(scale), lowest))
        check(data, draw_sets(rng, dtype, [(1, 10)], 60), "QLinearSoftmax")


def test_softmax_over_channels() -> None:
    rng = np.random.default_rng(16)
    model = QdqModel()
    x = model.activation("x", (1, 6, 4, 5), draw_params(rng, np.int8))
    data = model.finish(model.node("Softmax", [x], axis=1), Params(np.float32(1 / 255), np.int8(-128)))
    check(data, draw_sets(rng, np.int8, [(1, 6, 4, 5)], 10))


COORDINATES = ["half_pixel", "pytorch_half_pixel", "asymmetric", "align_corners"]
SCALES = [(2.0, 2.0), (1.5, 2.3), (0.6, 0.5), (1.0, 3.0)]


@INTEGER_TYPES
@pytest.mark.parametrize("mode", COORDINATES)
def test_resize_linear(mode: str, dtype: type) -> None:
    rng = np.random.default_rng(17)
    for scales in SCALES:
        for same in (True, False):
            model, params = QdqModel(), draw_params(rng, dtype)
            x = model.activation("x", (1, 8, 11, 13), params)
            inputs = [x, "", model.constant(np.array([1, 1, *scales], np.float32))]
            value = model.node("Resize", inputs, mode="linear", coordinate_transformation_mode=mode)
            data = model.finish(value, params if same else draw_params(rng, dtype))
            check(data, draw_sets(rng, dtype, [(1, 8, 11, 13)], 1))


@pytest.mark.parametrize("mode", COORDINATES)
@pytest.mark.parametrize("nearest", ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"])
def test_resize_nearest(mode: str, nearest: str) -> None:
    rng = np.random.default_rng(18)
    for scales in SCALES:
        model, params = QdqModel(), draw_params(rng, np.int8)
        x = model.activation("x", (1, 3, 11, 13), params)
        inputs = [x, "", model.constant(np.array([1, 1, *scales], np.float32))]
        value = model.node(
            "Resize", inputs, mode="nearest", coordinate_transformation_mode=mode, nearest_mode=nearest
        )
        check(model.finish(value, params), draw_sets(rng, np.int8, [(1, 3, 11, 13)], 1))


def test_resize_to_sizes() -> None:
    rng = np.random.default_rng(19)
    for mode in ("nearest", "linear"):
        model, params = QdqModel(), draw_params(rng, np.int8)
        x = model.activation("x", (1, 3, 7, 5), params)
        value = model.node("Resize", [x, "", "", model.constant(np.array([1, 3, 9, 16]))], mode=mode)
        check(model.finish(value, params), draw_sets(rng, np.int8, [(1, 3, 7, 5)], 2))


@INTEGER_TYPES
@pytest.mark.parametrize("first", ["a", "b"])
def test_add_of_channels_and_image(first: str, dtype: type) -> None:
    """All pairs of bytes, with one operand repeated over the image, and with either operand first."""
    rng = np.random.default_rng(20)
    values = (np.arange(256) + np.iinfo(dtype).min).astype(dtype)
    image = np.ascontiguousarray(np.broadcast_to(values, (1, 256, 1, 256)))
    channels = values.reshape(1, 256, 1, 1)
    for _ in range(6):
        model = QdqModel()
        params = [draw_params(rng, dtype) for _ in range(3)]
        names = [
            model.activation("a", image.shape, params[0]),
            model.activation("b", channels.shape, params[1]),
        ]
        data = model.finish(model.node("Add", names if first == "a" else names[::-1]), params[2])
        check(data, [[image, channels]])
