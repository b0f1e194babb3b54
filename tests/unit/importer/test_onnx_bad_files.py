"""Damaged and unsupported ONNX files: one clear error each, and never a crash."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from mcupatch.errors import BadInput, McupatchError, UnsupportedModel
from mcupatch.importer.onnx_qdq import import_onnx
from mcupatch.ir.verify import verify_graph
from tests.support.onnx_cases import Params, QdqModel, Weights, add_weights

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")
PARAMS = Params(np.float32(0.05), np.int8(3))


def sample_model() -> onnx.ModelProto:
    """A network with most kinds of nodes."""
    rng = np.random.default_rng(0)
    model = QdqModel()
    x = model.requantize(model.input("x", ("N", 3, 8, 8), "float32"), PARAMS)
    weights = add_weights(model, rng, (4, 3, 3, 3), PARAMS.scale, Weights())
    skip = model.requantize(model.node("Conv", [x, *weights], pads=[1, 1, 1, 1]), PARAMS)
    value = model.node("Pad", [skip, model.constant(np.array([0, 0, 1, 1, 0, 0, 1, 1]))])
    value = model.requantize(value, PARAMS)
    depthwise = add_weights(model, rng, (4, 1, 3, 3), PARAMS.scale, Weights())
    value = model.requantize(model.node("Conv", [value, *depthwise], group=4), PARAMS)
    value = model.requantize(model.node("Add", [skip, value]), PARAMS)
    value = model.requantize(model.node("HardSwish", [value]), PARAMS)
    value = model.requantize(model.node("Concat", [value, skip], axis=1), PARAMS)
    scales = model.constant(np.array([1, 1, 2, 2], np.float32))
    value = model.requantize(model.node("Resize", [value, "", scales], mode="linear"), PARAMS)
    value = model.node("MaxPool", [value], kernel_shape=[2, 2], strides=[2, 2])
    value = model.requantize(model.node("AveragePool", [value], kernel_shape=[2, 2], strides=[2, 2]), PARAMS)
    value = model.node("Reshape", [value, model.constant(np.array([1, -1]))])
    dense = add_weights(model, rng, (5, 128), PARAMS.scale, Weights())
    value = model.requantize(model.node("Gemm", [value, *dense], transB=1), PARAMS)
    value = model.node("Softmax", [value], axis=-1)
    model.output(model.requantize(value, Params(np.float32(1 / 255), np.int8(-128))), "float32")
    return onnx.load_from_string(model.build())


def test_sample_is_whole() -> None:
    graph = import_onnx(sample_model().SerializeToString(), "sample.onnx")
    verify_graph(graph)
    assert graph.name == "sample"
    assert [graph.tensors[n].shape for n in graph.inputs] == [(1, 3, 8, 8)]


@pytest.mark.parametrize("data", [b"", b"\x08", b"TFL3", b"\x00" * 40, bytes(range(256))], ids=repr)
def test_not_onnx(data: bytes) -> None:
    with pytest.raises(BadInput, match="net.onnx"):
        import_onnx(data, "net.onnx")


def test_truncated_and_random_bytes() -> None:
    data = sample_model().SerializeToString()
    rng = np.random.default_rng(1)
    for length in rng.integers(1, len(data), 120):
        with pytest.raises(McupatchError):
            import_onnx(data[:length], "net.onnx")
    for length in rng.integers(1, 4000, 60):
        with pytest.raises(McupatchError):
            import_onnx(rng.bytes(int(length)), "net.onnx")


def survives(data: bytes) -> None:
    """Either a sound graph or an error meant for the user."""
    try:
        verify_graph(import_onnx(data, "net.onnx"))
    except McupatchError as error:
        assert str(error).startswith("net.onnx")


def test_mutated_bytes() -> None:
    data = sample_model().SerializeToString()
    rng = np.random.default_rng(2)
    for _ in range(500):
        mutated = bytearray(data)
        for position in rng.integers(0, len(data), rng.integers(1, 6)):
            mutated[position] = rng.integers(256)
        survives(bytes(mutated))


ABSURD = [0, -1, 1 << 40, -(1 << 62), 7, 255]


def mutate(model: onnx.ModelProto, rng: np.random.Generator) -> None:
    """One change that keeps the file a well-formed protobuf."""
    graph = model.graph
    node = graph.node[int(rng.integers(len(graph.node)))]
    tensor = graph.initializer[int(rng.integers(len(graph.initializer)))]
    absurd = ABSURD[int(rng.integers(len(ABSURD)))]
    kind = int(rng.integers(11))
    if kind == 0:
        graph.initializer.remove(tensor)
    elif kind == 1 and len(graph.node) > 1:
        graph.node.remove(node)
    elif kind == 2:
        tensor.data_type = int(rng.integers(0, 24))
    elif kind == 3 and tensor.dims:
        tensor.dims[int(rng.integers(len(tensor.dims)))] = absurd
    elif kind == 4 and node.attribute:
        change_attribute(node.attribute[int(rng.integers(len(node.attribute)))], absurd, rng)
    elif kind == 5:
        others = [
            "Conv",
            "Gemm",
            "Add",
            "Softmax",
            "Resize",
            "Transpose",
            "Relu",
            "Flatten",
            "Squeeze",
            "Pad",
        ]
        node.op_type = str(
            rng.choice(others + ["ReduceMean", "QuantizeLinear", "DequantizeLinear", "MatMul"])
        )
    elif kind == 6 and node.input:
        names = [n for other in graph.node for n in other.output] + [t.name for t in graph.initializer]
        node.input[int(rng.integers(len(node.input)))] = str(rng.choice(names))
    elif kind == 7 and node.input:
        del node.input[int(rng.integers(len(node.input))) :]
    elif kind == 8:
        graph.input[0].type.tensor_type.shape.dim[int(rng.integers(4))].dim_value = absurd
    elif kind == 9:
        tensor.CopyFrom(numpy_helper.from_array(draw_array(rng), tensor.name))
    else:
        model.opset_import[0].version = int(rng.integers(1, 30))


def change_attribute(attribute: onnx.AttributeProto, absurd: int, rng: np.random.Generator) -> None:
    if attribute.type == onnx.AttributeProto.INTS and attribute.ints and rng.integers(2):
        attribute.ints[int(rng.integers(len(attribute.ints)))] = absurd
    elif attribute.type == onnx.AttributeProto.INTS:
        del attribute.ints[0]
    elif attribute.type == onnx.AttributeProto.INT:
        attribute.i = absurd
    else:
        attribute.type = onnx.AttributeProto.FLOAT


def draw_array(rng: np.random.Generator) -> Any:
    shape = tuple(int(n) for n in rng.integers(0, 4, rng.integers(0, 5)))
    special = rng.choice([0.0, np.nan, np.inf, -1.0, 1e-45, 3e38])
    kinds: list[Callable[[], Any]] = [
        lambda: np.full(shape, special, np.float32),
        lambda: rng.integers(-128, 128, shape).astype(np.int8),
        lambda: rng.integers(-(1 << 62), 1 << 62, shape),
        lambda: rng.integers(0, 2, shape).astype(bool),
        lambda: np.full(shape, special, np.float64),
    ]
    return kinds[int(rng.integers(len(kinds)))]()


def test_scales_that_overflow() -> None:
    """A product or quotient of scales past float32: refused in words, without a warning of NumPy."""
    for value in (3e38, 1e-45):
        model = sample_model()
        for tensor in model.graph.initializer:
            if tensor.data_type == TensorProto.FLOAT and not tensor.dims:
                tensor.CopyFrom(numpy_helper.from_array(np.array(value, np.float32), tensor.name))
                survives(model.SerializeToString())


def test_mutated_models() -> None:
    original = sample_model()
    rng = np.random.default_rng(3)
    for _ in range(700):
        model = onnx.ModelProto()
        model.CopyFrom(original)
        for _ in range(int(rng.integers(1, 4))):
            mutate(model, rng)
        survives(model.SerializeToString())


def refuse(model: QdqModel | onnx.ModelProto, *words: str) -> str:
    data = model.SerializeToString() if isinstance(model, onnx.ModelProto) else model.build()
    with pytest.raises(UnsupportedModel) as caught:
        import_onnx(data, "net.onnx")
    text = str(caught.value)
    assert all(word in text for word in ("net.onnx", *words)), text
    return text


def test_float_model() -> None:
    model = QdqModel()
    x = model.input("x", (1, 3, 8, 8), "float32")
    model.output(model.node("Relu", [x]), "float32")
    refuse(model, "float model", "mcupatch quantize", "quantize_static")


def test_model_of_integer_operators() -> None:
    model = QdqModel()
    x = model.input("x", (1, 3, 8, 8), "int8")
    model.output(model.node("QLinearGlobalAveragePool", [x] * 5), "int8")
    refuse(model, "QLinearGlobalAveragePool", "QuantFormat.QDQ")


@pytest.mark.parametrize(
    "shape", [(1, 3, "h", 8), (1, "c", 8, 8), (2, 3, 8, 8), (1, 0, 8, 8), (1, 1, 1, 1, 1)]
)
def test_shape_of_input(shape: tuple[Any, ...]) -> None:
    model = QdqModel()
    x = model.requantize(model.input("x", shape, "float32"), PARAMS)
    model.output(model.requantize(model.node("Relu", [x]), PARAMS), "float32")
    refuse(model, "input 'x'")


def test_open_batch_is_one() -> None:
    model = QdqModel()
    x = model.requantize(model.input("x", ("batch", 3, 8, 8), "float32"), PARAMS)
    model.output(model.requantize(model.node("Relu", [x]), PARAMS), "float32")
    graph = import_onnx(model.build(), "net.onnx")
    assert graph.tensors["x"].shape == (1, 3, 8, 8)


def test_every_unsupported_operator_is_named() -> None:
    model = QdqModel()
    x = model.requantize(model.input("x", (1, 3, 8, 8), "float32"), PARAMS)
    statistics = [model.constant(np.ones(3, np.float32)) for _ in range(4)]
    normal = model.requantize(model.node("BatchNormalization", [x, *statistics]), PARAMS)
    sine = model.requantize(model.node("Sin", [x]), PARAMS)
    weights = add_weights(model, np.random.default_rng(0), (4, 3, 3, 3), PARAMS.scale, Weights())
    fine = model.requantize(model.node("Conv", [sine, *weights]), PARAMS)
    model.output(model.requantize(normal, PARAMS), "float32")
    model.output(fine, "float32")
    text = refuse(model, "BatchNormalization 'batchnormalization_", "Sin 'sin_", "fold it")
    assert "Conv" not in text  # it only reads what is not supported


def test_nothing_is_asked_of_dead_nodes() -> None:
    model = QdqModel()
    x = model.requantize(model.input("x", (1, 3, 8, 8), "float32"), PARAMS)
    model.node("Sin", [x])
    model.output(model.requantize(model.node("Relu", [x]), PARAMS), "float32")
    assert [op.kind for op in import_onnx(model.build(), "net.onnx").ops] == ["quantize", "lut", "dequantize"]


def test_operator_that_is_not_quantised() -> None:
    model = QdqModel()
    x = model.requantize(model.input("x", (1, 3, 8, 8), "float32"), PARAMS)
    weights = add_weights(model, np.random.default_rng(0), (4, 3, 3, 3), PARAMS.scale, Weights())
    value = model.node("Conv", [x, *weights])
    model.output(model.node("Softmax", [value]), "float32")
    refuse(model, "Softmax", "not quantised")


def test_sixteen_bit_activations() -> None:
    model = QdqModel()
    wide = Params(np.float32(0.1), np.int16(0))
    x = model.requantize(model.input("x", (1, 3, 8, 8), "float32"), wide)
    model.output(model.requantize(model.node("Relu", [x]), wide), "float32")
    refuse(model, "int16")


def test_weights_in_another_file() -> None:
    model = sample_model()
    tensor = model.graph.initializer[0]
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.append(onnx.StringStringEntryProto(key="location", value="weights.bin"))
    refuse(model, "another file")


def test_names_with_quotes_and_newlines() -> None:
    """Names are the model's own business; the graph keeps them apart."""
    model = QdqModel()
    x = model.requantize(model.input('x"\n\\int', (1, 3, 8, 8), "float32"), PARAMS)
    model.output(model.requantize(model.node("Relu", [x]), PARAMS), "float32")
    for node in model.nodes:
        node.name = 'for"\n'
    graph = import_onnx(model.build(), "net.onnx")
    verify_graph(graph)
    assert len({op.name for op in graph.ops}) == len(graph.ops)


def test_two_outputs_and_two_inputs() -> None:
    model = QdqModel()
    a = model.requantize(model.input("a", (1, 3, 4, 4), "float32"), PARAMS)
    b = model.activation("b", (1, 3, 4, 4), PARAMS)
    total = model.requantize(model.node("Add", [a, b]), PARAMS)
    model.output(total, "float32")
    model.output(model.quantize(model.node("Relu", [total]), PARAMS), "int8")
    graph = import_onnx(model.build(), "net.onnx")
    verify_graph(graph)
    assert [graph.tensors[n].dtype for n in graph.inputs] == ["float32", "int8"]
    assert [graph.tensors[n].dtype for n in graph.outputs] == ["float32", "int8"]


def test_input_that_is_an_output() -> None:
    model = QdqModel()
    x = model.input("x", (1, 3, 4, 4), "float32")
    model.output(model.requantize(model.requantize(x, PARAMS), PARAMS), "float32")
    model.outputs.append(helper.make_tensor_value_info("x", TensorProto.FLOAT, None))
    refuse(model, "output 'x'")
